"""Batches: any number of samples gives the same bytes whatever batch a program
was compiled for; models that mix samples are refused.

    batch.py --octet BIN --folder DIR
"""

import argparse
import pathlib
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from random_graphs import load  # noqa: E402
from targets import octet  # noqa: E402

rng = np.random.default_rng(3)


def model(folder, name, nodes, shape, out, **constants):
    graph = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, out)],
        [numpy_helper.from_array(v, k) for k, v in constants.items()])
    m = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    m.ir_version = 8
    onnx.save(m, folder / f"{name}.onnx")
    return folder / f"{name}.onnx"


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def check_sizes(driver, folder):
    path = model(folder, "net", [
        helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3],
                         pads=[1] * 4),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Flatten", ["r"], ["f"]),
        helper.make_node("Gemm", ["f", "v", "b"], ["y"]),
    ], (3, 5, 6), ["N", 10], w=f32(7, 3, 3, 3), v=f32(210, 10), b=f32(10))
    np.savez(folder / "calib.npz", x=f32(8, 3, 5, 6))
    octet([driver, "calibrate", path, "--data", folder / "calib.npz", "-o",
           folder / "r.json"])
    expected = {}
    failed = 0
    for precision in ("fp32", "int8"):
        for batch in (1, 2, 3, 8):
            octet([driver, "compile", path, "--batch", batch, "--precision",
                   precision, *(["--ranges", folder / "r.json"]
                                if precision == "int8" else []),
                   "-o", folder / "p"])
            for samples in (1, 2, 3, 5, 7, 8, 9, 17):
                x = np.random.default_rng(samples).standard_normal(
                    [samples, 3, 5, 6]).astype(np.float32)
                np.savez(folder / "x.npz", x=x)
                octet([folder / "p", "run", "--input", folder / "x.npz",
                       "--output", folder / "y.npz"])
                y = load(folder / "y.npz")["y"]
                first = expected.setdefault((precision, samples), y)
                if y.shape != (samples, 10) or y.tobytes() != first.tobytes():
                    failed += 1
                    print(f"{precision}, batch {batch}, {samples} samples: "
                          f"{y.shape} differs from batch 1")
    return failed


def check_refusals(driver, folder):
    node = helper.make_node
    mixing = {
        "mean": ([node("ReduceMean", ["x"], ["y"], name="mean", axes=[0])],
                 (4,), [1, 4], {}),
        "flat": ([node("Reshape", ["x", "s"], ["y"], name="flat")], (4,),
                 ["a", "b"], {"s": np.array([1, -1])}),
        "transpose": ([node("Transpose", ["x"], ["y"], name="transpose",
                            perm=[1, 0])], (4,), [4, "N"], {}),
        "softmax": ([node("Softmax", ["x"], ["y"], name="softmax", axis=0)],
                    (4,), ["N", 4], {}),
        "gram": ([node("Transpose", ["x"], ["t"], name="t", perm=[1, 0]),
                  node("MatMul", ["t", "x"], ["y"], name="gram")], (4,), [4, 4],
                 {}),
        "slice": ([node("Slice", ["x", "a", "b", "c"], ["y"], name="slice")],
                  (4,), [1, 4], {"a": np.array([0]), "b": np.array([1]),
                                 "c": np.array([0])}),
        "fixed": ([node("Add", ["x", "w"], ["y"], name="fixed")], (4,),
                  [3, 4], {"w": f32(3, 4)}),
    }
    failed = 0
    for name, (nodes, shape, out, constants) in mixing.items():
        path = model(folder, name, nodes, shape, out, **constants)
        program = folder / "mixed"
        program.unlink(missing_ok=True)
        result = subprocess.run([driver, "compile", str(path), "-o", str(program)],
                                capture_output=True, text=True)
        if result.returncode != 1 or program.exists() or \
                "first dimension is symbolic" not in result.stderr or \
                "node '" not in result.stderr:
            failed += 1
            print(f"{name}: exit {result.returncode}: {result.stderr}")
    return failed


parser = argparse.ArgumentParser()
parser.add_argument("--octet", required=True)
parser.add_argument("--folder", type=pathlib.Path, required=True)
options = parser.parse_args()
failures = check_sizes(options.octet, options.folder)
failures += check_refusals(options.octet, options.folder)
print(f"batches: {failures} failed")
sys.exit(failures > 0)
