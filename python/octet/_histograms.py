"""Ranges of histograms, as the compiler takes them: lib/Quantization/Calibration."""

from __future__ import annotations

import numpy as np

from ._samples import Array

Bounds = tuple[float, float]
_STEPS = 255
_ROUNDS, _PARTS = 3, 64


def bin_edges(first: int, count: int, exponent: int) -> Array:
    """The `count` + 1 edges of bins that are 2 to the `exponent` wide."""
    return np.ldexp(np.arange(first, first + count + 1, dtype=np.float64), exponent)


def percentile_range(counts: Array, edges: Array, bounds: Bounds,
                     percentile: float) -> Bounds:
    """The bounds that `percentile` % of the values are between.

    On each side are half of the others; as far as bins tell.
    """
    total = int(counts.sum())
    outside = total * (100.0 - percentile) / 200.0
    if total == 0 or outside < 1.0:
        return bounds
    # The first bins with which more than these are seen.
    last = len(counts) - 1
    low = min(int(np.argmax(np.cumsum(counts) > outside)), last)
    high = max(last - int(np.argmax(np.cumsum(counts[::-1]) > outside)), low)
    clipped = np.clip(edges[[low, high + 1]], *bounds).astype(np.float32)
    return float(clipped[0]), float(clipped[1])


def least_error_range(counts: Array, edges: Array, bounds: Bounds) -> Bounds:
    """The bounds of the 255 steps that have the least squared error.

    A twelfth of a squared step for each value inside, the squared distance for each
    outside; values are at the ends of their bins away from zero.
    """
    low, high = (np.float32(min(bounds[0], 0.0)), np.float32(max(bounds[1], 0.0)))
    places = np.clip(np.where(edges[:-1] < 0, edges[:-1], edges[1:]), low, high)
    # Next to zero, which is exact, are most values of many tensors.
    weights = np.where(edges[:-1] == 0, 0.0, counts.astype(np.float64))
    sums = np.zeros((3, len(counts) + 1))
    for power in range(3):
        np.cumsum(weights * places ** power, out=sums[power, 1:])

    def error(a: np.float32, b: np.float32) -> float:
        below = int(np.searchsorted(places, a, "left"))
        up_to = int(np.searchsorted(places, b, "right"))

        def squares(begin: int, end: int, origin: float) -> float:
            n, first, second = sums[:, end] - sums[:, begin]
            return max(0.0, float(second - 2 * origin * first + n * origin * origin))

        step = (float(b) - float(a)) / _STEPS
        inside = float(sums[0, up_to] - sums[0, below])
        return (squares(0, below, float(a)) + squares(up_to, len(counts), float(b))
                + inside * step * step / 12)

    best, least = (low, high), error(low, high)
    for _ in range(_ROUNDS):
        for moves_high in (False, True):
            for part in range(1, _PARTS + 1):
                share = np.float32(part) / np.float32(_PARTS)
                candidate = ((best[0], high * share) if moves_high
                             else (low * share, best[1]))
                if (found := error(*candidate)) < least:
                    best, least = candidate, found
    return float(best[0]), float(best[1])
