"""Linear layers of rows quantized at run time, around the edges of their tiles.

Rows, inputs and outputs one below, at and one above the sizes that registers, tiles
and lanes are made of, with and without bias, a clamp and a residual. Every target must
give the bytes of `generic`, and that those of the numerics contract (QS-15), computed
here in NumPy.

    linear_rows.py --octet BIN [--count 6] [--first 0] [--targets T,...]
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
from octet.reference import weight_scales  # noqa: E402
from octet.reference.numerics import fma  # noqa: E402
from networks import run  # noqa: E402
from targets import families, octet  # noqa: E402

ROWS = (1, 2, 5, 6, 7, 13, 14, 15, 27, 29, 65)
INPUTS = (1, 3, 4, 5, 15, 16, 17, 33, 64, 65, 130)
OUTPUTS = (1, 3, 15, 16, 17, 31, 33, 48, 65)
FORMS = ("", "bias", "bias clamp", "bias residual", "residual")
F32 = np.float32


def cases():
    """(rows, inputs, outputs, form), in an order that mixes them."""
    every = list(itertools.product(ROWS, INPUTS, OUTPUTS, FORMS))
    return [every[i] for i in np.random.default_rng(7).permutation(len(every))]


def quantized(x):
    """u8, scale and zero point of each row."""
    low, high = (np.minimum(x.min(1), F32(0)), np.maximum(x.max(1), F32(0)))
    scale = high / F32(255) - low / F32(255)
    scale = np.where(scale < F32(1e-30), F32(1), scale)
    inverse = F32(1) / scale
    zero = np.rint(np.minimum(-low * inverse, F32(255))).astype(np.int64)
    q = np.rint(x * inverse[:, None]).astype(np.int64) + zero[:, None]
    return np.clip(q, 0, 255), scale, zero


def linear(x, weights, bias):
    """`weights` [outputs, inputs] of f32."""
    q, scale, zero = quantized(x)
    by = weight_scales(weights)
    w = np.rint(np.clip(weights / by[:, None], -127, 127)).astype(np.int64)
    acc = (q @ w.T - zero[:, None] * w.sum(1)).astype(F32) * by
    scales = np.broadcast_to(scale[:, None], acc.shape)
    if bias is None:
        return acc * scales
    return fma(acc, scales, np.broadcast_to(bias, acc.shape))


def activations(rng, rows, inputs):
    """Rows of unlike ranges: of both signs, of one, of zeros, and tiny ones."""
    x = rng.standard_normal((rows, inputs)).astype(F32)
    kind = rng.integers(0, 6, rows)
    x[kind == 1] = np.abs(x[kind == 1]) + F32(3)
    x[kind == 2] = -np.abs(x[kind == 2]) - F32(0.5)
    x[kind == 3] = 0
    x[kind == 4] *= F32(1e-36)
    x[kind == 5] *= F32(1e30)
    return x


def model(mixed, rng):
    """One network of all layers in `mixed`, the data, and what is right."""
    nodes, inputs, outputs, constants, data, right = [], [], [], [], {}, {}
    for i, (rows, depth, columns, form) in enumerate(mixed):
        x = data[f"x{i}"] = activations(rng, rows, depth)
        inputs.append(helper.make_tensor_value_info(f"x{i}", TensorProto.FLOAT, x.shape))
        weights = rng.standard_normal((depth, columns)).astype(F32)
        constants.append(numpy_helper.from_array(weights, f"w{i}"))
        bias = rng.standard_normal(columns).astype(F32) if "bias" in form else None
        operands, last = [f"x{i}", f"w{i}"], f"y{i}"
        if bias is not None:
            constants.append(numpy_helper.from_array(bias, f"b{i}"))
            operands.append(f"b{i}")
        plain = last if form in ("", "bias") else f"z{i}"
        nodes.append(helper.make_node("MatMul" if bias is None else "Gemm", operands,
                                      [plain]))
        y = linear(x, weights.T, bias)
        if "clamp" in form:
            nodes.append(helper.make_node("Relu", [plain], [last]))
            y = np.where(y < 0, F32(0), y)
        if "residual" in form:
            r = data[f"r{i}"] = rng.standard_normal(y.shape).astype(F32)
            inputs.append(helper.make_tensor_value_info(f"r{i}", TensorProto.FLOAT,
                                                        r.shape))
            nodes.append(helper.make_node("Add", [plain, f"r{i}"], [last]))
            y = y + r
        right[last] = y
        outputs.append(helper.make_tensor_value_info(last, TensorProto.FLOAT, y.shape))
    graph = helper.make_graph(nodes, "rows", inputs, outputs, constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    onnx.checker.check_model(made)
    return made, data, right


def outputs_of(folder, program, target, emulated, data):
    np.savez(folder / "x.npz", **data)
    octet([program, "run", "--input", folder / "x.npz", "--output", folder / "y.npz"],
          target, emulated)
    return dict(np.load(folder / "y.npz"))


def check(driver, index, mixed, only):
    made, data, right = model(mixed, np.random.default_rng(index))
    # A row with a NaN or an infinity gives nothing finite; its neighbours do not see it.
    damaged = {name: x.copy() for name, x in data.items()}
    for i in range(len(mixed)):
        damaged[f"x{i}"][-1, -1] = (np.nan, np.inf, -np.inf)[i % 3]
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        onnx.save(made, folder / "m.onnx")
        for targets, emulated in families(driver, only=only):
            octet([driver, "compile", folder / "m.onnx", "--target", ",".join(targets),
                   "--weights", "int8", "-o", folder / "p"])
            for target in targets:
                got = outputs_of(folder, folder / "p", target, emulated, data)
                bad = outputs_of(folder, folder / "p", target, emulated, damaged)
                for name, want in right.items():
                    case = mixed[int(name[1:])]
                    if got[name].tobytes() != want.tobytes():
                        failed.append(f"{target}: {case} differs")
                    same = bad[name][:-1].tobytes() == want[:-1].tobytes()
                    clamps = "clamp" in case[3]
                    if not same or (np.isfinite(bad[name][-1]).any() and not clamps):
                        failed.append(f"{target}: {case} hides what is not finite")
    return failed


if __name__ == "__main__":
    sys.exit(run("linear rows", cases(), 24, check, 6))
