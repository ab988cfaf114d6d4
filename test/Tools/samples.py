"""Samples: what arrays of which shapes mean to run, eval and calibrate; judging
by labels and by output.

    samples.py --octet BIN --folder DIR
"""

import argparse
import json
import pathlib
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

parser = argparse.ArgumentParser()
parser.add_argument("--octet", required=True)
parser.add_argument("--folder", type=pathlib.Path, required=True)
options = parser.parse_args()
folder = options.folder
rng = np.random.default_rng(5)
failed = 0


def expect(good, *what):
    global failed
    if not good:
        failed += 1
        print(*what, flush=True)


def call(*command):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=300)


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def compiled(name, nodes, inputs, outputs, *flags, **constants):
    """A program of a network: inputs and outputs by name and shape."""
    graph = helper.make_graph(
        nodes, name,
        [helper.make_tensor_value_info(k, t, s) for k, (t, s) in inputs.items()],
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, s) for k, s in outputs.items()],
        [numpy_helper.from_array(v, k) for k, v in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, folder / f"{name}.onnx")
    result = call(options.octet, "compile", folder / f"{name}.onnx", *flags, "-o", folder / name)
    expect(result.returncode == 0, name, result.stderr)
    return folder / name


def run(program, **arrays):
    """The outputs, or the refusal."""
    np.savez(folder / "x.npz", **arrays)
    out = folder / "y.npz"
    out.unlink(missing_ok=True)
    result = call(program, "run", "--input", folder / "x.npz", "-o", out)
    if result.returncode == 0:
        with np.load(out) as y:
            return {k: y[k] for k in y.files}
    expect(result.returncode == 1 and not out.exists(), program, result.returncode)
    return result.stderr


def gives(program, right, **arrays):
    y = run(program, **arrays)
    for k, v in right.items():
        expect(isinstance(y, dict) and y[k].shape == v.shape and np.allclose(y[k], v, 1e-5, 1e-6),
               program, {a: x.shape for a, x in arrays.items()}, y)


def refuses(program, texts, **arrays):
    y = run(program, **arrays)
    expect(isinstance(y, str) and y.count("\n") == 1 and all(t in y for t in texts),
           program, texts, y)


F, U8 = TensorProto.FLOAT, TensorProto.UINT8
node = helper.make_node


def check_shapes():
    # A mean over the batch shows which rows were there.
    mean = compiled("mean", [node("ReduceMean", ["x"], ["m"], axes=[0]), node("Sub", ["x", "m"], ["y"])],
                    {"x": (F, [4, 6])}, {"y": [4, 6]})
    x = f32(8, 6)
    right = np.concatenate([x[:4] - x[:4].mean(0), x[4:] - x[4:].mean(0)])
    gives(mean, {"y": right}, x=x)
    gives(mean, {"y": right[:4]}, x=x[:4])
    gives(mean, {"y": right.reshape(2, 4, 6)}, x=x.reshape(2, 4, 6))
    for bad in (x[:3], x[:1], x[:0], x[:6], x[0], x.reshape(8, 3, 2), x[:, :5]):
        refuses(mean, ["array 'x' has shape", "[4, 6]", "[samples, 4, 6]", "[samples * 4, 6]"], x=bad)

    # Outputs that begin with another dimension, or have none.
    w = f32(20, 7)
    gram = compiled("gram", [node("Gemm", ["x", "w"], ["y"], transA=1)], {"x": (F, [20, 5])}, {"y": [5, 7]}, w=w)
    x = f32(3, 20, 5)
    gives(gram, {"y": x.transpose(0, 2, 1) @ w}, x=x)
    gives(gram, {"y": x[0].T @ w}, x=x[0])
    gives(gram, {"y": (x.transpose(0, 2, 1) @ w).reshape(15, 7)}, x=x.reshape(60, 5))
    refuses(gram, ["[50, 5]", "[20, 5]", "[samples, 20, 5]"], x=x.reshape(60, 5)[:50])

    # Several inputs.
    pair = compiled("pair", [node("Add", ["a", "b"], ["y"])],
                    {"a": (F, [1, 3]), "b": (F, [10, 3])}, {"y": [10, 3]})
    a, b = f32(4, 1, 3), f32(4, 10, 3)
    gives(pair, {"y": a + b}, a=a, b=b)
    gives(pair, {"y": a[0] + b[0]}, a=a[0], b=b[0])
    refuses(pair, ["'b' has shape [10, 3]", "[4, 10, 3]"], a=a, b=b[0])
    refuses(pair, ["'b' has shape [3, 10, 3]", "[4, 10, 3]"], a=a, b=b[:3])
    refuses(pair, ["'a' has shape [2, 3]"], a=f32(2, 3), b=f32(2, 3))

    # A symbolic batch, with and beside an input that is the same for all.
    shared = compiled("shared", [node("Mul", ["x", "s"], ["y"])], {"x": (F, ["N", 3]), "s": (F, [3])},
                      {"y": ["N", 3]}, "--batch", "4")
    for n in (1, 3, 4, 9):
        x, s = f32(n, 3), f32(3)
        gives(shared, {"y": x * s}, x=x, s=s)
    refuses(shared, ["'x' has shape [9, 1, 3]", "[samples, 3]"], x=f32(9, 1, 3), s=f32(3))
    refuses(shared, ["'s' has shape [9, 3]", "[3]"], x=f32(9, 3), s=f32(9, 3))

    # Bytes.
    image = compiled("image", [node("Cast", ["x"], ["f"], to=F), node("Mul", ["f", "c"], ["y"])],
                     {"x": (U8, [2, 3])}, {"y": [2, 3]}, c=np.float32([[0.5]]))
    x = np.arange(250, 256).reshape(2, 3)
    for dtype in (np.uint8, np.int64, np.uint16, np.float32):
        gives(image, {"y": x / 2}, x=x.astype(dtype))
    refuses(image, ["element 3 of array 'x' is 300", "uint8"], x=np.where(x == 253, 300, x))
    refuses(image, ["element 0 of array 'x' is -1", "uint8"], x=np.full((2, 3), -1))

    # More inputs than fit any fixed table.
    names = [f"x{i}" for i in range(70)]
    many = compiled("many", [node("Concat", names, ["y"], axis=1)],
                    {k: (F, [1, 2]) for k in names}, {"y": [1, 140]})
    arrays = {k: f32(3, 2) for k in names}
    gives(many, {"y": np.concatenate(list(arrays.values()), 1)}, **arrays)


def check_calibration():
    nodes = [node("Conv", ["x", "w"], ["c"]), node("Relu", ["c"], ["y"])]
    weights = {"w": f32(4, 2, 1, 1)}
    compiled("fixed", nodes, {"x": (F, [2, 2, 5, 5])}, {"y": [2, 4, 5, 5]}, **weights)
    compiled("free", nodes, {"x": (F, ["N", 2, 5, 5])}, {"y": ["N", 4, 5, 5]}, **weights)
    x = f32(6, 2, 5, 5)

    def calibrate(name, *flags, **arrays):
        np.savez(folder / "c.npz", **arrays)
        out = folder / "r.json"
        out.unlink(missing_ok=True)
        result = call(options.octet, "calibrate", folder / f"{name}.onnx", "--data", folder / "c.npz",
                      *flags, "-o", out)
        return result, json.loads(out.read_text()) if out.exists() else None

    forms = [calibrate("fixed", x=x)[1], calibrate("fixed", x=x.reshape(3, 2, 2, 5, 5))[1],
             calibrate("free", x=x)[1], calibrate("free", "--batch", "4", x=x)[1],
             calibrate("free", "--batch", "4", x=x[::-1])[1]]
    for ranges in forms:
        expect(ranges and ranges["version"] == 2 and ranges["tensors"] == forms[0]["tensors"],
               "calibration depends on the form of its data")
    expect([r["samples"] for r in forms] == [3, 3, 6, 6, 6], "calibration counts other samples")
    result, ranges = calibrate("fixed", x=x[:5])
    expect(result.returncode == 1 and ranges is None and "[5, 2, 5, 5]" in result.stderr, result.stderr)
    # Rows of zeros in front leave the bins as they are.
    zeros = np.concatenate([np.zeros_like(x), x])
    first, last = (calibrate("free", x=d)[1]["tensors"] for d in (zeros, zeros[::-1]))
    expect(first == last, "rows of zeros show in the ranges")
    result, ranges = calibrate("free", x=np.zeros_like(x))
    expect(result.returncode == 0 and result.stderr.count("\n") == 1 and "warning" in result.stderr and
           ranges, result.stderr)
    x[4, 1] = np.nan
    result, ranges = calibrate("free", x=x)
    expect(result.returncode == 1 and ranges is None and result.stderr.count("\n") == 1 and
           "array 'x' is NaN in sample 4" in result.stderr, result.stderr)


def check_judging():
    def evaluate(*models, **arrays):
        np.savez(folder / "d.npz", **arrays)
        out = folder / "e.json"
        out.unlink(missing_ok=True)
        result = call(options.octet, "eval", *models, "--data", folder / "d.npz", "--json", out)
        return result, json.loads(out.read_text()) if out.exists() else None

    # Boxes and scores: what is dead in one output shows.
    shapes = {"x": (F, ["N", 4])}, {"boxes": ["N", 4], "scores": ["N", 4]}
    nodes = [node("Mul", ["x", "c"], ["boxes"]), node("Mul", ["x", "d"], ["scores"])]
    good = compiled("good", nodes, *shapes, c=np.float32([640]), d=np.float32([1]))
    dead = compiled("dead", nodes, *shapes, c=np.float32([640]), d=np.float32([-1]))
    x = np.abs(f32(10, 4))
    labels = x.argmax(1)
    result, report = evaluate(good, dead, x=x, labels=labels)
    expect(report is not None, result.stderr)
    first, second = (p["outputs"] for p in report["programs"])
    expect([o["name"] for o in first] == ["boxes", "scores"], first)
    expect(all(o["sqnr_db"] == 999 and o["agreement"] == 100 for o in first), first)
    expect(second[0]["sqnr_db"] == 999 and abs(second[1]["sqnr_db"] + 6.02) < 0.01, second)
    expect(second[0]["agreement"] == 100 and second[1]["agreement"] == 0, second)
    expect(report["agreement"] == 0 and report["sqnr_db"] < 0 and report["samples"] == 10, report)
    expect(report["programs"][1]["top1"] == 100, report)
    expect("scores" in result.stdout and "boxes" in result.stdout, result.stdout)

    # Labels: as many as there are rows, each a class, in driver and program.
    wrong = labels.copy()
    wrong[3] = 4
    for bad, text in ((wrong, "entry 3 of array 'labels' is 4"), (labels - 5, "entry 0"),
                      (labels[:9], "shape [9] and must have shape [10]"),
                      (labels.astype(str), "'labels' has a data type"), (labels + 0.5, "entry 0")):
        result, report = evaluate(good, x=x, labels=bad)
        expect(result.returncode == 1 and report is None and text in result.stderr, text, result.stderr)
        result = call(good, "eval", "--data", folder / "d.npz")
        expect(result.returncode == 1 and text in result.stderr, text, result.stderr)

    # In any shape, beside arrays that are none of ours.
    result, report = evaluate(good, x=x, labels=labels.reshape(10, 1), names=np.array(["a", "b"]),
                              turned=np.asfortranarray(f32(2, 3)))
    expect(report and report["programs"][0]["top1"] == 100, result.stderr)

    # An input of that name is no labels.
    named = compiled("named", [node("Relu", ["labels"], ["y"])], {"labels": (F, ["N", 2])}, {"y": ["N", 2]})
    result, report = evaluate(named, labels=f32(3, 2))
    expect(report and report["samples"] == 3 and "top1" not in report["programs"][0], result.stderr)

    # Of a fixed batch: the rows of what is joined, the samples of what is stacked.
    fixed = compiled("four", [node("Relu", ["x"], ["y"])], {"x": (F, [2, 4])}, {"y": [2, 4]})
    for shape, count in (((10, 4), 10), ((2, 4), 2), ((5, 2, 4), 5)):
        data = x[:np.prod(shape) // 4].reshape(shape)
        right = data.reshape(count, -1).argmax(1)
        result, report = evaluate(fixed, x=data, labels=right)
        expect(report and report["rows"] == count and report["programs"][0]["top1"] == 100,
               shape, result.stderr, report)
        expect(report and report["samples"] == max(1, np.prod(shape) // 8), report)
    # The output begins with time, the samples are in the second dimension.
    turned = compiled("turned", [node("Transpose", ["x"], ["y"], perm=[1, 0, 2])],
                      {"x": (F, [1, 3, 2])}, {"y": [3, 1, 2]})
    data = f32(8, 1, 3, 2)
    result, report = evaluate(turned, x=data, labels=data.reshape(8, 6).argmax(1))
    expect(report and report["samples"] == 8 and report["programs"][0]["top1"] == 100, result.stderr)


check_shapes()
check_calibration()
check_judging()
print(f"samples: {failed} failed")
sys.exit(failed > 0)
