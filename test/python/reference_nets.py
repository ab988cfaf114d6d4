"""Small networks, and what compiled programs make of data."""

import os
import subprocess
from pathlib import Path

import numpy as np
import onnx
from octet import _driver
from onnx import TensorProto, helper, numpy_helper

ROOT = Path(__file__).parents[2]
F, I64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
tensor = helper.make_tensor_value_info


class Net:
    """Grows a network node by node."""

    def __init__(self, *inputs, seed=1):
        self.inputs, self.nodes, self.constants = list(inputs), [], []
        self.rng = np.random.default_rng(seed)

    def constant(self, array, name=None):
        name = name or f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def random(self, *shape, low=None):
        """Weights; positive ones from `low` up."""
        if low is not None:
            return self.constant(self.rng.uniform(low, 1, shape).astype(np.float32))
        scale = np.sqrt(np.prod(shape[1:]) or 1)
        return self.constant((self.rng.standard_normal(shape) / scale
                              ).astype(np.float32))

    def node(self, op, *inputs, name=None, **attributes):
        name = name or f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [f"{name}_out"],
                                           name=name, **attributes))
        return f"{name}_out"

    def save(self, path, *outputs, opset=17):
        graph = helper.make_graph(self.nodes, "net", self.inputs, list(outputs),
                                  self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
        model.ir_version = 8
        onnx.checker.check_model(model)
        onnx.save(model, path)
        return path


def convolutional(path):
    """Convolutions with batch normalization, a residual sum, pools, a classifier."""
    n = Net(tensor("image", F, ["N", 3, 12, 12]))
    x = n.node("Conv", "image", n.random(8, 3, 3, 3), n.random(8), name="stem",
               pads=[1] * 4, strides=[1, 1])
    x = n.node("BatchNormalization", x, n.random(8, low=0.5), n.random(8), n.random(8),
               n.random(8, low=0.5), name="norm")
    x = n.node("Relu", x)
    y = n.node("Conv", x, n.random(8, 4, 3, 3), name="inner", pads=[1] * 4, group=2)
    x = n.node("Relu", n.node("Add", x, y, name="sum"), name="last")
    x = n.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = n.node("AveragePool", x, kernel_shape=[3, 3], pads=[1] * 4, strides=[2, 2])
    x = n.node("Flatten", x)
    y = n.node("Gemm", x, n.random(10, 72), n.random(10), transB=1, name="head")
    return n.save(path, tensor(y, F, ["N", 10]))


def depthwise(path):
    """Normalized input, depthwise and pointwise convolutions, hard swish, a clamp."""
    n = Net(tensor("image", F, ["N", 6, 9, 9]))
    x = n.node("Div", n.node("Sub", "image", n.random(6, 1, 1)),
               n.random(6, 1, 1, low=0.5))
    x = n.node("Conv", x, n.random(6, 1, 3, 3), n.random(6), name="deep",
               group=6, pads=[1] * 4, strides=[2, 2])
    x = n.node("HardSwish", x)
    x = n.node("Conv", x, n.random(12, 6, 1, 1), n.random(12), name="point")
    x = n.node("Clip", x, n.constant(np.float32(0)), n.constant(np.float32(6)))
    x = n.node("Conv", x, n.random(12, 1, 5, 5), name="wide", group=12, pads=[2] * 4)
    x = n.node("GlobalAveragePool", x)
    return n.save(path, tensor(x, F, ["N", 12, 1, 1]))


def connected(path):
    """Fully connected layers, of Gemm and MatMul."""
    n = Net(tensor("x", F, ["N", 20]))
    x = n.node("Sigmoid", n.node("MatMul", "x", n.random(20, 16), name="first"))
    x = n.node("Add", x, n.random(16), name="shift")
    x = n.node("Relu", n.node("Gemm", x, n.random(16, 16), n.random(16), name="second"))
    y = n.node("Gemm", x, n.random(5, 16), n.random(5), transB=1, name="third")
    return n.save(path, tensor(y, F, ["N", 5]))


def mixed(path):
    """Operations with integer forms of their own, and two inputs and outputs."""
    n = Net(tensor("a", F, ["N", 4, 6, 6]), tensor("b", F, ["N", 4, 6, 6]))
    a = n.node("Sub", n.constant(np.float32(1)), n.node("Mul", "a", n.random(4, 1, 1)))
    b = n.node("Add", "b", n.constant(np.float32(0.5)))
    a = n.node("Conv", a, n.random(4, 4, 1, 1), name="left")
    b = n.node("Conv", b, n.random(4, 4, 1, 1), name="right")
    x = n.node("Concat", n.node("Mul", a, b), n.node("Sub", a, b), n.node("Max", a, b),
               axis=1)
    x = n.node("PRelu", x, n.constant(np.full((12, 1, 1), 0.25, np.float32)))
    x = n.node("Resize", x, "", n.constant(np.array([1, 1, 2, 2], np.float32)),
               mode="linear")
    y = n.node("Conv", x, n.random(3, 12, 3, 3), name="out")
    z = n.node("Transpose", n.node("Tanh", y), perm=[0, 2, 3, 1])
    return n.save(path, tensor(y, F, ["N", 3, 10, 10]), tensor(z, F, ["N", 10, 10, 3]))


def inexact(path):
    """A softmax in f32 between layers in integers."""
    n = Net(tensor("x", F, ["N", 16]))
    x = n.node("Softmax", n.node("MatMul", "x", n.random(16, 16), name="first"))
    y = n.node("MatMul", x, n.random(16, 4), name="second")
    return n.save(path, tensor(y, F, ["N", 4]))


def fixed(path):
    """A first dimension that is fixed."""
    n = Net(tensor("x", F, [2, 8]))
    y = n.node("MatMul", "x", n.random(8, 3), name="product")
    return n.save(path, tensor(y, F, [2, 3]))


SHAPES = {"convolutional": {"image": (3, 12, 12)}, "depthwise": {"image": (6, 9, 9)},
          "connected": {"x": (20,)}, "inexact": {"x": (16,)}, "fixed": {"x": (8,)},
          "mixed": {"a": (4, 6, 6), "b": (4, 6, 6)}}


def data(name, count, seed=0):
    rng = np.random.default_rng(seed)
    return {k: rng.standard_normal((count, *shape)).astype(np.float32)
            for k, shape in SHAPES[name].items()}


def calibrate(model, arrays, folder, *flags):
    """The path of a ranges.json."""
    np.savez(folder / "calibration.npz", **arrays)
    ranges = folder / f"{Path(model).stem}.json"
    _driver.run(["calibrate", str(model), *flags, "--data",
                 str(folder / "calibration.npz"), "-o", str(ranges)])
    return ranges


def program_outputs(model, flags, arrays, folder):
    """What a program for this machine makes of data."""
    program = folder / "program"
    _driver.run(["compile", str(model), *map(str, flags), "-o", str(program)])
    np.savez(folder / "in.npz", **arrays)
    subprocess.run([program, "run", "--input", folder / "in.npz", "--output",
                    folder / "out.npz"], check=True, timeout=60, env=os.environ)
    with np.load(folder / "out.npz") as found:
        return {k: found[k] for k in found.files}


def generic_form(model, phase, folder, *flags):
    """The IR behind a phase in MLIR's generic form."""
    written = folder / f"{phase}.mlir"
    _driver.run(["compile", str(model), *map(str, flags), "--compile-to", phase,
                 "--generic", "-o", str(written)])
    return written.read_text()
