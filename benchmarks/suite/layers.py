"""Single layers of well-known networks, as ONNX models of one node."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_OPSET = 17


@dataclasses.dataclass(frozen=True)
class Conv:
    """A square two-dimensional convolution of one image, with a bias.

    Attributes
    ----------
    inputs, outputs : int
        Channels.
    size : int
        Rows and columns of the input.
    """

    inputs: int
    outputs: int
    size: int
    kernel: int
    stride: int = 1
    groups: int = 1

    @property
    def name(self) -> str:
        kind = ("dw" if self.groups == self.inputs == self.outputs else
                f"g{self.groups}" if self.groups > 1 else "conv")
        stride = f"_s{self.stride}" if self.stride > 1 else ""
        return (f"{kind}{self.kernel}x{self.kernel}_{self.inputs}_{self.outputs}"
                f"_{self.size}{stride}")

    @property
    def shape(self) -> tuple[int, ...]:
        return (1, self.inputs, self.size, self.size)

    @property
    def out_shape(self) -> tuple[int, ...]:
        size = -(-self.size // self.stride)
        return (1, self.outputs, size, size)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (self.outputs, self.inputs // self.groups, self.kernel, self.kernel)

    @property
    def macs(self) -> int:
        return math.prod(self.out_shape) * math.prod(self.weight_shape[1:])

    @property
    def elements(self) -> tuple[int, int]:
        """Of inputs and outputs, and of weights."""
        return (math.prod(self.shape) + math.prod(self.out_shape),
                math.prod(self.weight_shape))


@dataclasses.dataclass(frozen=True)
class MatMul:
    """Rows times a constant matrix, with a bias; or, with `heads`, two inputs."""

    rows: int
    inner: int
    columns: int
    heads: int = 0

    @property
    def name(self) -> str:
        heads = f"_h{self.heads}" if self.heads else ""
        return f"matmul_{self.rows}_{self.inner}_{self.columns}{heads}"

    @property
    def shape(self) -> tuple[int, ...]:
        return (1, *([self.heads] if self.heads else []), self.rows, self.inner)

    @property
    def out_shape(self) -> tuple[int, ...]:
        return (*self.shape[:-1], self.columns)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return (*self.shape[:-2], self.inner, self.columns)[0 if self.heads else 1:]

    @property
    def macs(self) -> int:
        return math.prod(self.out_shape) * self.inner

    @property
    def elements(self) -> tuple[int, int]:
        """Of inputs and outputs, and of weights."""
        floats = math.prod(self.shape) + math.prod(self.out_shape)
        other = math.prod(self.weight_shape)
        return (floats + other, 0) if self.heads else (floats, other)


Layer = Conv | MatMul


def resnet50() -> Iterator[Layer]:
    """As torchvision has it: the stride is in the 3x3 convolution."""
    yield Conv(3, 64, 224, 7, 2)
    inputs, size = 64, 56
    for stage, blocks in enumerate((3, 4, 6, 3)):
        width = 64 << stage
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            yield Conv(inputs, width, size, 1)
            yield Conv(width, width, size, 3, stride)
            if not block:
                yield Conv(inputs, 4 * width, size, 1, stride)
            size //= stride
            yield Conv(width, 4 * width, size, 1)
            inputs = 4 * width
    yield MatMul(1, 2048, 1000)


def mobilenetv2() -> Iterator[Layer]:
    """With 1.0 times the channels, at 224 x 224."""
    yield Conv(3, 32, 224, 3, 2)
    inputs, size = 32, 112
    for expansion, outputs, blocks, first in (
            (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
            (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(blocks):
            stride, hidden = 1 if block else first, inputs * expansion
            if expansion > 1:
                yield Conv(inputs, hidden, size, 1)
            yield Conv(hidden, hidden, size, 3, stride, hidden)
            size //= stride
            yield Conv(hidden, outputs, size, 1)
            inputs = outputs
    yield Conv(320, 1280, 7, 1)
    yield MatMul(1, 1280, 1000)


def bert_base() -> Iterator[Layer]:
    """128 tokens."""
    yield MatMul(128, 768, 768)
    yield MatMul(128, 768, 3072)
    yield MatMul(128, 3072, 768)
    yield MatMul(128, 64, 128, 12)
    yield MatMul(128, 128, 64, 12)


def depthwise() -> Iterator[Layer]:
    """Larger kernels, as MobileNetV3, EfficientNet and ConvNeXt have them."""
    yield Conv(72, 72, 56, 5, 2, 72)
    yield Conv(240, 240, 28, 5, 1, 240)
    yield Conv(672, 672, 14, 5, 1, 672)
    yield Conv(96, 96, 56, 7, 1, 96)


def grouped() -> Iterator[Layer]:
    """Of ResNeXt-50 (32 groups), RegNetY-400MF (8 channels each) and ShuffleNet."""
    yield Conv(128, 128, 56, 3, 1, 32)
    yield Conv(256, 256, 28, 3, 1, 32)
    yield Conv(512, 512, 14, 3, 1, 32)
    yield Conv(1024, 1024, 7, 3, 1, 32)
    yield Conv(104, 104, 28, 3, 1, 13)
    yield Conv(208, 208, 14, 3, 1, 26)
    yield Conv(240, 240, 28, 1, 1, 3)


FAMILIES = {"ResNet-50": resnet50, "MobileNetV2": mobilenetv2, "BERT-base": bert_base,
            "depthwise": depthwise, "grouped": grouped}


def distinct() -> dict[Layer, list[str]]:
    """Each shape once, with the families that have it."""
    found: dict[Layer, list[str]] = {}
    for family, layers in FAMILIES.items():
        for layer in layers():
            families = found.setdefault(layer, [])
            if family not in families:
                families.append(family)
    return found


def build(layer: Layer) -> onnx.ModelProto:
    """The model, with random weights that keep the variance of what they read."""
    rng = np.random.default_rng(0)
    fan = (math.prod(layer.weight_shape[1:]) if isinstance(layer, Conv)
           else layer.inner)
    weights = rng.standard_normal(layer.weight_shape, np.float32)
    constants = {"w": weights / np.float32(math.sqrt(fan))}
    inputs = {"x": layer.shape}
    if isinstance(layer, Conv):
        constants["b"] = rng.standard_normal(layer.outputs, np.float32)
        pad = (layer.kernel - 1) // 2
        nodes = [helper.make_node(
            "Conv", ["x", "w", "b"], ["y"], name=layer.name,
            strides=[layer.stride] * 2, pads=[pad] * 4, group=layer.groups)]
    elif layer.heads:
        inputs["w"] = layer.weight_shape
        del constants["w"]
        nodes = [helper.make_node("MatMul", ["x", "w"], ["y"], name=layer.name)]
    else:
        constants["b"] = rng.standard_normal(layer.columns, np.float32)
        nodes = [helper.make_node("MatMul", ["x", "w"], ["product"], name=layer.name),
                 helper.make_node("Add", ["product", "b"], ["y"], name="bias")]
    graph = helper.make_graph(
        nodes, "layer",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
         for name, shape in inputs.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, layer.out_shape)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()])
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model


def identity() -> onnx.ModelProto:
    """A model that does nothing: what remains is the call."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 1))
            for name in ("x", "y"))
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "nothing",
                              [x], [y])
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)


def write(name: str, model: onnx.ModelProto, folder: Path) -> Path:
    """Writes FOLDER/NAME.onnx, whole or not at all, and returns that."""
    path = folder / f"{name}.onnx"
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    onnx.save(model, part)
    part.rename(path)
    return path
