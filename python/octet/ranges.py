"""What calibration finds: the range of every value of a model."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _driver, errors
from ._files import write_files
from ._histograms import bin_edges, least_error_range, percentile_range
from ._html import coarse, histogram, table
from ._samples import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FIELDS = ("min", "max", "not_finite", "exponent", "first_bin", "counts")
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
            return cls(Path(path).read_bytes().decode(), name=name)
        except FileNotFoundError:
            raise errors.MissingFile(f"{name}: no such file", file=name) from None
        except (OSError, UnicodeDecodeError) as error:
            raise errors.BadData(f"{name}: cannot be read: {error}; give a file that "
                                 "octet calibrate wrote", file=name) from None

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
        with tempfile.TemporaryDirectory(prefix="octet-") as folder:
            paths = [Path(folder, f"part{i}.json") for i in range(1 + len(others))]
            for path, part in zip(paths, (self, *others), strict=True):
                path.write_bytes(part.to_json().encode())
            merged = Path(folder, "ranges.json")
            try:
                _driver.run(["calibrate", "--merge", *paths, "-o", merged])
            except errors.Error as error:
                # Nobody has seen the files.
                raise type(error)(str(error).replace(f"{folder}/", "")) from None
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
            rows, ("value", "min", "max", "range", "histogram"), height=480)

    def plot(self, names: Sequence[str] | None = None) -> Figure:
        """Draws histograms, with the ranges that the method asks for.

        Parameters
        ----------
        names : sequence of str, optional
            The values to draw; without them all.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        Error
            Matplotlib is not installed.
        """
        values = [self[name] for name in (self if names is None else names)]
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
    except (ValueError, RecursionError) as error:
        raise refuse(str(error)) from None
    if not isinstance(fields, dict) or fields.get("version") not in (1, 2):
        raise refuse("version 1 or 2 is expected")
    tensors = fields.get("tensors")
    if not isinstance(fields.get("model_hash"), str) or not isinstance(tensors, dict):
        raise refuse("model_hash or tensors is missing")
    for value, t in tensors.items():
        numbers = isinstance(t, dict) and all(
            isinstance(t.get(f), (int, float)) for f in _FIELDS[:-1])
        if not numbers or not isinstance(t.get("counts"), list) or not all(
                isinstance(c, int) and c >= 0 for c in t["counts"]):
            raise refuse(f"a field of '{value}' is missing or out of range")
    return fields
