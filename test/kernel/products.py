"""Products of computed f32 matrices around the edges of their tiles.

Rows, columns and terms one below, at and one above the sizes that registers and
lanes are made of, in batches that are shared, broadcast or apart, with and without
bias. Every target must give the bytes of `generic`, which must be the chain of
fused multiply-adds that the numerics contract describes (QS-12).

    products.py --octet BIN [--count 6] [--first 0] [--targets T,...]
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
from octet.reference.numerics import fma  # noqa: E402
from networks import run  # noqa: E402
from targets import families, octet  # noqa: E402

ROWS = (1, 2, 5, 7, 15, 23, 24, 33)
COLUMNS = (1, 2, 3, 7, 15, 16, 17, 31, 33, 48, 65)
TERMS = (1, 3, 16, 37)
# Dimensions in front of the left and the right matrix.
BATCHES = (((), ()), ((3,), (3,)), ((3,), ()), ((), (2,)), ((2, 3), (2, 1)),
           ((2, 3), (3,)), ((1, 2), (2, 1, 1)), ((2, 1), (1, 3)))


def cases():
    """(batches, rows, terms, columns), in an order that mixes them."""
    every = list(itertools.product(BATCHES, ROWS, TERMS, COLUMNS))
    return [every[i] for i in np.random.default_rng(5).permutation(len(every))]


def chain(a, b, bias):
    """bias + a b, term after term."""
    shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    total = np.zeros((*shape, a.shape[-2], b.shape[-1]), np.float32)
    total += 0 if bias is None else bias
    for k in range(a.shape[-1]):
        x, y = np.broadcast_arrays(a[..., k, None], b[..., k, None, :])
        total = fma(np.broadcast_to(x, total.shape), np.broadcast_to(y, total.shape),
                    total)
    return total


def model(mixed, rng):
    """One network of all products in `mixed`, the data, and what is right."""
    nodes, inputs, outputs, constants, data, right = [], [], [], [], {}, {}
    for i, ((left, behind), rows, terms, columns) in enumerate(mixed):
        shapes = {f"a{i}": (*left, rows, terms), f"b{i}": (*behind, terms, columns)}
        for name, shape in shapes.items():
            inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
            data[name] = rng.standard_normal(shape).astype(np.float32)
        a, b, bias = data[f"a{i}"], data[f"b{i}"], None
        # Gemm is what has a bias.
        if not left and not behind and i % 2:
            bias = rng.standard_normal(columns).astype(np.float32)
            constants.append(numpy_helper.from_array(bias, f"c{i}"))
            nodes.append(helper.make_node("Gemm", [*shapes, f"c{i}"], [f"y{i}"]))
        else:
            nodes.append(helper.make_node("MatMul", list(shapes), [f"y{i}"]))
        right[f"y{i}"] = chain(a, b, bias)
        outputs.append(helper.make_tensor_value_info(
            f"y{i}", TensorProto.FLOAT, right[f"y{i}"].shape))
    graph = helper.make_graph(nodes, "products", inputs, outputs, constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    onnx.checker.check_model(made)
    return made, data, right


def check(driver, index, mixed, only):
    made, data, right = model(mixed, np.random.default_rng(index))
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        onnx.save(made, folder / "m.onnx")
        np.savez(folder / "x.npz", **data)
        for targets, emulated in families(driver, only=only):
            octet([driver, "compile", folder / "m.onnx", "--target",
                   ",".join(targets), "--precision", "fp32", "-o", folder / "p"])
            for target in targets:
                octet([folder / "p", "run", "--input", folder / "x.npz", "--output",
                       folder / "y.npz"], target, emulated)
                got = dict(np.load(folder / "y.npz"))
                failed += [
                    f"{target}: {mixed[int(name[1:])]} differs"
                    for name, want in right.items()
                    if got[name].tobytes() != want.tobytes()]
    return failed


if __name__ == "__main__":
    sys.exit(run("products", cases(), 24, check, 6))
