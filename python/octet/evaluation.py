"""How accurate a model or program is."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from . import errors
from ._html import table
from ._programs import Runner, as_program, runner
from ._progress import bar
from ._samples import Array, text
from .data import Batch, Batches
from .model import as_model

if TYPE_CHECKING:
    import distributed

    from .model import ModelLike
    from .program import Program
    from .runtime import Library

Result = TypeVar("Result")

BATCH = 64
"""Samples that a program is given at a time."""

# Of the standard normal distribution: 95 % are within as many deviations.
_NORMAL_95 = 1.959963984540054
_TOP = 5


@dataclasses.dataclass(frozen=True, repr=False)
class Accuracy:
    """How often a classifier is right.

    Attributes
    ----------
    top1, top5 : float
        In percent; `top5` is None where there are no more than 5 classes.
    n : int
        Rows that were judged.
    margin : float
        Half the width of the 95 % interval of `top1`, in percent, by Wilson's score:
        ``z / (1 + z² / n) · sqrt(p (1 - p) / n + z² / 4n²)`` with z = 1.96 (E. B.
        Wilson, Probable inference, the law of succession, and statistical inference,
        J. Amer. Statist. Assoc. 22, 1927).
    """

    top1: float
    top5: float | None
    n: int
    margin: float

    def __repr__(self) -> str:
        top5 = "" if self.top5 is None else f"top5={self.top5:.1f}, "
        return f"Accuracy(top1={self.top1:.1f}, {top5}n={self.n}, ±{self.margin:.2f})"

    def _repr_html_(self) -> str:
        top5 = "" if self.top5 is None else f"{self.top5:.1f} %"
        return table([(f"{self.top1:.1f} % ± {self.margin:.2f}", top5, self.n)],
                     ("top-1", "top-5", "samples"))


@dataclasses.dataclass(frozen=True)
class Hits:
    """Right answers of some rows; the sum is the same in any order."""

    top1: int
    top5: int
    rows: int
    classes: int

    def __add__(self, other: Hits) -> Hits:
        return Hits(self.top1 + other.top1, self.top5 + other.top5,
                    self.rows + other.rows, max(self.classes, other.classes))

    def accuracy(self) -> Accuracy:
        """The shares."""
        top5 = 100 * self.top5 / self.rows if self.classes > _TOP else None
        return Accuracy(100 * self.top1 / self.rows, top5, self.rows,
                        100 * wilson_margin(self.top1, self.rows))


def wilson_margin(hits: int, n: int) -> float:
    """Half the width of Wilson's 95 % interval of the share `hits` / `n`."""
    p, z2 = hits / n, _NORMAL_95 ** 2
    return _NORMAL_95 / (1 + z2 / n) * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))


@overload
def evaluate(program: Program | Library | ModelLike, data: Any, *, metric: None = None,
             batch: int = BATCH, limit: int | None = None, threads: int = 1,
             cluster: distributed.Client | None = None,
             progress: bool | None = None) -> Accuracy: ...


@overload
def evaluate(program: Program | Library | ModelLike, data: Any, *,
             metric: Callable[[Any, Any], Result], batch: int = BATCH,
             limit: int | None = None, threads: int = 1,
             cluster: distributed.Client | None = None,
             progress: bool | None = None) -> Result: ...


def evaluate(program: Any, data: Any, *,
             metric: Callable[[Any, Any], Any] | None = None, batch: int = BATCH,
             limit: int | None = None, threads: int = 1,
             cluster: distributed.Client | None = None,
             progress: bool | None = None) -> Any:
    """Counts how often a classifier is right, or computes another metric.

    Parameters
    ----------
    program : Program or Model
        A model, also given by its path or bytes, is compiled to FP32 first.
    data : DataLoader, array, tuple, dict, Dataset, path of an .npz file, or an iterable
        With labels: `octet.data`. A label is a class, counted from 0 in what the first
        output has for a row.
    metric : callable, optional
        ``metric(outputs, labels)``, whose result is returned in place of `Accuracy`.
        It is called once, with the outputs of all samples, a dict of arrays where there
        are several, and all labels, None without any.
    batch : int
        Samples that the program is given at a time. The result does not depend on it.
    limit : int, optional
        Samples to take at most.
    threads : int
        Threads that run the program, on each worker of a cluster. The result does not
        depend on it.
    cluster : distributed.Client, optional
        Runs on the workers of a Dask cluster, which have Octet installed and CPUs that
        the program has code for. A batch whose worker is lost runs again. The result is
        the same.
    progress : bool, optional
        Whether to show a bar; without it, in a terminal or notebook.

    Returns
    -------
    Accuracy
        Or what `metric` returns. Of equal scores the first is ahead; a row with NaN is
        never right.

    Raises
    ------
    BadData
        Data are empty, endless, of other shapes or types, or have no labels.

    Examples
    --------
    >>> model = octet.Model("examples/digits/digits.onnx")
    >>> x, y = np.zeros((8, 1, 8, 8), np.float32), np.zeros(8, np.int64)
    >>> octet.evaluate(model, (x, y)).n
    8
    """
    if metric is not None and not callable(metric):
        raise errors.RefusedOptions(f"metric cannot be {metric!r}; give a function of "
                                    "outputs and labels")
    run = runner(threads)
    function = _count_hits if metric is None else _find_outputs
    model = program if hasattr(program, "run") else as_model(program)
    batches = Batches(data, model, limit=limit, most=batch)
    ready = as_program(model, progress)
    labels: list[Any] = []

    def given() -> Iterator[Batch]:
        for one in batches:
            if metric is None:
                _check_labels(one)
            else:
                labels.append(one.labels)
            yield one

    results: list[Any] = []
    done = 0
    with bar(progress) as show:
        for count, result in _call(functools.partial(function, run), ready, given(),
                                   cluster):
            results.append(result)
            done += count
            if show is not None:
                show("evaluating", done, batches.samples or 0)
    if metric is None:
        return sum(results[1:], results[0]).accuracy()
    outputs = {name: _join(name, [r[name] for r in results], batches.form, ready)
               for name in results[0]}
    return metric(outputs if len(outputs) > 1 else next(iter(outputs.values())),
                  _join_labels(labels))


def _call(function: Callable[[Any, Batch], Any], program: Any, batches: Iterator[Batch],
          cluster: distributed.Client | None) -> Iterator[Any]:
    """The results of ``function(program, batch)``, in order."""
    if cluster is None:
        return (function(program, batch) for batch in batches)
    from .cluster import spread

    return spread(cluster, function, program, ((batch,) for batch in batches))


def _count_hits(run: Runner, program: Any, batch: Batch) -> tuple[int, Hits]:
    """How many samples there are, and what is right of them."""
    name, output = next(iter(run(program, batch.inputs).items()))
    rows = batch.samples.rows(output, program.outputs[0])
    scores = np.reshape(output, (rows, -1))
    labels = _classes(batch, rows, scores.shape[1], name)
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    # Of equal scores the first is ahead.
    places = np.arange(scores.shape[1])
    before = places < labels[:, None]
    ahead = ((scores > own) | ((scores == own) & before)).sum(axis=1)
    if scores.dtype.kind == "f":
        ahead[np.isnan(scores).any(axis=1)] = scores.shape[1]
    return batch.samples.count, Hits(int((ahead < 1).sum()), int((ahead < _TOP).sum()),
                                     rows, scores.shape[1])


def _check_labels(batch: Batch) -> None:
    if batch.labels is None:
        raise errors.BadData(
            f"{batch.where}: has no labels; give (inputs, labels), or a dict or file "
            "with an array 'labels', or use octet.compare, which needs none",
            file=batch.where)
    if not isinstance(batch.labels, np.ndarray):
        raise errors.BadData(
            f"{batch.where}: the labels are of type {type(batch.labels).__name__}; "
            "give an integer for each sample, or metric=", file=batch.where)


def _classes(batch: Batch, rows: int, classes: int, output: str) -> Array:
    """The labels, one for each row, as what they are compared to."""
    labels = np.ravel(batch.labels)
    if len(labels) != rows:
        raise errors.BadData(
            f"{batch.where}: array 'labels' has shape {text(batch.labels.shape)}; it "
            f"must have shape [{rows}]: one class for each sample of output '{output}'",
            file=batch.where, value="labels")
    right = (labels >= 0) & (labels < classes) & (labels == np.trunc(labels))
    if not right.all():
        at = int(np.argmin(right))
        raise errors.BadData(
            f"{batch.where}: entry {at} of array 'labels' is {labels[at]}, but output "
            f"'{output}' has the classes 0 to {classes - 1}", file=batch.where,
            value="labels")
    return labels.astype(np.int64)


def _find_outputs(run: Runner, program: Any,
                  batch: Batch) -> tuple[int, dict[str, Array]]:
    """How many samples there are, and the outputs."""
    return batch.samples.count, dict(run(program, batch.inputs))


def _join(name: str, parts: list[Array], form: str, program: Any) -> Array:
    """An output of all samples."""
    if form == "own":
        return np.stack(parts) if len(parts) > 1 else parts[0]
    tensor = next(t for t in program.outputs if t.name == name)
    if form == "batch" and not tensor.symbolic_batch:
        return parts[0]
    return np.concatenate(parts)


def _join_labels(labels: list[Any]) -> Any:
    if any(part is None for part in labels):
        return None
    if all(isinstance(part, np.ndarray) for part in labels):
        return np.concatenate([np.atleast_1d(part) for part in labels])
    return [one for part in labels for one in part]
