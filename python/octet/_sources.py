"""Where batches come from: files, arrays, datasets, loaders."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from . import errors
from ._samples import text, to_array

LABELS = ("labels", "label", "targets", "target", "y")
"""What labels are called in a dict or file; the first that is no input is meant."""

# Single samples that become one batch.
_STACKED = 64
_KINDS = ("give a DataLoader, an array, a tuple or dict of arrays, the path of an .npz "
          "file, or an iterable of these")

Entry = tuple[str, Any]
"""What error messages call a batch; and the batch: an array, a tuple, a dict."""


@dataclasses.dataclass(frozen=True)
class Source:
    """Batches, and what is known of them ahead.

    Attributes
    ----------
    name : str
        What error messages call the data.
    entries : iterator of Entry
    whole : bool
        There is one batch.
    samples, batch : int or None
        How many samples there will be if all batches but the last have `batch` of them.
    has_end : bool
        Whether there is a length.
    """

    name: str
    entries: Iterator[Entry]
    whole: bool = False
    samples: int | None = None
    batch: int | None = None
    has_end: bool = True


def open_source(data: Any) -> Source:
    """Batches of `data`; see `octet.data`."""
    name = "the data"
    if isinstance(data, (str, os.PathLike)):
        return Source(str(data), _read(data), whole=True)
    if isinstance(data, Mapping) or is_array(data) or _is_tuple(data):
        return Source(name, iter([(name, data)]), whole=True)
    if isinstance(data, (list, tuple)) and _is_numbers(data):
        try:
            return Source(name, iter([(name, np.asarray(data))]), whole=True)
        except ValueError as error:
            raise errors.BadData(f"{name}: is no array: {error}; give lists of equal "
                                 "lengths", file=name) from None
    if isinstance(data, type):
        raise errors.BadData(f"{name}: cannot be the class {data.__name__}; {_KINDS}",
                             file=name)
    sized = hasattr(data, "__len__")
    if sized and hasattr(data, "__getitem__") and not isinstance(data, Sequence):
        each = (data[i] for i in range(len(data)))
        return Source(name, _stacked(each, name), samples=len(data), batch=_STACKED)
    if not isinstance(data, Iterable):
        kind = type(data).__name__
        raise errors.BadData(f"{name}: cannot be of type {kind}; {_KINDS}", file=name)
    entries = iter(data)
    first = list(itertools.islice(entries, 1))
    entries = itertools.chain(first, entries)
    if first and _is_sample(first[0]):
        return Source(name, _stacked(entries, name), has_end=sized)
    samples, batch = _promise(data)
    return Source(name, _batches(entries, name), samples=samples, batch=batch,
                  has_end=sized)


def is_array(x: Any) -> bool:
    """Whether `x` is an array or tensor of some library."""
    return hasattr(x, "__array__") or hasattr(x, "detach")


def is_file(x: Any) -> bool:
    """Whether `x` is what a file holds, whose names are meant."""
    return isinstance(x, _Arrays)


def is_labels(x: Any, beside: Any) -> bool:
    """Whether `x` looks like classes for the samples of the array `beside`."""
    if not (is_array(x) or _is_numbers(x)) or not is_array(beside):
        return False
    labels = to_array(x)
    return labels.dtype.kind in "iu" and labels.ndim == 1 and (
        len(labels) == np.shape(beside)[0] if np.ndim(beside) else False)


def _is_tuple(data: Any) -> bool:
    """A tuple is one batch if it is not of batches; a list if its arrays are unlike."""
    if not isinstance(data, (list, tuple)) or not data:
        return False
    if isinstance(data, tuple):
        return any(is_array(x) for x in data)
    if not all(is_array(x) for x in data):
        return len(data) == 2 and is_array(data[0]) and _is_numbers(data[1])
    if len(data) == 2 and is_labels(data[1], data[0]) and np.ndim(data[0]) > 1:
        return True
    kinds = {(str(x.dtype), len(x.shape)) for x in data if hasattr(x, "dtype")}
    return len(kinds) > 1 and len({tuple(np.shape(x)[:1]) for x in data}) == 1


def _is_numbers(x: Any) -> bool:
    """Whether `x` is numbers, or lists of them to any depth."""
    while isinstance(x, (list, tuple)) and len(x) > 0:
        x = x[0]
    return isinstance(x, (bool, int, float, np.number, np.bool_))


def _is_sample(entry: Any) -> bool:
    """Whether the label beside the inputs is one number."""
    label = None
    if isinstance(entry, Mapping):
        label = next((entry[key] for key in LABELS if key in entry), None)
    elif isinstance(entry, (tuple, list)) and len(entry) > 1:
        label = entry[-1]
    return label is not None and not isinstance(label, (str, bytes, Mapping)) and (
        np.ndim(label) == 0 if is_array(label) or _is_numbers(label) else False)


def _read(path: str | os.PathLike[str]) -> Iterator[Entry]:
    """The arrays of an ``.npz`` file, which are read when they are asked for."""
    name = str(path)
    if not os.path.exists(path):
        raise errors.MissingFile(f"{name}: no such file", file=name)
    with contextlib.ExitStack() as stack:
        try:
            opened = stack.enter_context(open(path, "rb"))
            file: Any = np.load(opened, allow_pickle=False)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise _no_npz(name) from error
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise _no_npz(name)
        yield name, _Arrays(name, stack.enter_context(file))


def _no_npz(name: str) -> errors.BadData:
    return errors.BadData(f"{name}: is no .npz file; write one with numpy.savez",
                          file=name)


class _Arrays(Mapping[str, Any]):
    """The arrays of a file."""

    def __init__(self, name: str, file: Mapping[str, Any]) -> None:
        self._name, self._file = name, file

    def __getitem__(self, key: str) -> Any:
        try:
            return self._file[key]
        except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile,
                zlib.error) as error:
            raise errors.BadData(
                f"{self._name}: array '{key}' cannot be read: {error}; write it again "
                "with numpy.savez", file=self._name, value=key) from error

    def __contains__(self, key: object) -> bool:
        return key in self._file

    def __iter__(self) -> Iterator[str]:
        return iter(self._file)

    def __len__(self) -> int:
        return len(self._file)


def _batches(entries: Iterable[Any], name: str) -> Iterator[Entry]:
    for i, entry in enumerate(entries):
        if isinstance(entry, (str, os.PathLike)):
            yield from _read(entry)
        else:
            yield f"batch {i} of {name}", entry


def _stacked(samples: Iterable[Any], name: str) -> Iterator[Entry]:
    """Batches of single samples."""
    samples, done = iter(samples), 0
    while group := list(itertools.islice(samples, _STACKED)):
        where = f"samples {done} to {done + len(group) - 1} of {name}"
        done += len(group)
        yield where, _stack(group, where)


def _stack(group: Sequence[Any], where: str) -> Any:
    first = group[0]
    if isinstance(first, Mapping):
        if any(not isinstance(s, Mapping) or set(s) != set(first) for s in group):
            raise errors.BadData(f"{where}: samples have arrays of different names; "
                                 "give all the same", file=where)
        return {key: _column([s[key] for s in group], where) for key in first}
    if not isinstance(first, (tuple, list)) or _is_numbers(first):
        return _column(group, where)
    if any(not isinstance(s, (tuple, list)) or len(s) != len(first) for s in group):
        raise errors.BadData(f"{where}: samples differ in how many arrays they have; "
                             f"give all {len(first)}", file=where)
    return tuple(_column([s[i] for s in group], where) for i in range(len(first)))


def _column(values: Sequence[Any], where: str) -> Any:
    """One array of all samples; the list itself of what cannot be one."""
    if not all(is_array(v) or _is_numbers(v) for v in values):
        return values
    arrays = [to_array(v) for v in values]
    shapes = {a.shape for a in arrays}
    if len(shapes) > 1:
        a, b, *_ = sorted(shapes)
        raise errors.BadData(f"{where}: samples have shapes {text(a)} and {text(b)}; "
                             "give all of one shape", file=where)
    return np.stack(arrays)


def _promise(loader: Any) -> tuple[int | None, int | None]:
    """How many samples a DataLoader will give, and how many at a time."""
    size = getattr(loader, "batch_size", None)
    sampler: Any = getattr(loader, "sampler", None)
    if not isinstance(size, int) or not hasattr(sampler, "__len__"):
        return None, None
    count = len(sampler)
    if getattr(loader, "drop_last", False):
        count -= count % size
    return count, size
