"""ONNX names survive an .mlir file, whatever characters they are of.

    names.py

Each model is calibrated and compiled from its .onnx file, from what `octet
import` writes, and from what octet-opt prints of that: ranges, which are keyed
by values' names, and programs, which hold nodes' names, must be the same bytes.
"""

import filecmp
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Input, inner value, output, names of both nodes.
NAMES = [
    ("x", "c", "y", "conv", "relu"),
    ("x", "c", "y", "", ""),
    ("in/put:0", "a b", "Call:0", "same", "same"),
    ("0", "1", "2", "3", "4"),
    ('x"y', "c'\\", 'y\\n"z', 'n"1', "n\\22"),
    ("x\ny", "c\t", "z\r", "\x01", " "),
    ("\u5165", "\u4e2d", "\u51fa\u529b", "e\u0301", "\u200b"),
    ("loc(unknown)", "#loc", "fused[a]", "callsite(b at c)", '"a":1:2'),
    ("x" * 300, "c" * 3000, "y" * 300, "n" * 5000, "-"),
]


def run(*arguments):
    result = subprocess.run([str(a) for a in arguments], capture_output=True,
                            text=True)
    if result.returncode:
        raise SystemExit(f"{arguments}: {result.stderr}")


def save(path, x, c, y, conv, relu):
    weights = np.random.default_rng(0).standard_normal((8, 3, 3, 3)) / 5
    graph = helper.make_graph(
        [helper.make_node("Conv", [x, "filter"], [c], name=conv),
         helper.make_node("Relu", [c], [y], name=relu)],
        "g",
        [helper.make_tensor_value_info(x, TensorProto.FLOAT, ["N", 3, 8, 8])],
        [helper.make_tensor_value_info(y, TensorProto.FLOAT, ["N", 8, 6, 6])],
        [numpy_helper.from_array(weights.astype(np.float32), "filter")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]),
              path)


def check(folder, names):
    model, data = folder / "m.onnx", folder / "d.npz"
    save(model, *names)
    rows = np.random.default_rng(1).standard_normal((8, 3, 8, 8))
    np.savez(data, **{names[0]: rows.astype(np.float32)})
    run("octet", "import", model, "-o", folder / "m.mlir")
    run("octet-opt", folder / "m.mlir", "-o", folder / "opt.mlir")
    made = []
    for source in (model, folder / "m.mlir", folder / "opt.mlir"):
        ranges, program = folder / f"{source.name}.json", folder / f"{source.name}.p"
        run("octet", "calibrate", source, "--data", data, "-o", ranges)
        run("octet", "compile", source, "--ranges", ranges, "--target", "generic",
            "-o", program)
        made.append((ranges, program))
    return all(filecmp.cmp(a, b, shallow=False)
               for other in made[1:] for a, b in zip(made[0], other))


def main():
    with tempfile.TemporaryDirectory() as folder:
        failed = [names for names in NAMES if not check(pathlib.Path(folder), names)]
    for names in failed:
        print(f"another result through .mlir: {[n[:40] for n in names]}")
    print(f"names: {len(NAMES) - len(failed)} passed, {len(failed)} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
