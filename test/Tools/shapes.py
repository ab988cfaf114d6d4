"""--shape, --dim and --output: what is computed, and what is refused.

What is taken must agree with ONNX Runtime; what is refused must be refused in
one sentence.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(3)
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), name=f"n_{outputs}", **attributes)


def model(nodes, inputs, outputs, infos=(), **initializers):
    def make(entries):
        return [helper.make_tensor_value_info(*e) for e in entries]
    graph = helper.make_graph(
        nodes, "g", make(inputs), make(outputs),
        [numpy_helper.from_array(np.asarray(v), k) for k, v in initializers.items()],
        value_info=make(infos))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


WEIGHTS = RNG.standard_normal((2, 3, 3, 3)).astype(np.float32)
IMAGE = model([node("Conv", "x w", "c", pads=[1, 1, 1, 1]), node("Relu", "c", "r"),
               node("GlobalAveragePool", "r", "y")],
              [("x", FLOAT, ["N", 3, "height", "width"])], [("y", FLOAT, ["N", 2, 7, 7])],
              [("r", FLOAT, ["N", 2, 9, 9])], w=WEIGHTS)
# Names as exporters make them; both inputs share a dimension.
NAMED = model([node("Add", "a:0 b=1", "s"), node("Mul", "s k", "y")],
              [("a:0", FLOAT, ["N", "seq"]), ("b=1", FLOAT, ["N", "seq"]), ("k", FLOAT, [])],
              [("y", FLOAT, None)])
# One output needs an operator that nobody has, and an input of strings.
PARTLY = model([node("Relu", "x", "h"), node("Exp", "h", "good"), node("Unique", "h", "bad"),
                node("Shape", "x", "size"), node("StringNormalizer", "t", "text")],
               [("x", FLOAT, [2, 3]), ("t", TensorProto.STRING, ["K", "L"])],
               [("bad", FLOAT, None), ("good", FLOAT, None), ("text", TensorProto.STRING, None)],
               w=np.ones(3, np.float32))
LATER = model([node("Relu", "x", "y")], [("x", FLOAT, [3, "N"])], [("y", FLOAT, None)])
NAMELESS = model([node("Relu", "x", "y")], [("x", FLOAT, [3, None, None])], [("y", FLOAT, None)])
ZERO = model([node("Relu", "x", "y")], [("x", FLOAT, [2, 0])], [("y", FLOAT, None)])
RANKLESS = model([node("Relu", "x", "y")], [("x", FLOAT, None)], [("y", FLOAT, None)])

# model, flags, shapes of inputs, outputs
TAKEN = [
    (IMAGE, ["--shape", "x=1x3x8x6"], {"x": (1, 3, 8, 6)}, ["y"]),
    (IMAGE, ["--shape=x=2x3x8x6"], {"x": (2, 3, 8, 6)}, ["y"]),
    (IMAGE, ["--dim", "height=5", "--dim=width=4"], {"x": (3, 3, 5, 4)}, ["y"]),
    (IMAGE, ["--dim", "N=2", "--dim", "height=5", "--dim", "width=4"], {"x": (2, 3, 5, 4)}, ["y"]),
    (IMAGE, ["--shape", "x=1x3x8x6", "--shape", "x=1x3x8x6", "--dim", "width=6"], {"x": (1, 3, 8, 6)}, ["y"]),
    (IMAGE, ["--shape", "x=1x3x8x6", "--output", "r", "--output", "c", "--output", "y"],
     {"x": (1, 3, 8, 6)}, ["r", "c", "y"]),
    (NAMED, ["--shape", "a:0=2x4", "--shape", "b=1=2x4", "--shape", "k="],
     {"a:0": (2, 4), "b=1": (2, 4), "k": ()}, ["y"]),
    (NAMED, ["--shape", "a:0=2x4"], {"a:0": (2, 4), "b=1": (2, 4), "k": ()}, ["y"]),
    (NAMED, ["--dim", "seq=4", "--output", "s"], {"a:0": (3, 4), "b=1": (3, 4)}, ["s"]),
    (PARTLY, ["--output", "good"], {"x": (2, 3)}, ["good"]),
    (PARTLY, ["--output", "good", "--output", "h"], {"x": (2, 3)}, ["good", "h"]),
    (LATER, ["--dim", "N=5"], {"x": (3, 5)}, ["y"]),
    (RANKLESS, ["--shape", "x=2x3"], {"x": (2, 3)}, ["y"]),
    (RANKLESS, ["--shape", "x="], {"x": ()}, ["y"]),
]

# model, flags, status, what the sentence says
REFUSED = [
    (IMAGE, [], 1, r"node 'x': dimension 2 of the input is unknown; give --shape x=1x3xHxW or --dim height=N --dim width=N"),
    (IMAGE, ["--dim", "width=6"], 1, r"dimension 2 of the input is unknown; give --shape x=1x3x\w+x6 or --dim height=N"),
    (NAMED, [], 1, r"of the input is unknown, and so are dimensions of 'b=1'; give --shape a:0=1x\w+ --shape b=1=1x\w+ or --dim seq=N"),
    (NAMELESS, [], 1, r"give --shape x=3x\w+x\w+"),
    (NAMELESS, ["--dim", "N=2"], 1, "no input has a dimension of this name"),
    (RANKLESS, [], 1, "rank is unknown; give --shape x="),
    (IMAGE, ["--shape", "X=1x3x8x6"], 1, r"no such input \(did you mean x\?\)"),
    (IMAGE, ["--shape", "w=2x3x3x3"], 1, "a constant of the model"),
    (IMAGE, ["--shape", "x=1x3x8"], 1, r"the input has 4: give --shape x=\wx3xHxW"),
    (IMAGE, ["--shape", "x="], 1, r"the input has 4: give --shape x=\wx3xHxW"),
    (IMAGE, ["--shape", "x=1x4x8x6"], 1, "the model fixes dimension 1 of the input at 3"),
    (ZERO, [], 1, "dimension 1 of the input is 0, not a positive number"),
    (ZERO, ["--shape", "x=2x2"], 1, "the model fixes dimension 1 of the input at 0"),
    (IMAGE, ["--dim", "heigth=8"], 1, r"no input has a dimension of this name \(did you mean height\?\)"),
    (IMAGE, ["--shape", "x=1x3x8x6", "--dim", "width=7"], 1, "dimension 'width'.*; give it one size"),
    # An input may use a name for another size than the rest; what reads it may not.
    (NAMED, ["--shape", "a:0=1x4", "--shape", "b=1=1x5"], 1, "dimension 'seq'.*; give it one size|'n_s': Add: "),
    (IMAGE, ["--dim", "height=1000000", "--dim", "width=1000000"], 1, r"more than 2\^31 elements"),
    (IMAGE, ["--shape", "x=1x3x8x6", "--output", "relu"], 1, "'relu', which the model does not compute"),
    (IMAGE, ["--shape", "x=1x3x8x6", "--output", "w"], 1, "'w', which is a constant of the model"),
    (PARTLY, ["--output", "gode"], 1, r"'gode', which the model does not compute \(did you mean good\?\)"),
    (PARTLY, ["--output", "size"], 1, "'size': this output is a constant"),
    (PARTLY, ["--output", "bad"], 1, "1 operator is not supported: Unique"),
    (IMAGE, ["--shape", "x=1x3x8x6", "--shape", "x=1x3x8x7"], 2, "given another shape before"),
    (IMAGE, ["--dim", "N=1", "--dim", "N=2"], 2, "given another size before"),
    (IMAGE, ["--output", "y", "--output", "y"], 2, "given twice"),
    (IMAGE, ["--output", ""], 2, "give the name of a value"),
    *((IMAGE, ["--shape", f"x={shape}"], 2, "at least 1") for shape in ("1x3x0x6", "1x3x-8x6", "4294967296x4294967296x0")),
    *((IMAGE, ["--shape", f"x={shape}"], 2, "sizes are whole numbers")
      for shape in ("1x3xHxW", "1x3x", "x", "1,3,8,6", "1x3x8.0x6", " 1x3", "+1x3", "1X3")),
    *((IMAGE, ["--shape", f"x={shape}"], 2, r"at most 2\^31 elements")
      for shape in ("1x3x40000x40000", "99999999999999999999999")),
    *((IMAGE, ["--shape", text], 2, "give an input's name and shape") for text in ("", "x", "1x3x8x6", "=1x3")),
    *((IMAGE, ["--dim", text], 2, "give a dimension's name and size") for text in ("", "N", "=1", "N=")),
    *((IMAGE, ["--dim", text], 2, "at least 1|whole numbers|2\\^31 elements") for text in
      ("N=0", "N=-1", "N=1x2", "N=2147483649", "N=99999999999999999999999")),
]


def octet(*arguments):
    return subprocess.run(["octet", *map(str, arguments)], capture_output=True, text=True, timeout=300)


def one_sentence(result, status, pattern):
    lines = result.stderr.splitlines()
    assert result.returncode == status and len(lines) == 1 and not result.stdout, \
        f"status {result.returncode}: {result.stderr[:600]}"
    assert re.search(pattern, lines[0]), lines[0]


def taken(folder, made, flags, shapes, outputs):
    path, program = folder / "m.onnx", folder / "p"
    onnx.save(made, path)
    feeds = {name: RNG.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    np.savez(folder / "x.npz", **feeds)
    for arguments in (["compile", path, "--target", "generic", "-o", program, *flags],
                      ["run", program, "--input", folder / "x.npz", "-o", folder / "y.npz"]):
        result = octet(*arguments)
        assert not result.returncode, result.stderr
    whole = onnx.ModelProto()
    whole.CopyFrom(made)
    for name in ("output", "value_info"):
        whole.graph.ClearField(name)
    whole.graph.output.extend(helper.make_tensor_value_info(o, FLOAT, None) for o in outputs)
    if made is PARTLY:
        del whole.graph.node[4], whole.graph.node[2], whole.graph.input[1]
    for i in whole.graph.input:
        if not i.type.tensor_type.HasField("shape"):
            i.type.tensor_type.shape.SetInParent()
            for size in shapes[i.name]:
                i.type.tensor_type.shape.dim.add().dim_value = size
    for i in whole.graph.input:
        feeds.setdefault(i.name, np.array(1, np.float32))
    expected = onnxruntime.InferenceSession(whole.SerializeToString()).run(outputs, feeds)
    with np.load(folder / "y.npz") as actual:
        assert list(actual) == outputs, f"outputs {list(actual)}"
        for name, value in zip(outputs, expected):
            assert actual[name].shape == value.shape, f"{name} has shape {actual[name].shape}"
            np.testing.assert_allclose(actual[name], value, rtol=1e-5, atol=1e-6)


def refused(folder, made, flags, status, pattern):
    onnx.save(made, folder / "m.onnx")
    one_sentence(octet("import", folder / "m.onnx", *flags), status, pattern)


def commands(folder):
    """Every command that takes a model takes the flags, for models only."""
    path, graph, program = folder / "m.onnx", folder / "m.mlir", folder / "p"
    onnx.save(IMAGE, path)
    shape = ["--shape", "x=1x3x8x6"]
    np.savez(folder / "d.npz", x=RNG.standard_normal((4, 3, 8, 6)).astype(np.float32),
             labels=np.zeros(4, np.int64))
    data = folder / "d.npz"
    for arguments in (["import", path, *shape, "-o", graph],
                      ["compile", path, *shape, "-o", program],
                      ["calibrate", path, *shape, "--data", data, "-o", folder / "r.json"],
                      ["quantize", path, *shape, "--calib", data],
                      ["run", path, *shape, "--output", "r", "--input", data, "-o", folder / "y.npz"],
                      ["eval", path, program, *shape, "--data", data],
                      ["bench", path, program, *shape, "--runs", "2"],
                      ["inspect", path, *shape]):
        result = octet(*arguments)
        assert not result.returncode, f"{arguments}: {result.stderr}"
    for flag, value in (shape, ("--dim", "N=1"), ("--output", "y")):
        for arguments in (["import", graph], ["inspect", program], ["bench", program, graph]):
            one_sentence(octet(*arguments, flag, value), 1, f"{flag} is for .onnx models")


def inspected(folder):
    """What is said of a model before it is compiled, and of one that cannot be."""
    path, report = folder / "m.onnx", folder / "r.json"
    onnx.save(IMAGE, path)
    result = octet("inspect", path, "--shape", "x=1x3x8x6", "--output", "r", "--json", report)
    assert not result.returncode and not result.stderr, result.stderr
    said = json.loads(report.read_text())
    assert [(i["name"], i["shape"], i["batch"]) for i in said["inputs"]] == [("x", [1, 3, 8, 6], False)], said
    assert [(o["name"], o["shape"]) for o in said["outputs"]] == [("r", [1, 2, 8, 6])], said
    assert {o["name"]: (o["count"], o["supported"]) for o in said["operators"]} == {
        "Conv": (1, True), "Relu": (1, True)}, said
    assert not said["blocked_by"] and said["int8_macs_percent"] == 100, said
    assert said["macs"] == 8 * 6 * 2 * 27, said
    onnx.save(PARTLY, path)
    result = octet("inspect", path, "--output", "bad", "--output", "good", "--json", report)
    said = json.loads(report.read_text())
    assert result.returncode == 1 and "Unique" in " ".join(said["blocked_by"]), said
    assert {o["name"]: o["supported"] for o in said["operators"]} == {
        "Relu": True, "Exp": True, "Unique": False}, said


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        cases = [(taken, *case) for case in TAKEN] + [(refused, *case) for case in REFUSED] + [(commands,), (inspected,)]
        for check, *case in cases:
            try:
                check(folder, *case)
            except Exception as e:  # report every case
                failed += 1
                print(f"{check.__name__} {case[1:]}: {' '.join(str(e).split())[:800]}")
    print(f"shapes: {len(cases) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
