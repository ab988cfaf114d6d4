"""Arrays of any number of samples, as inferences of a graph (docs/Programs.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ..runtime import Interface, Tensor
from .graph import Graph
from .mlir_types import Array


class Samples:
    """The inferences that arrays hold.

    Parameters
    ----------
    graph : Graph
        What is to be run.
    data : mapping of str to array
        An array for each input, by its ONNX name.

    Raises
    ------
    BadData
        An array is missing, or its shape or values do not fit.

    Attributes
    ----------
    count : int
        How many inferences there are.
    """

    def __init__(self, graph: Graph, data: Mapping[str, npt.ArrayLike]) -> None:
        self._inputs = [
            Tensor(name, of.shape or (), of.dtype(), "octet.symbolic_batch" in given)
            for name, of, given in zip(graph.names, graph.types, graph.arg_attributes,
                                       strict=True)]
        self._outputs = [
            Tensor(given.get("octet.name", ""), of.shape or (), of.dtype(),
                   "octet.symbolic_batch" in given)
            for of, given in zip(graph.ops[-1].operand_types, graph.result_attributes,
                                 strict=True)]
        self._interface = Interface("the graph", self._inputs, self._outputs)
        self._arrays, self._samples = self._interface.take([data])
        self._batch = self._interface.batch or 1
        self.count = -(-self._samples.count // self._batch)

    def runs(self) -> Iterator[list[Array]]:
        """The arguments of one inference after the other.

        The last batch is filled up with its last sample, as programs do.
        """
        batched = self._samples.form == "batch"
        places = np.minimum(np.arange(self.count * self._batch),
                            self._samples.count - 1).reshape(self.count, -1)
        for i in range(self.count):
            yield [array.reshape(self.count, *t.shape)[i] if not batched else
                   array[places[i]] if t.symbolic_batch else array
                   for t, array in zip(self._inputs, self._arrays, strict=True)]

    def joined(self, results: Sequence[Array], output: int) -> Array:
        """One output of all inferences, in the form that the inputs have."""
        t = self._outputs[output]
        if self._samples.form == "batch" and not t.symbolic_batch:
            return results[0]
        shape = self._interface.shape(t, self._samples)
        values = np.concatenate([r.reshape(-1) for r in results])
        return values[:np.prod(shape, dtype=int)].reshape(shape)
