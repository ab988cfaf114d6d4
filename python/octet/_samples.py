"""Samples of data, as runs of programs take them: docs/Programs.md, "Samples"."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from . import errors
from .runtime._abi import Array, Tensor
from .runtime._samples import Interface, is_torch, text

__all__ = ["Array", "Layout", "Samples", "bad", "refuse_not_finite", "text", "to_array"]


@dataclasses.dataclass(frozen=True)
class Samples:
    """Arrays by the inputs' names.

    Attributes
    ----------
    layout : Layout
    given : dict of str to numpy.ndarray
        Of any numeric type.
    form : {"batch", "own", "stacked", "joined"}
        ``[count, ...]`` of a symbolic batch; of a fixed first dimension one sample of
        the input's own shape, ``[count, *shape]``, or ``[count * d0, ...]``.
    count : int
    where : str
        What error messages call them.
    """

    layout: Layout
    given: dict[str, Array]
    form: str
    count: int
    where: str

    @functools.cached_property
    def arrays(self) -> dict[str, Array]:
        """The arrays in C order and of the inputs' types.

        Raises
        ------
        BadData
            An element has no value of that type.
        """
        interface = self.layout.interface(self.where)
        return {name: interface.convert(self.layout.inputs[name], a)
                for name, a in self.given.items()}

    def is_shared(self, name: str) -> bool:
        """Whether one array is for all samples: it has no batch beside one that has."""
        return self.form == "batch" and not self.layout.inputs[name].symbolic_batch

    def take(self, low: int, high: int, where: str) -> Samples:
        """The samples from `low` up to `high`, and what messages call them."""
        rows = self.layout.first_dimension if self.form == "joined" else 1
        given = {name: a if self.is_shared(name) else a[low * rows:high * rows]
                 for name, a in self.given.items()}
        return Samples(self.layout, given, self.form, high - low, where)

    def stacked(self) -> dict[str, Array]:
        """The arrays with a dimension of samples in front, but for shared ones."""
        if self.form in ("batch", "stacked"):
            return self.arrays
        return {name: a.reshape(self.count, *self.layout.inputs[name].shape)
                for name, a in self.arrays.items()}

    def rows(self, output: Array, tensor: Tensor) -> int:
        """How many rows of `output` are judged, which is `tensor` of these samples."""
        if self.form == "batch" and not tensor.symbolic_batch:
            return 1
        joined = self.count * self.layout.first_dimension
        alike = self.form in ("own", "joined") and output.shape[:1] == (joined,)
        return joined if joined and alike else self.count


class Layout:
    """What a model's inputs ask of arrays with samples.

    Parameters
    ----------
    inputs, outputs : iterable of Signature or Tensor
        All dimensions but the batch are numbers.

    Attributes
    ----------
    inputs : dict of str to Tensor
    first_dimension : int
        Of all inputs, where it is fixed and the same; else 0.
    sample_bytes : int
        Of the inputs of one sample, without arrays that all share.
    """

    def __init__(self, inputs: Iterable[Any], outputs: Iterable[Any]) -> None:
        self.inputs = {t.name: _tensor(t) for t in inputs}
        self._outputs = tuple(map(_tensor, outputs))
        interface = self.interface("")
        self.first_dimension = interface.common
        self.sample_bytes = sum(
            math.prod(t.shape) * t.dtype.itemsize for t in self.inputs.values()
            if t.symbolic_batch or not interface.batch)

    def interface(self, where: str) -> Interface:
        """The same, whose messages call what is given by the name `where`."""
        return Interface(where, tuple(self.inputs.values()), self._outputs)

    def fit(self, arrays: Mapping[str, Any], where: str) -> Samples:
        """`arrays`, one for each input, as samples.

        One sample whose input begins with the batch, or with 1, may lack that
        dimension.

        Parameters
        ----------
        arrays : dict of str to array_like
        where : str
            What error messages call them all.

        Raises
        ------
        BadData
            An array's shape does not fit, or it is not of numbers.
        """
        interface = self.interface(where)
        given = {}
        for name, t in self.inputs.items():
            array = interface.array(t, arrays[name])
            lacks = t.shape[:1] == (1,) and array.shape == t.shape[1:]
            given[name] = array[None] if lacks else array
        found = interface.count([a.shape for a in given.values()])
        return Samples(self, given, found.form, found.count, where)


def _tensor(t: Any) -> Tensor:
    """A `Signature` or `Tensor` with 1 for a symbolic batch."""
    batch = bool(t.batch if hasattr(t, "batch") else t.symbolic_batch)
    shape = (1, *t.shape[1:]) if batch else tuple(t.shape)
    # What depends on a batch, of an output, is no number, and nobody's business here.
    numbers = tuple(s if isinstance(s, int) else 1 for s in shape)
    return Tensor(t.name, numbers, np.dtype(t.dtype), batch)


def bad(where: str, name: str, what: str) -> errors.BadData:
    """What is wrong with one array."""
    return errors.BadData(f"{where}: array '{name}' {what}", file=where, value=name)


def to_array(x: Any) -> Array:
    """`x`, an array or tensor of any library, as NumPy's.

    Raises
    ------
    TypeError, ValueError
        It cannot be one.
    """
    if is_torch(x):
        # NumPy has not all of PyTorch's small floats.
        small = x.is_floating_point() and x.element_size() < 4
        x = (x.float() if small else x).numpy(force=True)
    return np.asarray(x)


def refuse_not_finite(samples: Samples, first: int) -> None:
    """Refuses NaN and infinities, of which ranges cannot be.

    Parameters
    ----------
    samples : Samples
    first : int
        The number that the first of them has in all the data.
    """
    for name, array in samples.arrays.items():
        finite = np.isfinite(array)
        if finite.all():
            continue
        at = int(np.argmin(finite))
        each = array.size if samples.is_shared(name) else array.size // samples.count
        kind = "NaN" if np.isnan(array.flat[at]) else "infinite"
        raise bad(samples.where, name,
                  f"is {kind} in sample {first + at // each}, and ranges are of "
                  "numbers; leave the sample out or mend it")
