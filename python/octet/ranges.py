"""What calibration finds: the range of every value of a model."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _driver, errors
from ._files import temporary_file, temporary_folder, write_files
from ._histograms import bin_edges, least_error_range, percentile_range
from ._html import coarse, histogram, table
from ._samples import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What is in a ranges.json at most.
_BINS, _MOST = 1 << 20, (1 << 63) - 1
# The largest float as it is written, in nine digits: beyond itself.
_FLT_MAX = 3.40282347e38
# Inches of one histogram in a plot, and how many are side by side.
_SIZE, _COLUMNS = (3.2, 2.0), 4
_BARS = 100


@dataclasses.dataclass(frozen=True, eq=False)
class ValueRange:
    """What was seen of one value.

    Attributes
    ----------
    name : str
    min, max : float
        The smallest and the largest finite number.
    not_finite : int
        How often it was NaN or infinite.
    counts : numpy.ndarray of uint64
        How many numbers are in each bin.
    edges : numpy.ndarray of float64
        Between bins; one more than `counts`.
    low, high : float
        The range that the method asks for, before the compiler joins ranges of values
        that share one and cuts off where functions saturate.
    rounded : bool
        Whether the value is to be rounded to 8 bits.
    """

    name: str
    min: float
    max: float
    not_finite: int
    counts: Array
    edges: Array
    low: float
    high: float
    rounded: bool

    def __repr__(self) -> str:
        kept = "" if self.rounded else ", stays in f32"
        return f"ValueRange({self.name!r}, {self.low:.6g} to {self.high:.6g}{kept})"


class Ranges(Mapping[str, ValueRange]):
    """The ranges of a model's values, by their names: what `calibrate` finds.

    Parameters
    ----------
    text : str
        Of a ``ranges.json``: docs/Programs.md.
    name : str
        What error messages call it.

    Attributes
    ----------
    samples : int
        How many were run.
    method : {"minmax", "percentile", "mse"}
        How ranges come from histograms.
    percentile : float or None
        The share of values inside, in percent, of the method "percentile".
    unrounded : tuple of str
        Values that stay in f32 for the outputs' sake.
    sqnr_db : dict of str to float
        What is left of each output when values are rounded, in dB above the error.
    model_hash : str
        Of the graph that was calibrated.

    Raises
    ------
    BadData
        The text is no ``ranges.json``.

    Examples
    --------
    >>> ranges = octet.calibrate("examples/digits/digits.onnx",
    ...                          np.random.rand(20, 1, 8, 8))
    >>> ranges.samples
    20
    >>> ranges["stem_relu"].min
    0.0
    """

    def __init__(self, text: str, *, name: str = "ranges") -> None:
        self._text = text
        fields = _parse(text, name)
        self.samples = int(fields.get("samples", 0))
        self.model_hash = str(fields["model_hash"])
        self.unrounded = tuple(fields.get("unrounded", ()))
        self.sqnr_db: dict[str, float] = dict(fields.get("sqnr_db", {}))
        share = float(fields.get("percentile", 100.0))
        self.percentile = share if share < 100 else None
        self.method = ("mse" if fields.get("method") == "mse" else
                       "percentile" if self.percentile else "minmax")
        self._tensors: dict[str, dict[str, Any]] = fields["tensors"]
        # Those that were asked for.
        self._values: dict[str, ValueRange] = {}

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Ranges:
        """Reads a ``ranges.json``.

        Raises
        ------
        MissingFile
            There is no such file.
        BadData
            It is something else.
        """
        name = os.fspath(path)
        try:
            text = Path(path).read_bytes().decode()
        except FileNotFoundError:
            raise errors.MissingFile(f"{name}: no such file", file=name) from None
        except (OSError, ValueError) as error:
            raise errors.BadData(f"{name}: cannot be read: {error}; give a file that "
                                 "octet calibrate wrote", file=name) from None
        return cls(text, name=name)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a ``ranges.json``, whole or not at all.

        Raises
        ------
        CannotWrite
            The disk is full, or the folder cannot be written to.
        """
        write_files({Path(path): (self._text.encode(), 0o666)})

    def to_json(self) -> str:
        """The text of ``ranges.json``, as it was read or found."""
        return self._text

    def merge(self, *others: Ranges) -> Ranges:
        """The ranges of these samples and those of `others` together.

        Parameters
        ----------
        *others : Ranges
            Of the same model.

        Returns
        -------
        Ranges
            With the histograms of one calibration on all the samples, in whatever
            order; by the method of most of them, and with what any leaves unrounded.

        Raises
        ------
        Error
            They are of different models.
        """
        for part in others:
            if not isinstance(part, Ranges):
                raise errors.RefusedOptions(
                    f"ranges cannot be merged with {type(part).__name__}; give what "
                    "octet.calibrate returns")
        with contextlib.ExitStack() as stack:
            paths = [stack.enter_context(temporary_file(
                         part.to_json().encode(), "part.json", f"part{i}"))
                     for i, part in enumerate((self, *others))]
            merged = stack.enter_context(temporary_folder()) / "ranges.json"
            _driver.run(["calibrate", "--merge", *paths, "-o", merged])
            return Ranges(merged.read_text())

    def __getitem__(self, name: str) -> ValueRange:
        if name not in self._values:
            self._values[name] = self._value(name, self._tensors[name])
        return self._values[name]

    def _value(self, name: str, t: Mapping[str, Any]) -> ValueRange:
        counts = np.array(t["counts"], np.uint64)
        edges = bin_edges(t["first_bin"], len(counts), t["exponent"])
        bounds = (float(np.float32(t["min"])), float(np.float32(t["max"])))
        low, high = percentile_range(counts, edges, bounds, self.percentile or 100.0)
        if self.method == "mse":
            low, high = least_error_range(counts, edges, (low, high))
        return ValueRange(name, *bounds, t["not_finite"], counts, edges, low, high,
                          name not in self.unrounded and t["not_finite"] == 0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> tuple[Any, ...]:
        return Ranges, (self._text,)

    def __repr__(self) -> str:
        how = (f"{self.percentile:g} % of values" if self.method == "percentile"
               else self.method)
        kept = f", {len(self.unrounded)} in f32" if self.unrounded else ""
        worst = (f", outputs {min(self.sqnr_db.values())} dB above their error"
                 if self.sqnr_db else "")
        return f"Ranges({len(self)} values{kept}, {self.samples} samples, {how}{worst})"

    def _repr_html_(self) -> str:
        rows = [(v.name, f"{v.min:.4g}", f"{v.max:.4g}",
                 f"{v.low:.4g} to {v.high:.4g}" if v.rounded else "stays in f32",
                 histogram(v.counts, v.edges, v.low, v.high)) for v in self.values()]
        return f"<p>{repr(self)[len('Ranges('):-1]}</p>" + table(
            rows, ("value", "min", "max", "range", "histogram, red beyond the range"),
            height=480)

    def plot(self, names: str | Sequence[str] | None = None) -> Figure:
        """Draws histograms, with the ranges that the method asks for.

        Parameters
        ----------
        names : str or sequence of str, optional
            The values to draw; without them all.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        RefusedOptions
            There is no such value.
        Error
            Matplotlib is not installed.
        """
        chosen = [names] if isinstance(names, str) else self if names is None else names
        for name in chosen:
            if name not in self:
                raise errors.RefusedOptions(
                    f"there is no value '{name}' among the ranges; their names are "
                    "list(ranges)", value=str(name))
        values = [self[name] for name in chosen]
        figure = new_figure()
        columns = max(1, min(_COLUMNS, len(values)))
        rows = max(1, math.ceil(len(values) / columns))
        figure.set_size_inches(_SIZE[0] * columns, _SIZE[1] * rows)
        for i, value in enumerate(values):
            axes = figure.add_subplot(rows, columns, i + 1)
            axes.stairs(*coarse(value.counts, value.edges, _BARS), fill=True)
            # Without values there is no scale.
            if value.counts.any():
                axes.set_yscale("log")
                axes.set_ylim(bottom=0.5)
            if value.rounded:
                axes.axvline(value.low, color="tab:red")
                axes.axvline(value.high, color="tab:red")
            axes.set_title(value.name if value.rounded else f"{value.name} (f32)",
                           fontsize="small")
            axes.tick_params(labelsize="x-small")
            if i % columns == 0:
                axes.set_ylabel("count", fontsize="x-small")
        return figure


def new_figure() -> Figure:
    """An empty figure; in a notebook it is shown once, as a cell's result."""
    try:
        import matplotlib.pyplot as pyplot
    except ImportError:
        raise errors.Error("Matplotlib draws plots and is not installed; pip install "
                           "matplotlib") from None
    figure = pyplot.figure(layout="constrained")
    if "inline" in pyplot.get_backend():
        # Else the notebook shows what is open below the cell's result.
        pyplot.close(figure)
    return figure


def _parse(text: str, name: str) -> dict[str, Any]:
    """The fields of a ``ranges.json``, in which is what `Ranges` reads."""
    def refuse(what: str) -> errors.BadData:
        return errors.BadData(f"{name}: the ranges are malformed: {what}; give a file "
                              "that octet calibrate wrote", file=name)
    try:
        fields = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise refuse(str(error)) from None
    if not isinstance(fields, dict) or fields.get("version") not in (1, 2):
        raise refuse("version 1 or 2 is expected")
    tensors = fields.get("tensors")
    if not isinstance(fields.get("model_hash"), str) or not isinstance(tensors, dict):
        raise refuse("model_hash or tensors is missing")
    for field, fits in _OTHERS.items():
        if field in fields and not fits(fields[field]):
            raise refuse(f"{field} is out of range")
    for value, t in tensors.items():
        if not isinstance(t, dict) or not _is_histogram(t):
            raise refuse(f"a field of '{value}' is missing or out of range")
    return fields


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def _is_whole(x: Any, least: int, most: int) -> bool:
    return isinstance(x, int) and not isinstance(x, bool) and least <= x <= most


_OTHERS: dict[str, Callable[[Any], bool]] = {
    "samples": lambda x: _is_whole(x, 0, _MOST),
    "percentile": lambda x: _is_number(x) and 50 < x <= 100,
    "method": lambda x: x == "mse",
    "unrounded": lambda x: isinstance(x, list) and all(isinstance(n, str) for n in x),
    "sqnr_db": lambda x: isinstance(x, dict) and all(map(_is_number, x.values())),
}


def _is_histogram(t: Mapping[str, Any]) -> bool:
    """Whether the fields of a value are those that the compiler takes."""
    low, high, counts = t.get("min"), t.get("max"), t.get("counts")
    return (isinstance(low, (int, float)) and isinstance(high, (int, float)) and
            -_FLT_MAX <= low <= high <= _FLT_MAX and
            _is_whole(t.get("not_finite"), 0, _MOST) and
            _is_whole(t.get("exponent"), -256, 256) and
            _is_whole(t.get("first_bin"), -_BINS, _BINS) and
            isinstance(counts, list) and len(counts) <= _BINS and
            all(_is_whole(c, 0, _MOST) for c in counts))
