"""Normalizations, softmax and reductions along the last dimension.

Row sizes one below, at and one above the 16 lanes that rows are made of, and numbers
of rows that are no multiple of those that are taken together. Every target must give
the bytes of `generic`, which must be what the numerics contract describes (QS-12,
QS-23), to the bit but for softmax, whose powers are approximated (QS-13).

    rows.py --octet BIN [--count 3] [--first 0] [--targets T,...]
"""

import itertools
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path[:0] = [str(pathlib.Path(__file__).parents[2] / folder)
                for folder in ("test/e2e", "python")]
from octet.reference import numerics  # noqa: E402
from networks import run  # noqa: E402
from targets import families, octet  # noqa: E402

SIZES = (1, 2, 15, 16, 17, 31, 33, 384, 1000)
# Dimensions in front; of 98 rows two are left over.
ROWS = ((), (1,), (5,), (7, 14), (1, 197), (2, 50, 1))
KINDS = ("layer_norm", "rms_norm", "plain_norm", "softmax", "sum", "mean", "max", "min")
# Of softmax, beside exact powers of the same differences and their exact sum: powers are
# good to 2^-23, sums of a thousand to a few times as much.
SOFTMAX_ERROR = 2.0 ** -20


def cases():
    """(rows, size, kind), in an order that mixes them."""
    every = list(itertools.product(ROWS, SIZES, KINDS))
    return [every[i] for i in np.random.default_rng(3).permutation(len(every))]


def mean(x):
    """QS-12: the sum, divided once."""
    return numerics.sum_along(x, x.ndim - 1) / np.float32(x.shape[-1])


def right(kind, x, scale, shift):
    """What the contract says, each operation rounded to f32."""
    if kind == "softmax":
        powers = np.exp(np.float64(x - x.max(-1, keepdims=True)))
        return powers / powers.sum(-1, keepdims=True)
    if kind in ("sum", "mean"):
        return numerics.sum_along(x, x.ndim - 1) if kind == "sum" else mean(x)
    if kind in ("max", "min"):
        return numerics.extreme_along(x, x.ndim - 1, 1 if kind == "max" else -1)
    centered = x if kind == "rms_norm" else x - mean(x)
    inverse = np.float32(1) / np.sqrt(mean(centered * centered) + np.float32(1e-3))
    y = centered * inverse
    if kind == "plain_norm":
        return y
    return y * scale if kind == "rms_norm" else y * scale + shift


def nodes_of(kind, i):
    """The nodes that make y{i} of x{i}; s{i} scales and t{i} shifts it."""
    x, y = f"x{i}", f"y{i}"

    def node(op, inputs, output, **attributes):
        return helper.make_node(op, inputs, [output], **attributes)
    if kind == "softmax":
        return [node("Softmax", [x], y, axis=-1)]
    if kind in ("sum", "mean", "max", "min"):
        return [node(f"Reduce{kind.title()}", [x, "axes"], y)]
    if kind == "layer_norm":
        return [node("LayerNormalization", [x, f"s{i}", f"t{i}"], y, epsilon=1e-3)]
    # What an exporter writes out.
    nodes, centered = [], x
    if kind == "plain_norm":
        nodes = [node("ReduceMean", [x, "axes"], f"m{i}"),
                 node("Sub", [x, f"m{i}"], f"c{i}")]
        centered = f"c{i}"
    nodes += [node("Pow", [centered, "two"], f"q{i}"),
              node("ReduceMean", [f"q{i}", "axes"], f"v{i}"),
              node("Add", [f"v{i}", "epsilon"], f"e{i}"),
              node("Sqrt", [f"e{i}"], f"d{i}")]
    if kind == "plain_norm":
        return [*nodes, node("Div", [centered, f"d{i}"], y)]
    return [*nodes, node("Reciprocal", [f"d{i}"], f"r{i}"),
            node("Mul", [x, f"r{i}"], f"n{i}"), node("Mul", [f"s{i}", f"n{i}"], y)]


def model(mixed, rng):
    """One network of all rows in `mixed`, the data, and what is right."""
    nodes, inputs, outputs, data, wanted = [], [], [], {}, {}
    constants = {"axes": np.array([-1]), "two": np.float32(2),
                 "epsilon": np.float32(1e-3)}
    for i, (rows, size, kind) in enumerate(mixed):
        x = (3 * rng.standard_normal((*rows, size)) + 1).astype(np.float32)
        if x.size > 40:
            # Zeros of both signs, of which one stays; a NaN and what becomes of it.
            x.flat[:3], x.flat[20] = (0.0, -0.0, -5.0), np.nan
        data[f"x{i}"] = x
        constants[f"s{i}"] = rng.standard_normal(size).astype(np.float32)
        constants[f"t{i}"] = rng.standard_normal(size).astype(np.float32)
        nodes += nodes_of(kind, i)
        with np.errstate(all="ignore"):
            wanted[f"y{i}"] = right(kind, x, constants[f"s{i}"], constants[f"t{i}"])
        for values, name in ((inputs, "x"), (outputs, "y")):
            shape = (x if name == "x" else wanted[f"y{i}"]).shape
            values.append(helper.make_tensor_value_info(
                f"{name}{i}", TensorProto.FLOAT, shape))
    graph = helper.make_graph(
        nodes, "rows", inputs, outputs,
        [numpy_helper.from_array(array, name) for name, array in constants.items()])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    made.ir_version = 8
    onnx.checker.check_model(made)
    return made, data, wanted


def is_right(kind, got, want):
    """Whether `got` is `want`, or near it where that is allowed; NaN is NaN."""
    if kind == "softmax":
        return np.allclose(got, want, rtol=SOFTMAX_ERROR, atol=1e-38, equal_nan=True)
    same = got.view(np.uint32) == want.astype(np.float32).view(np.uint32)
    return bool((same | (np.isnan(got) & np.isnan(want))).all())


def check(driver, index, mixed, only):
    made, data, wanted = model(mixed, np.random.default_rng(index))
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        onnx.save(made, folder / "m.onnx")
        np.savez(folder / "x.npz", **data)
        first = None
        for targets, emulated in families(driver, only=only):
            octet([driver, "compile", folder / "m.onnx", "--target",
                   ",".join(targets), "--precision", "fp32", "-o", folder / "p"])
            for target in targets:
                octet([folder / "p", "run", "--input", folder / "x.npz", "--output",
                       folder / "y.npz"], target, emulated)
                got = dict(np.load(folder / "y.npz"))
                first = first or got
                for i, case in enumerate(mixed):
                    values = got[f"y{i}"]
                    if not is_right(case[2], values, wanted[f"y{i}"]):
                        failed.append(f"{target}: {case} is wrong")
                    if not is_right("", values, first[f"y{i}"]):
                        failed.append(f"{target}: {case} differs from generic")
    return failed


if __name__ == "__main__":
    sys.exit(run("rows", cases(), 48, check, 3))
