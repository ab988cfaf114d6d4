"""The integer graph of a model, to look into."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import UnsupportedModel
from . import interpreter, mlir_text
from .contractions import bias_of
from .graph import Call, Graph, UnknownOperation, Value
from .mlir_types import Array, Op


@dataclasses.dataclass(frozen=True, eq=False)
class Layer:
    """A convolution or a product with weights, in integers (QS-5).

    Attributes
    ----------
    node : str
        The ONNX name of its node, or of the value it computes where that has none.
    weights : array of int8
        ``[O, I / groups, kh, kw]`` of a convolution, ``[in, out]`` of a fully
        connected layer. What is folded in (a batch normalization) is part of it.
    scale : array [O] of float32
        Of weights: `w` stands for ``scale[o] * w``.
    bias : array [O] of int32
        What accumulators start from, in steps of ``input_scale * scale[o]``, less
        ``input_zero_point`` times the sum of the channel's weights.
    input_scale, output_scale : float
        In real units for one step.
    input_zero_point, output_zero_point : int
        What stands for zero, in 0 ... 255.
    """

    node: str
    weights: npt.NDArray[np.int8]
    scale: npt.NDArray[np.float32]
    bias: npt.NDArray[np.int32]
    input_scale: float
    input_zero_point: int
    output_scale: float
    output_zero_point: int

    @property
    def axis(self) -> int:
        """The dimension of `weights` that output channels are along."""
        return 1 if self.weights.ndim == 2 else 0

    @property
    def size(self) -> int:
        """Bytes of weights, scales and biases."""
        return self.weights.nbytes + self.scale.nbytes + self.bias.nbytes

    def dequantized(self) -> npt.NDArray[np.float32]:
        """What the integers stand for: ``scale * weights``, each rounded to float32."""
        shape = [-1 if d == self.axis else 1 for d in range(self.weights.ndim)]
        real: Array = self.scale.reshape(shape) * self.weights.astype(np.float32)
        return real

    def __repr__(self) -> str:
        return (f"Layer({self.node!r}, weights {list(self.weights.shape)}, "
                f"input {self.input_scale:.4g} · (q - {self.input_zero_point}), "
                f"output {self.output_scale:.4g} · (q - {self.output_zero_point}))")


class QuantizedModel:
    """The integer graph that `octet.quantize_weights` makes.

    Attributes
    ----------
    layers : list of Layer
        In the order in which they are computed.
    float_layers : dict of str to str
        The nodes that stay in f32, with the compiler's reason.
    weights : mapping of str to array of int8
        Of `layers`, by node. They cannot be written to.
    inputs, outputs : list of str
        Names of the model's inputs and outputs.
    """

    def __init__(self, name: str, text: str, connected: frozenset[str],
                 ranges: Any = None) -> None:
        module = mlir_text.module(text)
        self.name = name
        self.ranges = ranges
        self.graph = Graph(module.functions["main"])
        unknown = self.graph.unknown()
        if unknown is not None:
            raise self.unsupported(unknown)
        try:
            self.graph.constants()
        except UnknownOperation as error:
            raise self.unsupported(error) from None
        self.layers = self._find_layers(connected)
        self.float_layers = {op.node: str(op.get("octet.note")) for op in self.graph.ops
                             if op.get("octet.note") and op.name in FLOAT_LAYERS}
        self.inputs = list(self.graph.names)
        self.outputs = list(self.graph.result_names)

    def unsupported(self, error: UnknownOperation) -> UnsupportedModel:
        """What is said of an operation that the reference has no handler for."""
        node = error.op.node
        place = f"node '{node}': " if node else ""
        return UnsupportedModel(
            f"{self.name}: {place}octet.reference does not know {error.what}; run the "
            "compiled program instead", file=self.name, node=node or None)

    def _find_layers(self, connected: frozenset[str]) -> list[Layer]:
        layers: list[Layer] = []
        constants = self.graph.constants()
        for op in self.graph.ops:
            if op.name == "octet.conv2d" and op.operand_types[0].quantization():
                layers.append(_layer(self.graph, op, layers, connected, constants))
        return layers

    @property
    def weights(self) -> Mapping[str, npt.NDArray[np.int8]]:
        """The integers of each layer, by its node."""
        return {layer.node: layer.weights for layer in self.layers}

    @property
    def size(self) -> int:
        """Bytes of weights, scales and biases of all layers in integers."""
        return sum(layer.size for layer in self.layers)

    @property
    def float_size(self) -> int:
        """Bytes of the same weights and biases in float32."""
        return sum(4 * (layer.weights.size + layer.bias.size) for layer in self.layers)

    def __getitem__(self, node: str) -> Layer:
        for layer in self.layers:
            if layer.node == node:
                return layer
        raise KeyError(f"no layer in integers is called {node!r}; there are "
                       f"{', '.join(layer.node for layer in self.layers)}")

    def dequantized(self, node: str) -> npt.NDArray[np.float32]:
        """What the integers of a layer stand for, in real units."""
        return self[node].dequantized()

    def __repr__(self) -> str:
        rest = f", {len(self.float_layers)} in f32" if self.float_layers else ""
        count = len(self.layers)
        return (f"QuantizedModel({self.name!r}, {count} layer{'s' * (count != 1)} in "
                f"integers{rest}, {self.size} bytes of {self.float_size})")

    def _repr_html_(self) -> str:
        names = ("node", "weights", "scale", "input", "output", "bytes")
        rows = [[layer.node, f"{list(layer.weights.shape)}",
                 f"{layer.scale.min():.3g} … {layer.scale.max():.3g}",
                 f"{layer.input_scale:.3g} · (q - {layer.input_zero_point})",
                 f"{layer.output_scale:.3g} · (q - {layer.output_zero_point})",
                 str(layer.size)] for layer in self.layers]
        rows += [[node, note, "", "", "", ""]
                 for node, note in self.float_layers.items()]
        head = "".join(f"<th>{name}</th>" for name in names)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


FLOAT_LAYERS = ("octet.conv2d", "octet.matmul", "octet.recurrence")


def _layer(graph: Graph, op: Op, others: list[Layer], connected: frozenset[str],
           constants: dict[str, Value]) -> Layer:
    call = Call(graph, op, constants)
    operands = call.segments(op.operands, 4)
    # What is fused into a layer, such as a normalization, comes behind its own node.
    node = [*graph.definitions[operands[1]].nodes, *op.nodes, ""][0]
    filter_type = op.operand_types[1]
    stored = constants[operands[1]].array
    bias = None if operands[2] is None else constants[operands[2]].array
    # Stored channels last: [O, kh, kw, I / groups].
    weights = stored.transpose(0, 3, 1, 2)
    if node in connected and weights.shape[2:] == (1, 1):
        weights = weights[:, :, 0, 0].T
    found = filter_type.quantization()
    assert found is not None, "what a convolution of integers reads has scales"
    (s_in, z_in), (s_out, z_out) = call.operand_scale(), call.result_scale()
    layer = Layer(_unique(node, others), np.ascontiguousarray(weights),
                  found[0], bias_of(call, stored, bias).astype(np.int32),
                  float(s_in), z_in, float(s_out), z_out)
    for array in (layer.weights, layer.scale, layer.bias):
        array.flags.writeable = False
    return layer


def _unique(node: str, layers: list[Layer]) -> str:
    """`node`, numbered where several layers are made of one."""
    taken = {layer.node for layer in layers}
    count, name = 1, node
    while name in taken:
        count += 1
        name = f"{node}#{count}"
    return name


def connected_nodes(text: str) -> frozenset[str]:
    """The nodes of an imported graph that are products of matrices."""
    return frozenset(op.node for op in mlir_text.functions(text)["main"].regions[0][2]
                     if op.name == "octet.matmul")


def run(model: QuantizedModel, data: Mapping[str, npt.ArrayLike]) -> dict[str, Array]:
    """The outputs of a quantized model by name."""
    try:
        values = interpreter.run(model.graph, data)
    except UnknownOperation as error:
        raise model.unsupported(error) from None
    return {name: value.array for name, value in values.items()}
