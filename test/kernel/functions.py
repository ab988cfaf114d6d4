"""Functions of one and two values against float64, over all magnitudes of f32.

Each compiled function is compared with NumPy's in float64 on every 4099th f32:
subnormals, infinities and NaN, arguments of sines up to 1e38. Errors are in units
in the last place of the exact result and have bounds (QuantSpec, QS-13). Every
target must give the same bytes.

    functions.py --octet BIN [--step 4099]
"""

import argparse
import math
import pathlib
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from targets import host_targets, octet  # noqa: E402

# Beyond 0.5 ulp an error is one of the approximation, not of rounding.
FUNCTIONS = {
    "Exp": (1.0, np.exp),
    "Log": (1.0, np.log),
    "Erf": (1.5, np.vectorize(math.erf)),
    "Tanh": (1.5, np.tanh),
    "Sigmoid": (2.5, lambda x: np.exp(-np.logaddexp(0, -x))),
    "Softplus": (2.5, lambda x: np.logaddexp(0, x)),
    "Elu": (1.5, lambda x: np.where(x < 0, np.expm1(np.minimum(x, 0)), x)),
    "Softsign": (1.5, lambda x: np.where(np.isinf(x), np.nan, x / (1 + np.abs(x)))),
    "Sqrt": (0.5, np.sqrt),
    "Reciprocal": (0.5, lambda x: 1 / x),
    **{name: (0.51, function) for name, function in (
        ("Sin", np.sin), ("Cos", np.cos), ("Tan", np.tan), ("Asin", np.arcsin),
        ("Acos", np.arccos), ("Atan", np.arctan), ("Sinh", np.sinh), ("Cosh", np.cosh),
        ("Asinh", np.arcsinh), ("Acosh", np.arccosh), ("Atanh", np.arctanh))}}
POW = (0.51, np.power)
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1.1754944e-38, 0.5,
           -0.5, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 16777215.0, 16777216.0,
           -16777217.0, 3.4028235e38, -3.4028235e38, 88.722839, 88.72284, -87.33655,
           -103.97208, -103.972084, 0.34657359, 0.34657362, 0.99999994, 1.0000001,
           1.5707964, 3.1415927, 0.78539819, 16367173.0 * 2.0**72]


def grid(step):
    bits = np.arange(0, 2**32, step, dtype=np.uint64).astype(np.uint32)
    return np.concatenate([np.array(SPECIAL, np.float32), bits.view(np.float32)])


def model(count):
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [count])
            for name in "xy")
    nodes = [helper.make_node(name, ["x"], [name]) for name in FUNCTIONS]
    nodes.append(helper.make_node("Pow", ["x", "y"], ["Pow"]))
    outputs = [helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, [count])
               for node in nodes]
    graph = helper.make_graph(nodes, "functions", [x, y], outputs)
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)])
    result.ir_version = 10
    return result


def errors(actual, exact):
    """In units in the last place of the exact result; infinite where one is NaN
    and the other is not, or where only one sign is right."""
    rounded = exact.astype(np.float32)
    ulp = np.maximum(np.spacing(np.abs(rounded)), np.float32(2.0**-149))
    result = np.abs(actual.astype(np.float64) - exact) / ulp.astype(np.float64)
    # Where the exact result is too large, so is a right one, or nearly so.
    beyond = ~np.isfinite(rounded) | ~np.isfinite(actual)
    largest = np.float64(np.finfo(np.float32).max)
    near = np.abs(np.clip(actual, -largest, largest) -
                  np.clip(exact, -largest, largest)) / np.float64(2.0**104)
    result = np.where(beyond, near, result)
    same = np.isnan(actual) & np.isnan(exact)
    signs = (actual == 0) & (exact == 0) & (np.signbit(actual) != np.signbit(exact))
    result = np.where(same, 0, np.where(np.isnan(result) | signs, np.inf, result))
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    parser.add_argument("--step", type=int, default=4099)
    options = parser.parse_args()
    x = grid(options.step)
    rng = np.random.default_rng(3)
    # Exponents for which most powers are finite, and special ones.
    with np.errstate(all="ignore"):
        y = (rng.uniform(-160, 160, x.size) / np.log2(np.abs(x))).astype(np.float32)
    y[::7] = rng.choice(np.array(SPECIAL, np.float32), y[::7].size)
    y[::5] = np.round(y[::5])
    pairs = np.array([(a, b) for a in SPECIAL for b in SPECIAL], np.float32)
    x, y = np.concatenate([x, pairs[:, 0]]), np.concatenate([y, pairs[:, 1]])
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        onnx.save(model(x.size), folder / "m.onnx")
        np.savez(folder / "x.npz", x=x, y=y)
        octet([options.octet, "compile", folder / "m.onnx", "--target",
               ",".join(host_targets()), "-o", folder / "p"])
        first = None
        for target in host_targets():
            octet([folder / "p", "run", "--input", folder / "x.npz", "--output",
                   folder / "y.npz"], target)
            with np.load(folder / "y.npz") as results:
                results = {name: results[name] for name in results.files}
            first = first or results
            for name, values in results.items():
                same = (values.view(np.uint32) == first[name].view(np.uint32)) | (
                    np.isnan(values) & np.isnan(first[name]))
                if not same.all():
                    failed += 1
                    at = np.flatnonzero(~same)[0]
                    print(f"{name} on {target}: {values[at]!r} of {x[at]!r}, not "
                          f"{first[name][at]!r}")
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64), y.astype(np.float64)
        for name, values in first.items():
            bound, function = FUNCTIONS.get(name, POW)
            exact = function(*wide[:1 if name in FUNCTIONS else 2])
            error = errors(values, exact)
            at = int(np.argmax(error))
            print(f"{name}: {error[at]:.3f} ulp at {x[at]!r}"
                  f"{'' if name in FUNCTIONS else f', {y[at]!r}'}: {values[at]!r}, "
                  f"exactly {exact[at]:.9g}; {bound} allowed")
            failed += not error[at] <= bound
    print(f"functions: {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
