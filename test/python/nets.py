"""Small networks, and what they compute by NumPy."""

import platform

import numpy as np
import onnx
import onnxruntime
import pytest
from octet import _driver
from onnx import TensorProto, helper, numpy_helper

HERE = {"x86_64": "avx2", "aarch64": "neon"}[platform.machine()]
ELSEWHERE = {"x86_64": "neon", "aarch64": "avx2"}[platform.machine()]

TYPES = {np.dtype(t): getattr(TensorProto, name) for t, name in (
    ("float32", "FLOAT"), ("uint8", "UINT8"), ("int8", "INT8"), ("int32", "INT32"),
    ("int64", "INT64"), ("bool", "BOOL"), ("float16", "FLOAT16"),
    ("float64", "DOUBLE"))}
WEIGHT = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
BIAS = np.array([0.5, -1, 2], np.float32)


def build(nodes, inputs, outputs, constants=()):
    """A model; inputs and outputs are (name, dtype, shape)."""
    def values(those):
        return [helper.make_tensor_value_info(n, TYPES[np.dtype(t)], shape)
                for n, t, shape in those]
    graph = helper.make_graph(
        [helper.make_node(op, x, y, name=f"{op}-{y[0]}", **attributes)
         for op, x, y, attributes in nodes], "net", values(inputs), values(outputs),
        [numpy_helper.from_array(value, name) for name, value in constants])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def relu():
    """x [1, 4] -> y, of a fixed batch of one."""
    return build([("Relu", ["x"], ["y"], {})], [("x", "float32", [1, 4])],
                 [("y", "float32", [1, 4])])


def linear():
    """x [n, 8] -> y [n, 3], of a symbolic batch."""
    return build([("Gemm", ["x", "w", "b"], ["y"], {})],
                 [("x", "float32", ["n", 8])], [("y", "float32", ["n", 3])],
                 [("w", WEIGHT), ("b", BIAS)])


def scaled():
    """x [n, 4], scale [4] -> product [n, 4], total [n]: all samples share the scale."""
    return build(
        [("Mul", ["x", "scale"], ["product"], {}),
         ("ReduceSum", ["product", "last"], ["total"], {"keepdims": 0})],
        [("x", "float32", ["n", 4]), ("scale", "float32", [4])],
        [("product", "float32", ["n", 4]), ("total", "float32", ["n"])],
        [("last", np.array([1], np.int64))])


def joined():
    """a [2, 3], b [2, 5] -> c [2, 8]: samples of a fixed batch may be joined."""
    return build([("Concat", ["a", "b"], ["c"], {"axis": 1})],
                 [("a", "float32", [2, 3]), ("b", "float32", [2, 5])],
                 [("c", "float32", [2, 8])])


def apart():
    """a [2, 3], b [] -> c [2, 3]: without a dimension in common."""
    return build([("Add", ["a", "b"], ["c"], {})],
                 [("a", "float32", [2, 3]), ("b", "float32", [])],
                 [("c", "float32", [2, 3])])


def typed():
    """Every type as it is, reversed; and a scalar."""
    nodes = [("Slice", [t.name, "start", "end", "axis", "step"], [f"{t.name}-out"], {})
             for t in TYPES]
    return build(
        [*nodes, ("Add", ["scalar", "scalar"], ["scalar-out"], {})],
        [*((t.name, t, [2, 3]) for t in TYPES), ("scalar", "float32", [])],
        [*((f"{t.name}-out", t, [2, 3]) for t in TYPES), ("scalar-out", "float32", [])],
        [("start", np.array([-1], np.int64)), ("end", np.array([-9], np.int64)),
         ("axis", np.array([1], np.int64)), ("step", np.array([-1], np.int64))])


def compiled(folder, net, name="net.so", *flags):
    """The path of `net` as a library in `folder`."""
    (folder / "model.onnx").write_bytes(net.SerializeToString())
    _driver.run(["compile", folder / "model.onnx", *flags, "-o", folder / name])
    return folder / name


def random(*shape, seed=1):
    """Normal numbers in f32."""
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def reference(net, inputs):
    """The outputs of a model as ONNX Runtime computes them."""
    session = onnxruntime.InferenceSession(net.SerializeToString(),
                                           providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def refusal(kind, call, *parts):
    """The error of `kind` that `call` raises, with `parts` in its sentence."""
    with pytest.raises(kind) as caught:
        call()
    for part in parts:
        assert part in str(caught.value)
    return caught.value


def classifier(classes=10):
    """x [n, 1, 8, 8] -> scores [n, classes]: a convolution, Relu, a mean, Gemm."""
    rng = np.random.default_rng(2)
    return build(
        [("Conv", ["x", "kernel"], ["maps"], {}), ("Relu", ["maps"], ["active"], {}),
         ("GlobalAveragePool", ["active"], ["mean"], {}),
         ("Flatten", ["mean"], ["flat"], {}),
         ("Gemm", ["flat", "w"], ["scores"], {})],
        [("x", "float32", ["n", 1, 8, 8])], [("scores", "float32", ["n", classes])],
        [("kernel", rng.normal(size=(16, 1, 3, 3)).astype(np.float32)),
         ("w", rng.normal(size=(16, classes)).astype(np.float32))])
