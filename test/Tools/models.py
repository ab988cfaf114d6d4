"""Fixed dimensions and cuts in every command: programs and ranges must be what
they are of a model that is so; and what inspect says of a model.

    models.py FOLDER
"""

import json
import re

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from expectations import done, expect, finish, folder, octet

F, I64 = TensorProto.FLOAT, TensorProto.INT64
node = helper.make_node
rng = np.random.default_rng(3)


def refused(status, pattern, *arguments):
    """One sentence, nothing on stdout."""
    result = octet(*arguments)
    expect(result.returncode == status and result.stderr.count("\n") == 1 and
           not result.stdout and re.search(pattern, result.stderr),
           arguments, result.returncode, result.stderr, result.stdout[:200])


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def save(name, nodes, inputs, outputs, functions=(), **constants):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(k, *v) for k, v in inputs.items()],
        [helper.make_tensor_value_info(k, t, None) for k, t in outputs.items()],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()])
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    onnx.save(helper.make_model(graph, opset_imports=imports, functions=functions,
                                ir_version=8), folder / name)


def run(program, arrays, *flags):
    np.savez(folder / "x.npz", **arrays)
    done("run", program, *flags, "--input", "x.npz", "-o", "y.npz")
    with np.load(folder / "y.npz") as y:
        return {k: y[k] for k in y.files}


W = f32(4, 3, 3, 3)
save("net.onnx", [node("Conv", ["x", "w"], ["c"], name="conv", pads=[1] * 4),
                  node("Relu", ["c"], ["r"], name="relu"),
                  node("GlobalAveragePool", ["r"], ["p"], name="pool"),
                  node("Flatten", ["p"], ["y"], name="flat")],
     {"x": (F, ["N", 3, "height", "width"])}, {"y": F}, w=W)
PIN = ["--shape", "x=1x3x8x10"]
NAMED = ["--dim", "height=8", "--dim=width=10"]


def check_commands():
    """Every command takes them, and makes the same of both forms."""
    x = f32(6, 1, 3, 8, 10)
    np.savez(folder / "d.npz", x=x)
    np.savez(folder / "n.npz", x=x[:, 0])
    expect("tensor<1x3x8x10xf32> {octet.name = \"x\"})" in done("import", "net.onnx", *PIN).stdout)
    expect("octet.symbolic_batch" in done("import", "net.onnx", *NAMED).stdout)
    done("calibrate", "net.onnx", *PIN, "--data", "d.npz", "-o", "r.json")
    done("calibrate", "net.onnx", *NAMED, "--batch", 4, "--data", "n.npz", "-o", "n.json")
    ranges, named = (json.loads((folder / f).read_text()) for f in ("r.json", "n.json"))
    expect(ranges["tensors"] == named["tensors"] and ranges["model_hash"] == named["model_hash"],
           "ranges know how a shape was given")
    done("quantize", "net.onnx", *PIN, "--ranges", "r.json", "-o", "q.mlir")
    done("compile", "net.onnx", *PIN, "--precision", "fp32", "-o", "p")
    done("compile", "net.onnx", *NAMED, "-o", "batched")
    # Ranges fit whatever the shape.
    done("compile", "net.onnx", "--shape", "x=2x3x12x16", "--ranges", "r.json", "-o", "larger")
    right = run("p", {"x": x})["y"]
    expect(right.shape == (6, 1, 4), right.shape)
    for program, flags, data in (("net.onnx", PIN, x), ("net.onnx", NAMED, x[:, 0]), ("batched", [], x[:, 0])):
        y = run(program, {"x": data}, *flags)["y"]
        expect(y.tobytes() == right.tobytes(), program, flags)
    # A program beside a model: the flags are the model's.
    np.savez(folder / "e.npz", x=x)
    done("eval", "net.onnx", "p", *PIN, "--data", "e.npz", "--json", "e.json")
    expect(json.loads((folder / "e.json").read_text())["agreement"] == 100)
    done("bench", "net.onnx", "p", *PIN, "--runs", 20)


def check_outputs():
    full = run("net.onnx", {"x": f32(2, 1, 3, 8, 10)}, *PIN, "--output", "r", "--output", "y", "--output", "c")
    expect(list(full) == ["r", "y", "c"], list(full))
    expect(np.array_equal(full["r"], np.maximum(full["c"], 0)) and
           np.allclose(full["y"], full["r"].mean((3, 4)), atol=1e-6))
    # What feeds other outputs alone is never judged: nodes, inputs, types.
    branch = helper.make_graph([node("Mul", ["v", "v"], ["inner"])], "then", [], [helper.make_tensor_value_info("inner", F, None)])
    other = helper.make_graph([node("Neg", ["x"], ["else"])], "else", [], [helper.make_tensor_value_info("else", F, None)])
    called = helper.make_function("local", "Twice", ["a"], ["b"], [node("Abs", ["a"], ["within"]), node("Add", ["within", "a"], ["b"])],
                                  [helper.make_opsetid("", 17)])
    save("many.onnx", [node("Relu", ["x"], ["a"]), node("Unique", ["u"], ["b"], name="odd"),
                       node("Constant", [], ["k"], value_float=2.0), node("Mul", ["k", "w"], ["folded"]),
                       node("If", ["yes"], ["chosen"], name="if", then_branch=branch, else_branch=other),
                       node("Twice", ["a"], ["twice"], domain="local"), node("Neg", ["z"], ["z2"])],
         {"x": (F, [2, 4]), "u": (TensorProto.STRING, ["A", "B"]), "v": (F, [2, 4]), "z": (F, None)},
         {"b": F, "z2": F, "chosen": F, "twice": F, "a": F}, [called], yes=np.array(True), w=np.float32(3))
    data = {"x": f32(2, 4), "v": f32(2, 4)}
    y = run("many.onnx", {"x": data["x"]}, "--output", "twice", "--output", "x", "--output", "a")
    a = np.maximum(data["x"], 0)
    expect(list(y) == ["twice", "x", "a"] and all(map(np.array_equal, y.values(), (2 * a, data["x"], a))), y)
    # The branch reads an input that no node names. The other branch may be taken, too, until it is built.
    y = run("many.onnx", data, "--output", "chosen")
    expect(np.allclose(y["chosen"], data["v"] ** 2), y)
    expect("tensor<2x4xf32> {octet.name = \"v\"}" not in done("import", "many.onnx", "--output", "a").stdout)
    # Types are the model's: of inputs and outputs always, of others where they fit.
    save("half.onnx", [node("Relu", ["x"], ["h"]), node("Neg", ["h"], ["g"]), node("Abs", ["g"], ["y"])],
         {"x": (TensorProto.FLOAT16, [2])}, {"y": TensorProto.FLOAT16})
    half = onnx.load(folder / "half.onnx")
    half.graph.value_info.extend([helper.make_tensor_value_info("h", TensorProto.FLOAT16, [9]),
                                  helper.make_tensor_value_info("g", I64, None)])
    onnx.save(half, folder / "half.onnx")
    y = run("half.onnx", {"x": np.float16([-1, 2])}, *(f for v in "xhgy" for f in ("--output", v)))
    expect([str(v.dtype) for v in y.values()] == ["float16", "float16", "float32", "float16"] and
           [v.tolist() for v in y.values()] == [[-1, 2], [0, 2], [0, -2], [0, 2]], y)
    for name, why in (("k", "node 'k': this output is a constant"), ("folded", "is a constant"), ("w", "is a constant of the model"),
                      ("inner", "inside a branch or body of If node 'if'"), ("within", "inside function 'Twice'"),
                      ("twice/within", "inside function 'Twice'"), ("chosn", r"does not compute \(did you mean chosen\?\)"),
                      ("nothing at all", "does not compute$"), ("b", "Unique|input 'u'|node 'u'")):
        refused(1, why, "import", "many.onnx", "--output", name)


def check_refusals():
    save("pair.onnx", [node("Add", ["a b", "c"], ["s"]), node("Add", ["s", "d"], ["y"])],
         {"a b": (F, ["N", "M"]), "c": (F, ["N", None]), "d": (F, None)}, {"y": F})
    refused(1, "node 'a b': dimension 1 of the input is unknown, and so are dimensions of 'c', 'd'; give --shape 'a b'=1xL "
            "--shape c=1xL --shape d=D0xD1x...", "compile", "pair.onnx")
    for command in (["import"], ["calibrate", "--data", "d.npz"], ["quantize", "--calib", "d.npz"], ["compile"],
                    ["run", "--input", "d.npz", "-o", "y"], ["eval", "--data", "d.npz"], ["bench"], ["inspect"]):
        name, *rest = command
        refused(1, "no such input; its inputs are 'x'", name, "net.onnx", *rest, "--shape", "image=1x3x8x10")
        refused(1, "--dim is for .onnx models: a graph has its shapes already", name, "q.mlir", *rest, "--dim", "N=1")
    for command in (["run", "--input", "d.npz", "-o", "y"], ["eval", "--data", "d.npz"], ["bench"], ["inspect"]):
        refused(1, "--output is for .onnx models: a program has its outputs already", command[0], "p", *command[1:], "--output", "y")
    refused(1, "--batch is for a symbolic first dimension", "import", "net.onnx", *PIN, "--batch", "2")
    refused(2, "at most 16 dimensions", "import", "net.onnx", "--shape", "x=" + "x".join("1" * 17))
    refused(2, "'run' needs -o FILE", "run", "p", "--input", "x.npz", "--output", "y.npz")


def check_inspect():
    """A model is described before anything is compiled, also one that is refused."""
    def inspect(status, *arguments):
        (folder / "i.json").unlink(missing_ok=True)
        result = octet("inspect", *arguments, "--json", "i.json")
        expect(result.returncode == status and (status == 0) == (not result.stderr) and result.stderr.count("\n") == status,
               arguments, result.returncode, result.stderr)
        return result, json.loads((folder / "i.json").read_text())
    result, report = inspect(0, "net.onnx", *NAMED)
    expect(report["inputs"] == [{"name": "x", "type": "float", "shape": ["N", 3, 8, 10], "batch": True,
                                 "pin": "--shape x=1x3x8x10 or --dim N=N"}], report["inputs"])
    expect(report["outputs"] == [{"name": "y", "type": "float", "shape": ["batch", 4]}], report["outputs"])
    expect([(o["name"], o["count"], o["supported"]) for o in report["operators"]] ==
           [("Conv", 1, True), ("Flatten", 1, True), ("GlobalAveragePool", 1, True), ("Relu", 1, True)], report["operators"])
    expect(report["macs"] == 8 * 10 * 4 * 27 and report["int8_macs_percent"] == 100 and report["blocked_by"] == [], report)
    expect("fixed by --shape x=1x3x8x10" in result.stdout and "INT8" in result.stdout, result.stdout)
    # As the program says itself, once it is calibrated.
    save("mixed.onnx", [node("Conv", ["x", "w"], ["c"], name="conv"), node("Softmax", ["c"], ["s"], name="soft", axis=1),
                        node("MatMul", ["s", "s"], ["y"], name="square")],
         {"x": (F, [1, 3, 6, "W"])}, {"y": F}, w=W)
    pins = ["--dim", "W=6"]
    result, report = inspect(0, "mixed.onnx", *pins)
    np.savez(folder / "c.npz", x=f32(4, 1, 3, 6, 6))
    done("compile", "mixed.onnx", *pins, "--calib", "c.npz", "-o", "mixed")
    done("inspect", "mixed", "--json", "m.json")
    program = json.loads((folder / "m.json").read_text())
    expect(report["macs"] == program["macs"] and abs(report["int8_macs_percent"] - program["int8_macs_percent"]) < 1e-3,
           report, program)
    floats = {l["op"]: l["note"] for l in report["layers"] if l["precision"] == "fp32"}
    expect(floats.get("softmax") == "has no integer form" and any(l["op"] == "matmul" and l["note"] for l in report["layers"]), report["layers"])
    # What is in the way, all of it.
    result, report = inspect(1, "net.onnx")
    expect("dimension 2 of the input is unknown" in report["blocked_by"][0] and report["inputs"][0]["pin"].endswith("--dim width=N"), report)
    save("odd.onnx", [node("Unique", ["x"], ["u"], name="odd"), node("Unique", ["u"], ["v"]), node("Relu", ["v"], ["y"])],
         {"x": (F, ["N", "M"])}, {"y": F})
    result, report = inspect(1, "odd.onnx")
    expect(len(report["blocked_by"]) == 2 and "Unique" in report["blocked_by"][1] and
           {"name": "Unique", "count": 2, "supported": False, "first": "odd"} in report["operators"], report)
    result, report = inspect(1, "odd.onnx", "--dim", "M=3")
    expect(len(report["blocked_by"]) == 1 and "in the way" in result.stdout, report)
    # Of the outputs that are asked for alone.
    result, report = inspect(0, "odd.onnx", "--output", "x", "--dim", "M=3")
    expect(report["operators"] == [] and [o["name"] for o in report["outputs"]] == ["x"], report)
    result, report = inspect(0, "many.onnx", "--output", "chosen")
    expect({"name": "Mul", "count": 1, "supported": True, "first": "inner"} in report["operators"], report)
    # Names of any bytes.
    path = folder / "odd.onnx"
    path.write_bytes(path.read_bytes().replace(b"Unique", b"\xff\xfeique").replace(b"odd", b"\x80dd"))
    result, report = inspect(1, "odd.onnx", "--dim", "M=3")
    expect("\ufffd" in report["operators"][1]["name"], report)
    refused(1, "not an ONNX model", "inspect", "d.onnx")
    refused(1, "cannot read the model", "inspect", "none.onnx")
    refused(1, "--target is for programs", "inspect", "net.onnx", "--target", "generic")


check_commands()
check_outputs()
check_refusals()
(folder / "d.onnx").write_bytes(b"no model")
check_inspect()
finish("models")
