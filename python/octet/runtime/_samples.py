"""Arrays as a model's samples: shapes and types, as docs/Programs.md has them."""

# ruff: noqa: B905  (zip has no `strict` before Python 3.10)
from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._abi import Array, Shape, Tensor
from ._errors import BadData


@dataclass(frozen=True)
class Samples:
    """How the inputs' arrays hold samples.

    `form` is "batch" for ``[samples, ...]`` of a symbolic batch, "own" for one sample
    of the tensor's own shape, "stacked" for ``[samples, *shape]`` and "joined" for
    ``[samples * d0, ...]``, where every input begins with ``d0``.
    """

    form: str
    count: int


def text(shape: Iterable[object]) -> str:
    """A shape as messages have it."""
    return f"[{', '.join(map(str, shape))}]"


class Interface:
    """A model's inputs and outputs, and what fits them.

    Parameters
    ----------
    name : str
        What error messages call the model.
    inputs, outputs : sequence of Tensor

    Attributes
    ----------
    batch : int
        Samples in one inference where the batch is symbolic, else 0.
    common : int
        The first dimension that all inputs of a fixed batch share, or 0.
    """

    def __init__(self, name: str, inputs: Sequence[Tensor],
                 outputs: Sequence[Tensor]) -> None:
        self.name, self.inputs, self.outputs = name, inputs, outputs
        self.batch = next((t.shape[0] for t in inputs if t.symbolic_batch), 0)
        firsts = {t.shape[:1] for t in inputs}
        joinable = len(firsts) == 1 and all(t.shape for t in (*inputs, *outputs))
        self.common = firsts.pop()[0] if joinable and not self.batch else 0

    def _bad(self, t: Tensor, what: str) -> BadData:
        return BadData(f"{self.name}: array '{t.name}' {what}", file=self.name,
                       value=t.name)

    def take(self, given: Sequence[Any]) -> tuple[list[Array], Samples]:
        """The arrays of the inputs, as compiled code reads them, and their samples.

        Parameters
        ----------
        given : sequence of array_like, or of one dict of them
            What the user gave.
        """
        arrays = [self.array(t, x) for t, x in zip(self.inputs, self._named(given))]
        samples = self.count([a.shape for a in arrays])
        return [self.convert(t, a) for t, a in zip(self.inputs, arrays)], samples

    def _named(self, given: Sequence[Any]) -> Sequence[Any]:
        """The inputs in the model's order."""
        names = [t.name for t in self.inputs]
        those = f"its inputs are {', '.join(map(repr, names))}"
        if not is_mapping(given):
            if len(given) != len(names):
                raise BadData(f"{self.name}: {len(given)} arrays are given; {those}",
                              file=self.name)
            return given
        arrays: Mapping[str, Any] = given[0]
        for name in [*names, *arrays]:
            if name not in arrays or name not in names:
                cause = "is missing" if name in names else "is no input"
                raise BadData(f"{self.name}: array '{name}' {cause}; {those}",
                              file=self.name, value=str(name))
        return [arrays[name] for name in names]

    def array(self, t: Tensor, x: Any) -> Array:
        """`x` as an array of numbers, of any shape."""
        if is_torch(x):
            # NumPy has not all of PyTorch's small floats.
            if x.is_floating_point() and x.element_size() < 4:
                x = x.float()
            x = x.numpy(force=True)
        try:
            array = np.asarray(x)
        except (TypeError, ValueError) as error:
            raise self._bad(t, f"is no array: {error}") from None
        if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
            raise self._bad(t, f"is of type {array.dtype}; give floats, integers or "
                               "bools of up to 8 bytes")
        return array

    def count(self, shapes: Sequence[Shape]) -> Samples:
        """How many samples arrays of these shapes hold, and in what form."""
        found: Samples | None = None
        first = 0
        for i, (t, shape) in enumerate(zip(self.inputs, shapes)):
            forms = ["own", "stacked", "joined"][:3 if self.common else 2]
            if self.batch:
                forms = ["batch" if t.symbolic_batch else "own"]
            counts = [Samples(form, self._count_in(form, shape, t)) for form in forms]
            fits = [samples for samples in counts if samples.count > 0]
            if not fits:
                raise self._misfit(t, shape, forms)
            if self.batch and not t.symbolic_batch:
                continue
            if found is None:
                found, first = fits[0], i
            elif self._count_in(found.form, shape, t) != found.count:
                raise self._bad(
                    t, f"has shape {text(shape)}; it must have shape "
                       f"{self._describe(found.form, found.count, t)} beside array "
                       f"'{self.inputs[first].name}' of shape {text(shapes[first])}: "
                       "the same number of samples")
        return found or Samples("own", 1)

    def _count_in(self, form: str, shape: Shape, t: Tensor) -> int:
        """The samples in an array of `shape` in `form`; 0 if it is of another shape."""
        if form == "own":
            return int(shape == t.shape)
        if form == "stacked":
            return shape[0] if shape and shape[1:] == t.shape else 0
        if len(shape) != len(t.shape) or not shape or shape[1:] != t.shape[1:]:
            return 0
        if form == "batch":
            return shape[0]
        return 0 if shape[0] % self.common else shape[0] // self.common

    def _describe(self, form: str, samples: int, t: Tensor) -> str:
        """The shape of input `t` in `form`, with `samples`, or 0 for any number."""
        if form == "own":
            return text(t.shape)
        if form == "stacked":
            return text((samples or "samples", *t.shape))
        unit = self.common if form == "joined" else 1
        some = "samples" if unit == 1 else f"samples * {unit}"
        return text((samples * unit or some, *t.shape[1:]))

    def _misfit(self, t: Tensor, shape: Shape, forms: Sequence[str]) -> BadData:
        wanted = [self._describe(form, 0, t) for form in forms]
        if len(forms) > 1:
            wanted[0] += ", which is one sample,"
        some = ", with at least one sample" if 0 in shape[:1] else ""
        return self._bad(t, f"has shape {text(shape)}; it must have shape "
                            f"{' or '.join(wanted)}{some}")

    def convert(self, t: Tensor, array: Array) -> Array:
        """`array` in C order and of the input's type; itself, if it is so."""
        if array.dtype == t.dtype:
            result = array
            if not (array.flags.c_contiguous and array.flags.aligned):
                result = array.copy(order="C")
            # NumPy's bools may hold other bytes; compiled code knows 0 and 1.
            if t.dtype == np.bool_ and (result.view(np.uint8) > 1).any():
                result = result.view(np.uint8) != 0
            return result
        if np.can_cast(array.dtype, t.dtype):
            return array.astype(t.dtype, order="C")
        if t.dtype.kind == "f":
            # By way of f64, as the command line rounds.
            wide = array.astype(np.float64)
            with np.errstate(over="ignore"):
                result = wide.astype(t.dtype, order="C", copy=False)
            fits = ~np.isinf(result) | np.isinf(wide)
        else:
            with np.errstate(invalid="ignore"):
                result = array.astype(t.dtype, order="C")
            fits = _holds(t.dtype, array)
        if not fits.all():
            at = np.unravel_index(int(np.argmin(fits)), array.shape)
            raise self._bad(t, f"has {array[at]} at {text(map(int, at))}, which is no "
                               f"{t.dtype}; the model's input is of that type")
        return result

    def shape(self, t: Tensor, samples: Samples) -> Shape:
        """The shape that all samples of output `t` have."""
        if samples.form == "stacked":
            return (samples.count, *t.shape)
        if samples.form == "joined":
            return (samples.count * t.shape[0], *t.shape[1:])
        if samples.form == "batch" and t.symbolic_batch:
            return (t.shape[0] // self.batch * samples.count, *t.shape[1:])
        return t.shape

    def writable(self, out: Any, samples: Samples,
                 arrays: Sequence[Array]) -> list[Array]:
        """The user's arrays for the outputs, if `samples` of `arrays` can be there."""
        names = [t.name for t in self.outputs]
        given = [out] if isinstance(out, np.ndarray) else out
        if isinstance(given, Mapping) and set(given) == set(names):
            given = [given[name] for name in names]
        if not isinstance(given, Sequence) or len(given) != len(names):
            raise BadData(f"{self.name}: out= does not hold an array for each output; "
                          f"its outputs are {', '.join(map(repr, names))}",
                          file=self.name)
        for i, (t, y) in enumerate(zip(self.outputs, given)):
            shape = self.shape(t, samples)
            if not (isinstance(y, np.ndarray) and y.dtype == t.dtype
                    and y.shape == shape and y.flags.carray):
                what = type(y).__name__
                if isinstance(y, np.ndarray):
                    what = f"{y.dtype} {text(y.shape)}"
                raise self._bad(t, f"of out= is {what}; it must be a writable NumPy "
                                   f"array of {t.dtype} {text(shape)} in C order")
            if any(np.may_share_memory(y, z) for z in (*arrays, *given[:i])):
                raise self._bad(t, "of out= shares memory with another array; give "
                                   "each its own")
        return list(given)


def is_mapping(given: Sequence[Any]) -> bool:
    """Whether what was given is one dict of arrays."""
    return len(given) == 1 and isinstance(given[0], Mapping)


def is_torch(x: object) -> bool:
    """Whether `x` is a tensor of PyTorch, which is not imported for that."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def _holds(dtype: np.dtype[Any], array: Array) -> Array:
    """Where the integers, or bools, of `dtype` have the elements of `array`."""
    low, high = 0, 1
    if dtype != np.bool_:
        low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    if array.dtype.kind == "f":
        # The largest i64 is no float, the next integer is one.
        wide = array.astype(np.float64)
        inside: Array = (wide >= low) & (wide < float(high + 1))
        inside &= wide == np.trunc(wide)
        return inside
    # In the array's own type, where that has the bounds.
    fits = np.ones(array.shape, np.bool_)
    own = np.iinfo(array.dtype)
    if own.min < low:
        fits &= array >= array.dtype.type(low)
    if own.max > high:
        fits &= array <= array.dtype.type(high)
    return fits
