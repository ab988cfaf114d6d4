"""Every operation that folds does so on large constants, and rightly.

    large_constants.py --folder D

A function for each operation, whose operands are constants of some KiB, is written
with these as MLIR keeps small ones, and as resources. Of both, only a constant must
be left: what the reference computes of the operation. The libraries do not ask which of
both a constant is.
"""

import argparse
import pathlib
import re
import subprocess

import numpy as np
from octet.reference import mlir_text
from octet.reference.interpreter import Graph

ROOT = pathlib.Path(__file__).parents[3]
INCLUDE = ROOT / "include" / "octet" / "Dialect" / "Octet"
# Who makes and reads constants of the graph.
LIBRARIES = ("Dialect", "Import", "Quantization", "Pipelines")
ELEMENTS = {"f32": np.float32, "i64": np.int64, "i32": np.int32, "ui8": np.uint8,
            "i1": np.bool_}


def constants():
    """By name, the operands of functions: type and elements."""
    rng = np.random.default_rng(1)
    floats = lambda *shape: rng.standard_normal(shape).astype(np.float32)  # noqa: E731
    return {
        "f": floats(6, 40, 32), "g": floats(6, 40, 32), "h": floats(40, 1),
        "m": floats(6, 32, 24), "w": floats(600, 2),
        "i": rng.integers(0, 40, (300, 2)), "j": rng.integers(-90, 90, (40, 32)),
        "k": rng.integers(0, 6, (700, 1)), "u": floats(700, 40, 32),
        "n": rng.integers(-2**31, 2**31, (40, 32)).astype(np.int32),
        "b": rng.integers(0, 256, (96, 64)).astype(np.uint8),
        "t": rng.integers(0, 2, (40, 32)).astype(np.bool_),
        "s": rng.integers(0, 40, (600, 2)),
    }


# By function: operation with its operands, then the result's type.
FUNCTIONS = {
    "transpose": ("octet.transpose %f {permutation = array<i64: 2, 0, 1>}",
                  "32x6x40xf32"),
    "transpose_bytes": ("octet.transpose %b {permutation = array<i64: 1, 0>}",
                        "64x96xui8"),
    "reshape": ("octet.reshape %f", "240x32xf32"),
    "slice": ("octet.slice %f {offsets = array<i64: 5, 1, 0>, sizes = "
              "array<i64: 5, 13, 32>, strides = array<i64: -1, 3, 1>}",
              "5x13x32xf32"),
    "pad": ("octet.pad %f {low = array<i64: 0, 3, 0>, high = array<i64: 1, 0, 2>, "
            "value = -2.0 : f32}", "7x43x34xf32"),
    "pad_bits": ("octet.pad %t {low = array<i64: 1, 0>, high = array<i64: 0, 3>, "
                 "value = 1.0 : f32}", "41x35xi1"),
    "concat": ("octet.concat %f, %g {axis = 1 : i64}", "6x80x32xf32"),
    "broadcast": ("octet.broadcast %h", "6x40x32xf32"),
    "gather": ("octet.gather %f, %i {axis = 1 : i64}", "6x300x2x32xf32"),
    "gather_nd": ("octet.gather_nd %f, %k {batch_dims = 0 : i64}", "700x40x32xf32"),
    "scatter": ("octet.scatter add %f, %k, %u {batch_dims = 0 : i64}",
                "6x40x32xf32"),
    "top_indices": ("octet.top_indices %f {axis = 1 : i64, k = 39 : i64}",
                    "6x39x32xi64"),
    "binary": ("octet.binary sub %f, %h", "6x40x32xf32"),
    "binary_of_integers": ("octet.binary mul %n, %n", "40x32xi32"),
    "clamp": ("octet.clamp %f clamp(min -0.5 max 0.25)", "6x40x32xf32"),
    "unary": ("octet.unary abs %f", "6x40x32xf32"),
    "cast": ("octet.cast %f", "6x40x32xi64"),
    "cast_bytes": ("octet.cast %b", "96x64xf32"),
    "compare": ("octet.compare lt %f, %g", "6x40x32xi1"),
    "select": ("octet.select %t, %f, %h", "6x40x32xf32"),
    "cumulative": ("octet.cumulative cumulative_sum %j {axis = 1 : i64, exclusive}",
                   "40x32xi64"),
    "matmul": ("octet.matmul %f, %m", "6x40x24xf32"),
    "reduce": ("octet.reduce max %f {axes = array<i64: 0>}", "1x40x32xf32"),
    "resample": ("octet.resample %f, %s, %w {axis = 1 : i64}", "6x600x32xf32"),
}


def type_of(array):
    element = next(e for e, dtype in ELEMENTS.items() if array.dtype == dtype)
    return "tensor<" + "".join(f"{d}x" for d in array.shape) + element + ">"


def write_module(path, as_resources):
    """Truth values are no whole bytes and so no resources."""
    arrays, functions, resources = constants(), [], []
    for name, array in arrays.items():
        if array.dtype != np.bool_:
            resources.append(f'{name}: "0x{array.itemsize.to_bytes(4, "little").hex()}'
                             f'{array.tobytes().hex()}"')
    for name, (operation, result) in FUNCTIONS.items():
        used = re.findall(r"%(\w)", operation)
        lines = []
        for operand in dict.fromkeys(used):
            array = arrays[operand]
            if array.dtype == np.bool_:
                value = f"dense<{str(array.tolist()).lower()}>"
            elif as_resources:
                value = f"dense_resource<{operand}>"
            else:
                value = f'dense<"0x{array.tobytes().hex()}">'
            lines.append(f"  %{operand} = arith.constant {value} : {type_of(array)}")
        types = ", ".join(type_of(arrays[o]) for o in used)
        lines.append(f"  %0 = {operation} : {types} -> tensor<{result}>")
        functions.append(f"func.func @{name}() -> tensor<{result}> {{\n" +
                         "\n".join(lines) + f"\n  return %0 : tensor<{result}>\n}}\n")
    text = "\n".join(functions)
    if as_resources:
        text += ("\n{-#\ndialect_resources: {\nbuiltin: {\n" + ",\n".join(resources) +
                 "\n}\n}\n#-}\n")
    path.write_text(text)


def read(path, *passes):
    result = subprocess.run(["octet-opt", path, *passes, "--mlir-print-op-generic"],
                            capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"{path}: {result.stderr[:1000]}")
    return result.stdout


def folding_operations():
    """The operations that the definitions say fold."""
    found = set()
    for path in (INCLUDE / "Ops").glob("*.td"):
        for part in re.split(r"\n(?=def |class )", path.read_text()):
            name = re.match(r'def Octet_\w+ : (\w+)<"(\w+)"', part)
            if name and ("hasFolder = 1" in part or name[1] == "Octet_OneOperandOp"):
                found.add("octet." + name[2])
    return found


def files_that_ask():
    """Those that see small constants only."""
    for library in LIBRARIES:
        for path in sorted((ROOT / "lib" / library).rglob("*.[ch]*")):
            if path.stem not in ("ConstantView", "ConstantScope") and re.search(
                    r"Dense(FP|Int|Resource)?ElementsAttr", path.read_text()):
                yield path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    folder = parser.parse_args().folder
    tested = {operation.split()[0] for operation, _ in FUNCTIONS.values()}
    failures = [f"{name} folds, but not here"
                for name in sorted(folding_operations() - tested)]
    failures += [f"{path}: asks for what ConstantView is for"
                 for path in files_that_ask()]
    for form in ("dense", "resources"):
        path = folder / f"{form}.mlir"
        write_module(path, form == "resources")
        text = read(path, "-canonicalize")
        given, folded = mlir_text.functions(read(path)), mlir_text.functions(text)
        for name in FUNCTIONS:
            left = [op.name for op in folded[name].regions[0][2]]
            if left != ["arith.constant", "func.return"]:
                failures.append(f"{form}: {name} is not folded: {left}")
                continue
            (expected,) = Graph(given[name]).run([])
            (actual,) = Graph(folded[name]).run([])
            if expected.array.tobytes() != actual.array.tobytes():
                failures.append(f"{form}: {name} folds to something else")
        if "dense_resource" not in text:
            failures.append(f"{form}: no result is a resource")
    raise SystemExit("\n".join(failures) or None)


if __name__ == "__main__":
    main()
