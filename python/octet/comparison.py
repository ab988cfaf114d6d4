"""How far two programs agree."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from . import errors
from ._html import table
from ._programs import as_program, runner
from ._progress import bar
from ._samples import Array, text
from .data import Batches
from .evaluation import BATCH
from .model import as_model
from .ranges import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .model import ModelLike
    from .program import Program
    from .runtime import Library

# In dB: of equal outputs, and of those that have nothing in common.
_MOST = 999.0
# Elements of an output in a plot.
_POINTS = 2000


@dataclasses.dataclass(frozen=True)
class OutputComparison:
    """How far an output of two programs agrees.

    Attributes
    ----------
    name : str
    agreement : float
        The share, in percent, of rows whose largest element is the same; of integers
        and bools that of equal elements. A row with NaN never agrees.
    sqnr_db : float
        10 · log10(Σ reference² / Σ error²): 999 for equal outputs, -999 where a value
        is not finite or only the reference is zero.
    points : numpy.ndarray of shape (2, n)
        Some elements of both, for a plot.
    """

    name: str
    agreement: float
    sqnr_db: float
    points: Array = dataclasses.field(repr=False, compare=False)


@dataclasses.dataclass(frozen=True, repr=False)
class Comparison:
    """How far the second of two programs agrees with the first.

    Attributes
    ----------
    outputs : tuple of OutputComparison
    samples : int
    """

    outputs: tuple[OutputComparison, ...]
    samples: int

    @property
    def agreement(self) -> float:
        """That of the worst output, in percent."""
        return min(o.agreement for o in self.outputs)

    @property
    def sqnr_db(self) -> float:
        """That of the worst output, in dB."""
        return min(o.sqnr_db for o in self.outputs)

    def __repr__(self) -> str:
        return (f"Comparison(agreement={self.agreement:.2f} %, sqnr={self.sqnr_db:.1f} "
                f"dB, samples={self.samples})")

    def _repr_html_(self) -> str:
        return table([(o.name, f"{o.agreement:.2f} %", f"{o.sqnr_db:.1f} dB")
                      for o in self.outputs], ("output", "agreement", "SQNR"))

    def plot(self) -> Figure:
        """Draws elements of each output, the second program's over the first's.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        Error
            Matplotlib is not installed.
        """
        figure = new_figure()
        figure.set_size_inches(4 * len(self.outputs), 4)
        for i, output in enumerate(self.outputs):
            axes = figure.add_subplot(1, len(self.outputs), i + 1)
            axes.plot(*output.points, ".", markersize=2)
            axes.axline((0, 0), slope=1, color="tab:gray", linewidth=0.5)
            axes.set_title(f"{output.name}: {output.sqnr_db:.1f} dB, "
                           f"{output.agreement:.1f} % agree", fontsize="small")
            axes.set_xlabel("first")
            axes.set_ylabel("second")
        return figure


def compare(first: Program | Library | ModelLike, second: Program | Library | ModelLike,
            data: Any, *, batch: int = BATCH, limit: int | None = None,
            threads: int = 1, progress: bool | None = None) -> Comparison:
    """Compares the outputs of two programs on data, as ``octet eval`` does.

    Parameters
    ----------
    first, second : Program or Model
        With the same inputs and outputs; the first is the reference. A model, also
        given by its path or bytes, is compiled to FP32 first.
    data : DataLoader, array, tuple, dict, Dataset, path of an .npz file, or an iterable
        `octet.data`. Labels are not needed.
    batch : int
        Samples that programs are given at a time. The result does not depend on it.
    limit : int, optional
        Samples to take at most.
    threads : int
        Threads that run the programs. The result does not depend on it.
    progress : bool, optional
        Whether to show a bar; without it, in a terminal or notebook.

    Returns
    -------
    Comparison

    Raises
    ------
    BadData
        Data are empty, endless, of other shapes or types.
    RefusedOptions
        The programs have different inputs or outputs.

    Examples
    --------
    >>> x = np.zeros((8, 1, 8, 8), np.float32)
    >>> model = octet.Model("examples/digits/digits.onnx")
    >>> octet.compare(model, model, x).sqnr_db
    999.0
    """
    run = runner(threads)
    model = first if hasattr(first, "run") else as_model(first)
    batches = Batches(data, model, limit=limit, most=batch)
    programs = as_program(model, progress), as_program(second, progress)
    names = [", ".join(f"'{t.name}'" for t in p.inputs) for p in programs]
    if sorted(t.name for t in programs[0].inputs) != sorted(
            t.name for t in programs[1].inputs):
        raise errors.RefusedOptions(f"the programs have different inputs, {names[0]} "
                                    f"and {names[1]}; compare programs of one model")
    sums: dict[str, _Sums] = {}
    done = 0
    with bar(progress) as show:
        for one in batches:
            a, b = (run(p, one.inputs) for p in programs)
            if {n: y.shape for n, y in a.items()} != {n: y.shape for n, y in b.items()}:
                raise errors.RefusedOptions(
                    f"the programs have different outputs, {_texts(a)} and "
                    f"{_texts(b)}; compare programs of one model")
            for t in programs[0].outputs:
                shared = batches.form == "batch" and not t.symbolic_batch
                if not (shared and done):
                    sums.setdefault(t.name, _Sums()).add(
                        a[t.name], b[t.name], one.samples.rows(a[t.name], t))
            done += one.samples.count
            if show is not None:
                show("comparing", done, batches.samples or 0)
    return Comparison(tuple(s.result(name) for name, s in sums.items()), done)


def _texts(outputs: dict[str, Array]) -> str:
    return ", ".join(f"'{name}' {text(y.shape)}" for name, y in outputs.items())


class _Sums:
    """What is summed up over rows, each of which is summed up alone.

    So batches make no difference, since `math.fsum` is exact.
    """

    def __init__(self) -> None:
        self.same, self.judged = 0, 0
        self.signals: list[Array] = []
        self.noises: list[Array] = []
        self.points: Array | None = None

    def add(self, a: Array, b: Array, rows: int) -> None:
        a, b = np.reshape(a, (rows, -1)), np.reshape(b, (rows, -1))
        if a.dtype.kind == "f":
            right = ~np.isnan(a).any(axis=1) & ~np.isnan(b).any(axis=1)
            right &= np.argmax(a, axis=1) == np.argmax(b, axis=1)
            self.judged += rows
        else:
            right = a == b
            self.judged += a.size
        self.same += int(right.sum())
        x, y = a.astype(np.float64), b.astype(np.float64)
        finite = np.isfinite(x) & np.isfinite(y)
        equal = (x == y) | (np.isnan(x) & np.isnan(y))
        with np.errstate(invalid="ignore"):
            noise = np.where(finite, (x - y) ** 2, np.where(equal, 0.0, np.inf))
        self.signals.append(np.where(finite, x ** 2, 0.0).sum(axis=1))
        self.noises.append(noise.sum(axis=1))
        if self.points is None:
            step = -(-x.size // _POINTS)
            self.points = np.stack([x.ravel()[::step], y.ravel()[::step]])

    def result(self, name: str) -> OutputComparison:
        signal, noise = (math.fsum(np.concatenate(s))
                         for s in (self.signals, self.noises))
        if noise == 0:
            sqnr = _MOST
        elif signal == 0 or math.isinf(noise):
            sqnr = -_MOST
        else:
            sqnr = 10 * math.log10(signal / noise)
        assert self.points is not None
        return OutputComparison(name, 100 * self.same / self.judged, sqnr, self.points)
