"""Arrays of any number of samples, and the inferences they are (docs/Programs.md).

The first dimension of a model's inputs is symbolic, and then the batch, or fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import BadData
from .graph import Graph
from .mlir_types import Array


class Samples:
    """The inferences that arrays hold.

    Parameters
    ----------
    graph : Graph
        What is to be run.
    data : mapping of str to array
        An array for each input, by its ONNX name. Others are ignored.

    Raises
    ------
    BadData
        An array is missing, or its shape or values do not fit.

    Attributes
    ----------
    count : int
        How many samples there are.
    """

    def __init__(self, graph: Graph, data: Mapping[str, npt.ArrayLike]) -> None:
        self._shapes = {n: t.shape or () for n, t in zip(graph.names, graph.types,
                                                        strict=True)}
        self._batched = {n: "octet.symbolic_batch" in a for n, a in zip(
            graph.names, graph.arg_attributes, strict=True)}
        self._arrays: dict[str, Array] = {}
        for name, of in zip(graph.names, graph.types, strict=True):
            if name not in data:
                raise BadData(f"there is no array named '{name}', the model's input; "
                              f"give one beside {sorted(data)}", value=name)
            self._arrays[name] = _converted(name, data[name], of.dtype())
        outputs = [t.shape or () for t in graph.ops[-1].operand_types]
        self._common = _common([*self._shapes.values()], outputs)
        self.count = 0
        self._form: _Form = _own
        for index, name in enumerate(self._arrays):
            self._count(name, index == 0)

    def _forms(self, name: str) -> Sequence[_Form]:
        """The ways in which the array of an input may hold samples."""
        if any(self._batched.values()):
            return [_along_first if self._batched[name] else _own]
        return [_own, _stacked, *([_along_first] if self._common else [])]

    def _count(self, name: str, first: bool) -> None:
        """Counts the samples of an input, which must be those of others."""
        array, shape, forms = self._arrays[name], self._shapes[name], self._forms(name)
        counts = {form: form(array.shape, shape, self._common or 1) for form in forms}
        fitting = [form for form, count in counts.items() if count > 0]
        if not fitting:
            wanted = " or ".join(_described(form, shape, self._common or 1)
                                 for form in forms)
            raise BadData(f"array '{name}' has shape {list(array.shape)} and must have "
                          f"shape {wanted}", value=name)
        if any(self._batched.values()):
            if not self._batched[name]:
                return
            count = counts[fitting[0]]
        else:
            if first:
                self._form = fitting[0]
            count = counts[self._form]
        if self.count and count != self.count:
            others = [n for n, batched in self._batched.items()
                      if batched == self._batched[name]]
            raise BadData(f"array '{name}' of shape {list(array.shape)} does not have "
                          f"the {self.count} samples of array '{others[0]}'; give the "
                          "same number of each", value=name)
        self.count = count

    def runs(self) -> Iterator[list[Array]]:
        """The arguments of one inference after the other."""
        for i in range(self.count):
            yield [self._taken(name, i) for name in self._arrays]

    def _taken(self, name: str, i: int) -> Array:
        array = self._arrays[name]
        if any(self._batched.values()):
            return array[i:i + 1] if self._batched[name] else array
        if self._form is _own:
            return array
        if self._form is _stacked:
            stacked: Array = array[i]
            return stacked
        step = self._common
        return array[i * step:(i + 1) * step]

    def joined(self, results: Sequence[Array]) -> Array:
        """One output of all inferences, in the form that the inputs have."""
        if any(self._batched.values()) or self._form is _along_first:
            return np.concatenate(results)
        return np.stack(results) if self._form is _stacked else results[0]


_Form = Callable[[Sequence[int], Sequence[int], int], int]
"""How many samples an array of one shape holds for an input of another, which may have
several rows for each; 0 if it does not fit."""


def _along_first(given: Sequence[int], shape: Sequence[int], rows: int) -> int:
    fits = len(given) == len(shape) > 0 and tuple(given[1:]) == tuple(shape[1:])
    return given[0] // rows if fits and given[0] % rows == 0 else 0


def _own(given: Sequence[int], shape: Sequence[int], rows: int) -> int:
    return int(tuple(given) == tuple(shape))


def _stacked(given: Sequence[int], shape: Sequence[int], rows: int) -> int:
    return given[0] if tuple(given[1:]) == tuple(shape) and len(given) else 0


def _described(form: _Form, shape: Sequence[int], rows: int) -> str:
    if form is _own:
        return str(list(shape))
    rest = list(shape) if form is _stacked else list(shape[1:])
    first = f"samples * {rows}" if form is _along_first and rows > 1 else "samples"
    return f"[{', '.join([first, *map(str, rest)])}]"


def _common(inputs: Sequence[Sequence[int]], outputs: Sequence[Sequence[int]]) -> int:
    """The first dimension that all inputs have, if outputs can be joined; else 0."""
    first = {shape[0] if shape else 0 for shape in inputs}
    return first.pop() if len(first) == 1 and all(outputs) else 0


def _converted(name: str, given: npt.ArrayLike, dtype: np.dtype[Any]) -> Array:
    """`given` in the input's type, where no value changes its meaning."""
    array = np.asarray(given)
    if array.dtype.kind not in "fiub":
        raise BadData(f"array '{name}' has the data type {array.dtype}; give floats, "
                      "integers or bools", value=name)
    with np.errstate(all="ignore"):
        converted = array.astype(dtype)
        if dtype.kind == "f":
            changed = np.isinf(converted) & np.isfinite(array)
        else:
            # A round trip may saturate back: what is compared is larger than both.
            changed = converted.astype(object) != array.astype(object) if \
                dtype.itemsize == 8 else converted.astype(np.float64) != array
    if changed.any():
        at = tuple(int(i) for i in np.argwhere(changed)[0])
        raise BadData(f"element {list(at)} of array '{name}' is {array[at]!s}, which "
                      f"is no {dtype}; give what the model's input takes", value=name)
    return np.ascontiguousarray(converted).reshape(array.shape)
