"""Writes a network whose weights are resources, and data to calibrate it on.

    large_model.py FOLDER [--scale S]

FOLDER/large.onnx has convolutions, dense, depthwise and in groups, with batch norms
and fully connected layers of either orientation: about 60 MB of weights, or S of it.
FOLDER/large.npz holds a few samples.
"""

import argparse
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Network:
    """Grows layer by layer from `value`."""

    def __init__(self, channels):
        self.rng = np.random.default_rng(5)
        self.nodes, self.weights = [], []
        self.value, self.channels = "x", channels

    def constant(self, array):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(array.astype(np.float32), name))
        return name

    def node(self, op, *constants, **attributes):
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(
            op, [self.value, *map(self.constant, constants)], [output], **attributes))
        self.value = output

    def conv(self, outputs, kernel=3, group=1):
        inputs = self.channels // group
        weights = self.rng.standard_normal((outputs, inputs, kernel, kernel))
        self.node("Conv", weights / np.sqrt(inputs) / kernel, group=group,
                  pads=[kernel // 2] * 4, kernel_shape=[kernel] * 2)
        self.channels = outputs
        self.node("BatchNormalization", *(1 + 0.1 * self.rng.random((4, outputs))))
        self.node("Relu")

    def linear(self, outputs, transposed):
        weights = self.rng.standard_normal((outputs, self.channels))
        weights /= np.sqrt(self.channels)
        self.node("Gemm", weights if transposed else weights.T,
                  self.rng.standard_normal(outputs), transB=int(transposed))
        self.channels = outputs

    def model(self, size):
        graph = helper.make_graph(
            self.nodes, "large",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, size)],
            [helper.make_tensor_value_info(self.value, TensorProto.FLOAT, None)],
            self.weights)
        return helper.make_model(
            graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    # The sizes of weights are squares of this.
    width = int(32 * np.sqrt(options.scale)) * 16
    net = Network(32)
    net.conv(width, kernel=1)
    net.conv(width, group=width)
    for _ in range(5):
        net.conv(width)
    net.conv(width, group=width // 8)
    net.node("GlobalAveragePool")
    net.node("Flatten")
    net.linear(6 * width, transposed=True)
    net.node("Relu")
    net.linear(width, transposed=False)
    onnx.save(net.model(["N", 32, 4, 4]), options.folder / "large.onnx")
    np.savez(options.folder / "large.npz",
             x=net.rng.standard_normal((4, 32, 4, 4)).astype(np.float32))


if __name__ == "__main__":
    main()
