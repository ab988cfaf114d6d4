"""Data of any kind, as batches for a model.

What calibration and evaluation take as `data`:

========================================  ============================================
a PyTorch DataLoader                      batches
an array or tensor, a dict of arrays by   all samples
input name, a tuple ``(x, y)`` or
``(input, input, ...)``, the path of an
``.npz`` file
a Dataset: ``len(data)``, ``data[i]``     single samples, which are stacked
any other iterable of these, a generator  batches, or single samples ``(x, label)``
========================================  ============================================

Arrays and tensors are of any library. A batch has the arrays in the order of the
model's inputs, or in a dict by their names; for a model with one input, the one array
of a dict is meant, whatever it is called. Beside them may be labels: in a tuple behind
the inputs, in a dict or file as ``labels``, ``label``, ``targets``, ``target`` or
``y``. A list of arrays of one type and rank is an iterable of batches, any other one a
tuple. What has no length may give `MOST` samples at most, if `limit` does not bound it:
a generator may be endless.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from . import _driver, errors
from ._arguments import whole_number
from ._files import temporary_folder
from ._samples import Array, Layout, Samples, bad, text, to_array
from ._sources import LABELS, Entry, is_array, is_file, is_labels, open_source
from .compiler import merged_options
from .model import Model, Options

MOST = 1 << 20
"""Samples that an iterable without a length may give."""


@dataclasses.dataclass(frozen=True)
class Batch:
    """Some samples of the data.

    Attributes
    ----------
    samples : Samples
    labels : Any
        An array where they can be one, else as they were given; None without any.
    first : int
        The number of the first sample in the data.
    source : str
        What error messages call the data.
    """

    samples: Samples
    labels: Any
    first: int
    source: str

    @property
    def where(self) -> str:
        """What error messages call it."""
        return self.samples.where

    @property
    def inputs(self) -> dict[str, Array]:
        """Arrays by the inputs' names, of the inputs' types."""
        return self.samples.arrays

    def take(self, low: int, high: int) -> Batch:
        """The samples from `low` up to `high`, counted here, with their labels."""
        labels, count = self.labels, self.samples.count
        if (low, high) == (0, count):
            return self
        where = (f"samples {self.first + low} to {self.first + high - 1} of "
                 f"{self.source}")
        if hasattr(labels, "__len__") and len(labels) % count == 0:
            rows = len(labels) // count
            labels = labels[low * rows:high * rows]
        return Batch(self.samples.take(low, high, where), labels, self.first + low,
                     self.source)


class Batches:
    """The batches of `data` for `model`, to be iterated over once.

    Parameters
    ----------
    data : Any
        See the module.
    model : Model or Program
        Or anything with `inputs` and `outputs`. A `Model` is shown the first batch
        before it is asked for its inputs.
    options : Options, optional
        Go before the model's own.
    limit : int, optional
        Samples to take at most.
    most : int, optional
        Samples in a batch at most: larger ones come in parts.
    nbytes : int, optional
        Bytes of inputs in a batch at most, if one sample has no more; in place of
        `most`.

    Attributes
    ----------
    name : str
        What error messages call the data.
    most : int or None
        Samples in a batch at most.
    options : Options
        Those of a `Model`, with what was given.
    form : str
        How arrays hold samples: `Samples`.
    samples : int or None
        How many samples there will be, where that is known ahead.

    Raises
    ------
    BadData
        There is no batch, or one does not fit the model.
    RefusedOptions
        A number that is none of samples.

    Examples
    --------
    >>> x = np.zeros((10, 1, 8, 8), np.uint8)
    >>> model = octet.Model("examples/digits/digits.onnx")
    >>> for batch in Batches(x, model, most=4):
    ...     print(batch.inputs["image"].shape, batch.inputs["image"].dtype)
    (4, 1, 8, 8) float32
    (4, 1, 8, 8) float32
    (2, 1, 8, 8) float32
    """

    def __init__(self, data: Any, model: Any, *, options: Options | None = None,
                 limit: int | None = None, most: int | None = None,
                 nbytes: int | None = None) -> None:
        limit = None if limit is None else whole_number("limit", limit)
        most = None if most is None else whole_number("batch", most)
        self._source = open_source(data)
        self.name, self._limit, self.most = self._source.name, limit, most
        first = next(self._source.entries, None)
        if first is None:
            raise errors.BadData(f"{self.name}: there is no sample in it; give at "
                                 "least one", file=self.name)
        if isinstance(model, Model) and type(model).prepare is not Model.prepare:
            model.prepare(_example(first, model))
        given = options or Options()
        # Behind `prepare`: the first batch may decide them.
        self.options = given if not isinstance(model, Model) else merged_options(
            model, given.shapes, given.dims, given.outputs)
        self._layout = _layout(model, self.options)
        if nbytes is not None:
            self.most = max(1, nbytes // max(1, self._layout.sample_bytes))
        self._first = self._fit(first, 0)
        self.form = self._first.samples.form
        self.samples = self._count()

    def _count(self) -> int | None:
        source, first = self._source, self._first.samples.count
        samples = first if source.whole else source.samples
        if samples is not None and not source.whole and source.batch is not None and (
                first != min(source.batch, samples)):
            return None
        return min(samples, self._limit or samples) if samples is not None else None

    def __iter__(self) -> Iterator[Batch]:
        done = 0
        for batch in self._all():
            count = batch.samples.count
            if self._limit:
                count = min(count, self._limit - done)
            elif not self._source.has_end and done + count > MOST:
                raise errors.BadData(
                    f"{self.name}: has no length and gave more than {MOST} samples; "
                    "give limit=, how many to take", file=self.name)
            step = self.most or count
            for low in range(0, count, step):
                part = batch.take(low, min(low + step, count))
                _ = part.inputs  # What cannot be converted is refused here.
                yield part
            done += count
            if done == self._limit:
                break
        if self.samples is not None and done != self.samples:
            raise errors.BadData(
                f"{self.name}: promised {self.samples} samples by its length and gave "
                f"{done}; give limit={done}", file=self.name)

    def _all(self) -> Iterator[Batch]:
        yield self._first
        done = self._first.samples.count
        for entry in self._source.entries:
            batch = self._fit(entry, done)
            self._compare(batch)
            yield batch
            done += batch.samples.count

    def _fit(self, entry: Entry, first: int) -> Batch:
        where, raw = entry
        arrays, labels, alternative = self._split(where, raw)
        try:
            samples = self._layout.fit(arrays, where)
        except errors.BadData:
            if alternative is None or not self._fits(alternative, where):
                raise
            raise _labels_first(where) from None
        return Batch(samples, _numeric(labels), first, self.name)

    def _fits(self, arrays: Sequence[Any], where: str) -> bool:
        """Whether `arrays` would do as the inputs."""
        try:
            self._layout.fit(dict(zip(self._layout.inputs, arrays, strict=True)), where)
        except errors.BadData:
            return False
        return True

    def _split(self, where: str, raw: Any
               ) -> tuple[Mapping[str, Any], Any, Sequence[Any] | None]:
        """Inputs and labels of a batch; and what the inputs are if labels are first."""
        names = list(self._layout.inputs)
        if isinstance(raw, Mapping):
            key = next((k for k in LABELS if k in raw and k not in names), None)
            if len(names) == 1 and names[0] not in raw and not is_file(raw):
                found = _inputs(raw)
                raw = {**raw, names[0]: found.popitem()[1]} if len(found) == 1 else raw
            for name in names:
                if name not in raw:
                    those = ", ".join(f"'{k}'" for k in raw) or "none"
                    raise errors.BadData(
                        f"{where}: has no array '{name}', the model's input; its "
                        f"arrays are {those}", file=where, value=name)
            return ({name: raw[name] for name in names},
                    None if key is None else raw[key], None)
        given = list(raw) if isinstance(raw, (tuple, list)) else [raw]
        if len(given) in (1, 2) and _is_nested(given[0]):
            arrays, labels, _ = self._split(where, given[0])
            return arrays, given[1] if len(given) == 2 else labels, None
        if len(given) == len(names):
            return dict(zip(names, given, strict=True)), None, None
        if len(given) == len(names) + 1:
            return dict(zip(names, given[:-1], strict=True)), given[-1], given[1:]
        those = ", ".join(f"'{name}'" for name in names)
        raise errors.BadData(f"{where}: has {len(given)} arrays; give the model's "
                             f"inputs, {those}, and labels behind them", file=where)

    def _compare(self, batch: Batch) -> None:
        """Refuses what changes from the first batch on."""
        for name, first in self._first.samples.given.items():
            other = batch.samples.given[name]
            shared = self._first.samples.is_shared(name)
            if self._first.samples.form != batch.samples.form or (
                    first.shape[1:] != other.shape[1:]):
                raise bad(batch.where, name,
                          f"has shape {text(other.shape)}, but shape "
                          f"{text(first.shape)} in {self._first.where}; give all "
                          "batches the same shape but for the number of samples")
            if shared and not np.array_equal(first, other):
                raise bad(batch.where, name,
                          f"is one for all samples and differs from that in "
                          f"{self._first.where}; give the same with every batch")


def _labels_first(where: str) -> errors.BadData:
    return errors.BadData(f"{where}: the labels come before the inputs; give the "
                          "inputs first", file=where)


def _is_nested(x: Any) -> bool:
    return isinstance(x, Mapping) or (isinstance(x, (tuple, list)) and len(x) > 0
                                      and all(is_array(part) for part in x))


def _numeric(raw: Any) -> Any:
    """An array of numbers, or what was given."""
    try:
        array = to_array(raw)
    except (TypeError, ValueError):
        return raw
    return array if array.dtype.kind in "fiub" else raw


def _inputs(raw: Mapping[str, Any]) -> dict[str, Array]:
    """What is of numbers in a batch, but for labels."""
    arrays = {k: _numeric(raw[k]) for k in raw if k not in LABELS}
    return {k: a for k, a in arrays.items() if isinstance(a, np.ndarray)}


def _example(entry: Entry, model: Model) -> list[Array] | dict[str, Array]:
    """The inputs of a batch, for a model whose inputs are not known yet.

    The last array of a tuple is taken for labels if the model has no place for it, or
    has an integer for each sample where the model can do without it.
    """
    where, raw = entry
    if isinstance(raw, Mapping):
        return _inputs(raw)
    given = list(raw) if isinstance(raw, (tuple, list)) else [raw]
    if len(given) in (1, 2) and _is_nested(given[0]):
        return _example((where, given[0]), model)
    if len(given) > 1:
        takes_all = model.takes(len(given))
        if (len(given) == 2 and not takes_all and is_labels(given[0], given[1])
                and np.ndim(given[1]) > 1 and not is_labels(given[1], given[0])):
            raise _labels_first(where)
        if model.takes(len(given) - 1) and (
                not takes_all or is_labels(given[-1], given[0])):
            given.pop()
    try:
        return [to_array(x) for x in given]
    except (TypeError, ValueError) as error:
        raise errors.BadData(f"{where}: is not of arrays: {error}; give arrays of "
                             "numbers", file=where) from None


def _layout(model: Any, options: Options) -> Layout:
    """What the inputs of `model` are; a model that is refused is refused here."""
    if not isinstance(model, Model):
        return Layout(model.inputs, model.outputs)
    variant = model if options == model.options else model.with_options(options)
    if variant.inspect().get("blocked_by"):
        with variant.file() as path, temporary_folder() as folder:
            _driver.run(["import", path, *variant.options.flags(), "-o",
                         folder / "graph.mlir"])
    return Layout(variant.inputs, variant.outputs)
