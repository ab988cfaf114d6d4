"""What calibration chooses: how ranges are found, and what stays in f32.

    accuracy.py FOLDER
"""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from expectations import done, expect, finish, folder, octet

F, I64 = TensorProto.FLOAT, TensorProto.INT64
node = helper.make_node
rng = np.random.default_rng(3)


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def save(name, nodes, shape, outputs, **tensors):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", F, ["N", *shape])],
        [helper.make_tensor_value_info(o, t, None) for o, t in outputs.items()],
        [numpy_helper.from_array(v, k) for k, v in tensors.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]),
              folder / name)


def calibrate(name, *flags):
    said = done("calibrate", name, "--data", "d.npz", "-o", "r.json", *flags).stderr
    return json.loads((folder / "r.json").read_text()), said


def sqnr(name, *flags):
    """Of the compiled program's outputs, beside FP32's."""
    done("compile", name, "--precision", "fp32", "-o", "f")
    done("compile", name, "--calib", "d.npz", "-o", "q", *flags)
    done("eval", "f", "q", "--data", "d.npz", "--json", "e.json")
    outputs = json.loads((folder / "e.json").read_text())["programs"][1]["outputs"]
    return {o["name"]: o["sqnr_db"] for o in outputs}


# Channels of the convolution `a` differ by 1000 times, and the depthwise one
# behind it makes them equal: all but one lie below a step of their scale.
CHANNELS = 8
scale = np.logspace(0, -3, CHANNELS).astype(np.float32)[:, None, None, None]
uneven = dict(a=f32(CHANNELS, 3, 3, 3) * scale, b=f32(CHANNELS, 1, 3, 3) / scale,
              **{f"w{i}": f32(CHANNELS, CHANNELS, 1, 1) / 3 for i in range(4)})
NODES = [node("Conv", ["x", "a"], ["wide"], name="first"), node("Relu", ["wide"], ["relu"]),
         node("Conv", ["relu", "b"], ["even"], name="second", group=CHANNELS)]
for i in range(4):
    before = f"y{i - 1}" if i else "even"
    NODES += [node("Conv", [before, f"w{i}"], [f"c{i}"], name=f"conv{i}"), node("Relu", [f"c{i}"], [f"y{i}"])]


def check_uneven():
    save("uneven.onnx", NODES, [3, 12, 12], {"y3": F}, **uneven)
    np.savez(folder / "d.npz", x=f32(24, 3, 12, 12))
    ranges, said = calibrate("uneven.onnx")
    expect(ranges["unrounded"] == ["relu"] and ranges["sqnr_db"]["y3"] > 25, ranges["unrounded"], ranges["sqnr_db"])
    expect(said == "octet: uneven.onnx: note: 1 of 7 values stay in f32 for the outputs' sake; --min-sqnr 0 rounds all of them\n", said)
    reached = sqnr("uneven.onnx")["y3"]
    expect(abs(reached - ranges["sqnr_db"]["y3"]) < 3, "measured", reached, "simulated", ranges["sqnr_db"])
    done("quantize", "uneven.onnx", "--ranges", "r.json", "-o", "q.mlir")
    ir = (folder / "q.mlir").read_text()
    expect("rounding its result would cost outputs too much" in ir and ir.count("!quant.uniform<u8") > 3, ir)
    poor, said = calibrate("uneven.onnx", "--min-sqnr", 0)
    expect("unrounded" not in poor and poor["sqnr_db"]["y3"] < 15 and not said, poor["sqnr_db"], said)
    # More than that where more is asked for, in every command that calibrates.
    more, said = calibrate("uneven.onnx", "--min-sqnr", 50)
    expect(more["sqnr_db"]["y3"] >= 50 and len(more["unrounded"]) > 1 and "warning" not in said, more["sqnr_db"], said)
    reached = sqnr("uneven.onnx", "--min-sqnr", 40)["y3"]
    expect(reached > 38, reached)


def check_few():
    """Where one value is more than a quarter of all, it is rounded; but said to be poor."""
    save("few.onnx", NODES[:3], [3, 12, 12], {"even": F}, a=uneven["a"], b=uneven["b"])
    ranges, said = calibrate("few.onnx")
    expect("unrounded" not in ranges and ranges["sqnr_db"]["even"] < 20, ranges["sqnr_db"])
    expect(said.count("\n") == 1 and "few.onnx: warning: rounded to 8 bits, output 'even' is only" in said and
           "--min-sqnr 20" in said, said)
    calibrate("few.onnx", "--min-sqnr", 20)
    nothing = octet("compile", "few.onnx", "--ranges", "r.json", "-o", "q")
    expect(nothing.returncode == 1 and "nothing would be gained" in nothing.stderr, nothing.stderr)


def check_methods():
    """The better of both methods, unless one is given."""
    w = f32(4, 3, 1, 1)
    save("one.onnx", [node("Conv", ["x", "w"], ["c"], name="conv"), node("Relu", ["c"], ["y"])], [3, 12, 12], {"y": F}, w=w)
    for x, method in ((rng.uniform(-1, 1, (24, 3, 12, 12)).astype(np.float32), None), (f32(24, 3, 12, 12) ** 3, "mse")):
        np.savez(folder / "d.npz", x=x)
        found = {m: calibrate("one.onnx", *(["--method", m] if m else []))[0] for m in (None, "minmax", "mse", "percentile")}
        expect(found[None].get("method") == method, found[None].get("method"), "chosen instead of", method)
        best = max(found[m]["sqnr_db"]["y"] for m in ("minmax", "mse"))
        expect(found[None]["sqnr_db"]["y"] > best - 0.5, [f["sqnr_db"] for f in found.values()])
        expect(found["minmax"].get("method") is None and found["mse"]["method"] == "mse" and
               found["percentile"]["percentile"] == 99.999)


def check_classes():
    """Numbers of classes are not judged by their distance."""
    save("argmax.onnx", [*NODES[:3], node("ArgMax", ["even"], ["k"], axis=1, keepdims=0)], [3, 12, 12], {"k": I64}, a=uneven["a"], b=uneven["b"])
    np.savez(folder / "d.npz", x=f32(4, 3, 12, 12))
    ranges, said = calibrate("argmax.onnx", "--min-sqnr", 30)
    expect(ranges["sqnr_db"] == {} and "warning" not in said, ranges["sqnr_db"], said)


def check_misuse():
    for flags, pattern in ((["--min-sqnr", "x", "--calib", "d.npz"], "a number from 0 to 100"),
                           (["--min-sqnr", "nan", "--calib", "d.npz"], "a number from 0 to 100"),
                           (["--min-sqnr", "101", "--calib", "d.npz"], "a number from 0 to 100"),
                           (["--min-sqnr", "20", "--ranges", "r.json"], "goes with --calib")):
        result = octet("compile", "uneven.onnx", *flags, "-o", "none")
        expect(result.returncode == 2 and pattern in result.stderr and not (folder / "none").exists(), flags, result.stderr)


check_uneven()
check_few()
check_methods()
check_classes()
check_misuse()
finish("accuracy")
