"""Tables and small pictures for notebooks."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

import numpy as np

from ._samples import Array


class Markup(str):
    """HTML that is shown as it is."""

    __slots__ = ()


def table(rows: Iterable[Sequence[object]], header: Sequence[object] = (),
          height: int | None = None) -> Markup:
    """A table.

    Parameters
    ----------
    rows : iterable of sequence
        Texts and numbers are escaped, `Markup` is not.
    header : sequence, optional
    height : int, optional
        Pixels beyond which it scrolls.
    """
    def row(cells: Sequence[object], tag: str) -> str:
        return "".join(f"<{tag}>{c if isinstance(c, Markup) else html.escape(str(c))}"
                       f"</{tag}>" for c in cells)

    head = f"<thead><tr>{row(header, 'th')}</tr></thead>" if header else ""
    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in rows)
    whole = f"<table>{head}<tbody>{body}</tbody></table>"
    if height is not None:
        whole = f'<div style="max-height:{height}px;overflow:auto">{whole}</div>'
    return Markup(whole)


def histogram(counts: Array, edges: Array, low: float, high: float, *,
              width: int = 240, height: int = 40, bars: int = 80) -> Markup:
    """An SVG of a histogram; what lies outside of `low` to `high` is shaded.

    Parameters
    ----------
    counts : numpy.ndarray
    edges : numpy.ndarray
        One more than `counts`.
    low, high : float
        A range, in the unit of `edges`.
    width, height : int
        Pixels.
    bars : int
        Drawn at most; each is as high as the logarithm of its count.
    """
    if counts.sum() == 0:
        return Markup("")
    counts, edges = coarse(counts, edges, bars)
    start, extent = float(edges[0]), float(edges[-1] - edges[0]) or 1.0
    heights = np.log1p(counts)
    heights = heights / heights.max() * height
    step = width / len(counts)
    path = "".join(f"M{i * step:.1f},{height}v{-h:.1f}h{step:.1f}v{h:.1f}z"
                   for i, h in enumerate(heights) if h > 0)

    def place(x: float) -> float:
        return min(max((x - start) / extent, 0.0), 1.0) * width

    left, right = place(low), place(high)
    shade = 'fill="#d62728" fill-opacity="0.2"'
    return Markup(
        f'<svg width="{width}" height="{height}"><path d="{path}" fill="#1f77b4"/>'
        f'<rect x="0" width="{left:.1f}" height="{height}" {shade}/>'
        f'<rect x="{right:.1f}" width="{width - right:.1f}" height="{height}" {shade}/>'
        "</svg>")


def coarse(counts: Array, edges: Array, bars: int) -> tuple[Array, Array]:
    """A histogram of at most `bars` bins, each joined of as many."""
    each = -(-len(counts) // bars)
    starts = np.arange(0, len(counts), each)
    last = edges[-1] + (edges[-1] - edges[-2]) * (len(starts) * each - len(counts))
    return (np.add.reduceat(counts.astype(np.float64), starts),
            np.append(edges[starts], last))
