"""Operators whose operands are all computed at run time, in many element types.

    operands.py --octet BIN

The cases of one operator set are the nodes of one network, compiled in FP32 for
`generic` and this machine's best target, which must give the same bytes. Each
node must agree with ONNX Runtime, or where that lacks its types with ONNX's
reference: integers and truth values exactly, floats to 1e-5 of the largest value.
"""

import argparse
import pathlib
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from targets import host_targets, octet  # noqa: E402

RNG = np.random.default_rng(17)
TYPES = {np.dtype(t): n for t, n in (
    (np.float32, TensorProto.FLOAT), (np.float16, TensorProto.FLOAT16),
    (np.float64, TensorProto.DOUBLE), (np.int64, TensorProto.INT64),
    (np.int32, TensorProto.INT32), (np.int8, TensorProto.INT8),
    (np.uint8, TensorProto.UINT8), (np.bool_, TensorProto.BOOL))}
NUMBERS = [np.float32, np.float64, np.int64, np.int32, np.int8, np.uint8]


class Constant(np.ndarray):
    """An operand that must be known when the network is compiled."""


def constant(*values, dtype=np.int64):
    return np.array(values, dtype).view(Constant)


def scalar(value, dtype=np.int64):
    return np.array(value, dtype).view(Constant)


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def values(dtype, *shape):
    """Small ones, among them equal ones."""
    dtype = np.dtype(dtype)
    if dtype == np.bool_:
        return RNG.random(shape) < 0.5
    if dtype.kind == "f":
        return (RNG.integers(-8, 9, shape) / 4).astype(dtype)
    return RNG.integers(0 if dtype.kind == "u" else -9, 10, shape).astype(dtype)


def indices(size, *shape, dtype=np.int64):
    return RNG.integers(-size, size, shape).astype(dtype)


def cases():
    """(operator set, operator, operands, attributes, number of results)"""
    for axis in (-3, -1, 0, 1):
        for dtype in (np.int32, np.int64):
            yield 13, "Gather", [floats(3, 4, 5), indices(3, 2, 2, dtype=dtype)], dict(axis=axis), 1
    for dtype in [*NUMBERS, np.bool_]:
        yield 13, "Gather", [values(dtype, 3, 4), indices(3, 5)], dict(axis=0), 1
        yield 16, "Where", [RNG.random((3, 1)) < 0.5, values(dtype, 3, 4), values(dtype, 1, 4)], {}, 1
        yield 18, "GatherElements", [values(dtype, 3, 4), indices(3, 2, 4)], dict(axis=0), 1
        yield 13, "GatherND", [values(dtype, 3, 4), indices(3, 2, 1)], {}, 1
        yield 18, "ScatterElements", [values(dtype, 3, 4), indices(3, 1, 4), values(dtype, 1, 4)], {}, 1
        yield 18, "ScatterND", [values(dtype, 3, 4), np.array([[1], [-1]]), values(dtype, 2, 4)], {}, 1
        yield 18, "Trilu", [values(dtype, 2, 3, 4), scalar(-1)], dict(upper=0), 1
        yield 18, "Expand", [values(dtype, 3, 1), constant(2, 1, 4)], {}, 1
        yield 18, "Concat", [values(dtype, 3, 2), values(dtype, 3, 4)], dict(axis=-1), 1
        yield 18, "Split", [values(dtype, 3, 8)], dict(axis=1, num_outputs=3), 3
        for other in [*NUMBERS, np.bool_]:
            # What does not fit an integer is undefined.
            x = values(dtype, 3, 7)
            x = np.abs(x) if other == np.uint8 and x.dtype.kind == "f" else x
            yield 13, "Cast", [x], dict(to=TYPES[np.dtype(other)]), 1
    for dtype in NUMBERS:
        yield 13, "ArgMax", [values(dtype, 3, 4)], dict(axis=1), 1
        yield 13, "ArgMin", [values(dtype, 3, 4)], dict(axis=-2, keepdims=0, select_last_index=1), 1
        for largest in (0, 1):
            yield 13, "TopK", [values(dtype, 3, 9), constant(4)], dict(largest=largest), 2
        for name in ("Equal", "Less", "GreaterOrEqual"):
            yield 16, name, [values(dtype, 3, 4), values(dtype, 3, 1)], {}, 1
    for name in ("And", "Or", "Xor"):
        yield 13, name, [values(np.bool_, 3, 1), values(np.bool_, 2, 1, 4)], {}, 1
    yield 1, "TopK", [floats(2, 30)], dict(k=5), 2
    yield 10, "TopK", [floats(2, 30, 3), constant(5)], dict(axis=1), 2
    yield 18, "TopK", [floats(700), constant(100)], {}, 2
    for dtype in (np.float32, np.int64, np.int32):  # more than are found one by one
        yield 18, "TopK", [values(dtype, 3, 40), constant(40)], dict(largest=0), 2
        yield 18, "TopK", [values(dtype, 50, 3), constant(21)], dict(axis=0), 2
    yield 18, "TopK", [np.float32([[np.inf, -0.0, 0.0, -np.inf] * 9] * 3), constant(17)], {}, 2
    yield 11, "ArgMax", [floats(2, 3, 4)], dict(axis=-1), 1
    for dtype in (np.int32, np.int64):
        yield 11, "OneHot", [values(dtype, 3, 2), scalar(5), floats(2)], dict(axis=1), 1
    yield 9, "OneHot", [RNG.integers(0, 7, (3, 2)), scalar(5), floats(2)], {}, 1
    yield 9, "Scatter", [floats(3, 5), np.array([[0, 1, -1]]), floats(1, 3)], dict(axis=1), 1
    for reduction in ("add", "mul", "max", "min"):
        for dtype in (np.float32, np.int32, np.int64):
            yield 18, "ScatterElements", [values(dtype, 3, 5), indices(5, 3, 3), values(dtype, 3, 3)], dict(
                axis=1, reduction=reduction), 1
            yield 18, "ScatterND", [values(dtype, 4, 5, 2), indices(4, 6, 2), values(dtype, 6, 2)], dict(
                reduction=reduction), 1
    yield 12, "GatherND", [floats(2, 3, 4, 5), indices(4, 2, 3, 1)], dict(batch_dims=2), 1
    yield 12, "GatherND", [floats(2, 3, 4, 5), indices(2, 4)], {}, 1
    yield 12, "GatherElements", [floats(2, 3, 4), indices(4, 2, 3, 7, dtype=np.int32)], dict(axis=2), 1
    for equation, *shapes in (
            ("...ij,...jk->...ik", (2, 1, 3, 4), (5, 4, 6)), ("ii->i", (4, 4)), ("ii", (4, 4)),
            ("i,j->ij", (3,), (4,)), ("i,i->", (4,), (4,)), ("bhwc,hkc->bhwk", (2, 3, 4, 5), (3, 6, 5)),
            ("bqhd,bkhd->bhqk", (2, 3, 4, 5), (2, 6, 4, 5)), ("ij,kl->", (2, 3), (2, 2)),
            ("a,b,c->abc", (2,), (3,), (4,)), ("iij,jk->ik", (3, 3, 4), (4, 2)),
            ("Ab,bC->AC", (2, 3), (3, 2)), ("i...,...->i", (3, 4), (4,))):
        yield 12, "Einsum", [floats(*s) for s in shapes], dict(equation=equation), 1
    for lhs, rhs in (((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((5, 2, 3), (3,)),
                     ((3,), (5, 3, 2)), ((2, 1, 3, 4), (5, 4, 2))):
        yield 13, "MatMul", [floats(*lhs), floats(*rhs)], {}, 1
        for dtype in (np.int32, np.int64):
            yield 13, "MatMul", [values(dtype, *lhs), values(dtype, *rhs)], {}, 1
    for turned in (0, 1):
        for addend in ((), (5,), (4, 1), (4, 5)):
            lhs, rhs = ((3, 4), (5, 3)) if turned else ((4, 3), (3, 5))
            yield 13, "Gemm", [floats(*lhs), floats(*rhs), floats(*addend)], dict(
                transA=turned, transB=turned, alpha=0.5, beta=2.0), 1
    for dtype in (np.uint8, np.int8):
        x = 40 * floats(3, 6)
        yield 13, "QuantizeLinear", [x, np.float32(0.25), np.array(3, dtype)], {}, 1
        yield 13, "DequantizeLinear", [values(dtype, 3, 4), np.float32(0.25), np.array(3, dtype)], {}, 1
        for axis in (0, 1):
            scale = np.abs(floats(x.shape[axis])) + 0.1
            yield 13, "QuantizeLinear", [x, scale, values(dtype, x.shape[axis])], dict(axis=axis), 1
            yield 13, "DequantizeLinear", [values(dtype, *x.shape), scale, values(dtype, x.shape[axis])], dict(
                axis=axis), 1
        yield 21, "QuantizeLinear", [x, np.abs(floats(3, 2)) + 0.1, values(dtype, 3, 2)], dict(
            axis=1, block_size=3), 1
        yield 21, "DequantizeLinear", [values(dtype, 6, 4), floats(2, 4), values(dtype, 2, 4)], dict(
            axis=0, block_size=3), 1
    yield 10, "QuantizeLinear", [
        np.float32([0.5, 1.5, 2.5, -0.5, 1e10, -1e10, np.inf, -np.inf]), np.float32(1)], {}, 1
    yield 13, "DequantizeLinear", [
        RNG.integers(-2**31, 2**31, (3, 4)).astype(np.int32), np.float32(0.25)], {}, 1


def expect(opset, op, operands, attributes, count):
    names = [f"x{i}" for i in range(len(operands))]
    outputs = [f"y{i}" for i in range(count)]
    graph = helper.make_graph(
        [helper.make_node(op, names, outputs, **attributes)], "one",
        [helper.make_tensor_value_info(n, TYPES[x.dtype], x.shape) for n, x in zip(names, operands)],
        [helper.make_tensor_value_info(n, TensorProto.UNDEFINED, None) for n in outputs])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8 if opset < 19 else 10
    feed = dict(zip(names, map(np.asarray, operands)))
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        inferred = onnx.shape_inference.infer_shapes(model).SerializeToString()
        return onnxruntime.InferenceSession(inferred, options).run(None, feed)
    except Exception:  # it has no common base for types that it lacks
        return ReferenceEvaluator(model).run(None, feed)


def difference(actual, expected):
    """What is wrong; empty if nothing is."""
    if (actual.shape, actual.dtype) != (expected.shape, expected.dtype):
        return f"{actual.dtype}{actual.shape}, not {expected.dtype}{expected.shape}"
    if np.array_equal(actual, expected):
        return ""
    if expected.dtype.kind != "f":
        return f"{actual} is not {expected}"
    error = np.abs(actual - expected).max()
    return "" if error <= 1e-5 * np.abs(expected).max() + 1e-7 else f"off by {error}"


def check(driver, opset, group, folder):
    """The number of cases that are wrong."""
    nodes, inputs, initializers, outputs, feed, wanted = [], [], [], [], {}, []
    for i, (op, operands, attributes, count) in enumerate(group):
        operands = [np.asanyarray(x) for x in operands]
        names = [f"x{i}_{j}" for j in range(len(operands))]
        results = [f"y{i}_{j}" for j in range(count)]
        nodes.append(helper.make_node(op, names, results, name=f"node{i}", **attributes))
        for name, x in zip(names, operands):
            if isinstance(x, Constant):
                initializers.append(numpy_helper.from_array(np.array(x), name))
            else:
                inputs.append(helper.make_tensor_value_info(name, TYPES[x.dtype], x.shape))
                feed[name] = x
        expected = expect(opset, op, operands, attributes, count)
        for name, x in zip(results, expected):
            outputs.append(helper.make_tensor_value_info(name, TYPES[np.asarray(x).dtype], None))
        wanted.append(dict(zip(results, map(np.asarray, expected))))
    graph = helper.make_graph(nodes, "all", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8 if opset < 19 else 10
    onnx.save(model, folder / "m.onnx")
    np.savez(folder / "x.npz", **feed)
    targets = host_targets()[:2]
    octet([driver, "compile", folder / "m.onnx", "--precision", "fp32", "--target",
           ",".join(targets), "-o", folder / "p"])
    results = []
    for target in targets:
        octet([folder / "p", "run", "--input", folder / "x.npz", "--output", folder / "y.npz"], target)
        with np.load(folder / "y.npz") as y:
            results.append(dict(y))
    failed = 0
    for (op, operands, attributes, _), expected in zip(group, wanted):
        problems = [p for name, x in expected.items() if (p := difference(results[0][name], x))]
        problems += [f"{targets[0]} and {targets[1]} differ" for name in expected
                     if len(results) > 1 and results[0][name].tobytes() != results[1][name].tobytes()]
        if problems:
            failed += 1
            types = [f"{np.asarray(x).dtype}{np.shape(x)}" for x in operands]
            print(f"{op} {types} {attributes} in operator set {opset}: {'; '.join(problems)}")
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    options = parser.parse_args()
    groups = {}
    for opset, *case in cases():
        groups.setdefault(opset, []).append(case)
    failed = 0
    for opset, group in sorted(groups.items()):
        with tempfile.TemporaryDirectory() as folder:
            failed += check(options.octet, opset, group, pathlib.Path(folder))
    print(f"operands: {sum(map(len, groups.values()))} cases, {failed} wrong")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
