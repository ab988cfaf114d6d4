"""Wrong input of every kind: one sentence, status 1, no output left behind.

    bad_input.py --octet BIN
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def model(nodes, shape=("N", 2, 4, 4), initializers=(), outputs=("y",),
          dtype=TensorProto.FLOAT, opset=17):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", dtype, shape)],
        [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs],
        [numpy_helper.from_array(v, k) for k, v in initializers])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


RELU = helper.make_node("Relu", ["x"], ["y"], name="act")
CONV = helper.make_node("Conv", ["x", "w"], ["y"], name="conv", pads=[1, 1, 1, 1])
WEIGHTS = ("w", np.ones((3, 2, 3, 3), np.float32))


def external(location):
    m = model([CONV], initializers=[WEIGHTS])
    t = m.graph.initializer[0]
    t.ClearField("raw_data")
    t.data_location = TensorProto.EXTERNAL
    t.external_data.add(key="location", value=location)
    return m


# name, model or bytes, what the sentence must say
MODELS = [
    ("empty", b"", "not an ONNX model"),
    ("noise", bytes(range(256)) * 20, "not an ONNX model"),
    ("truncated", model([CONV], initializers=[WEIGHTS]).SerializeToString()[:-40], "not an ONNX model"),
    ("unknown-operator", model([helper.make_node("Unique", ["x"], ["y"], name="odd")]),
     "1 operator is not supported: Unique \\(1 node, 'odd'; the size of its result depends on data\\)"),
    ("sizes-of-run-time", model([helper.make_node("NonZero", ["x"], ["y"], name="odd")]),
     "node 'odd': NonZero: the size of its result depends on data of run time"),
    ("foreign-domain", model([helper.make_node("Relu", ["x"], ["y"], name="odd", domain="com.example")]),
     "not supported: com.example.Relu \\(1 node, 'odd'\\)"),
    ("symbolic-size", model([RELU], ("N", 2, "H", 4)), "node 'x': dimension 2 .*only the first"),
    ("zero-size", model([RELU], (0, 2, 4, 4)), "not a positive number"),
    ("huge", model([RELU], (1, 1 << 20, 1 << 20, 4)), "more than 2\\^31 elements"),
    ("complex-input", model([RELU], dtype=TensorProto.COMPLEX64), "element type"),
    ("cycle", model([helper.make_node("Add", ["x", "y"], ["z"], name="a"),
                     helper.make_node("Relu", ["z"], ["y"], name="b")]),
     "node '[ab]': .*cycle"),
    ("twice", model([RELU, helper.make_node("Tanh", ["x"], ["y"], name="again")]),
     "node 'again': .*computed twice"),
    ("no-such-output", model([RELU], outputs=("q",)), "node 'q': no node computes this output"),
    ("channels", model([CONV], ("N", 5, 4, 4), [WEIGHTS]), "node 'conv': .*5 channels"),
    ("negative-stride", model([helper.make_node("Conv", ["x", "w"], ["y"], name="conv", strides=[-1, 1])],
                              initializers=[WEIGHTS]), "node 'conv': .*must be positive"),
    ("large-kernel", model([helper.make_node("MaxPool", ["x"], ["y"], name="p", kernel_shape=[9, 9])]),
     "node 'p': .*larger than the padded input"),
    ("smallest-pad", model([helper.make_node("Pad", ["x", "p"], ["y"], name="pad")],
                           initializers=[("p", np.array([0] * 7 + [-2**63]))]),
     "node 'pad': .*out of range"),
    ("early-axes", model([helper.make_node("Pad", ["x", "p", "", "a"], ["y"], name="pad")],
                         initializers=[("p", np.array([1, 1])), ("a", np.array([3]))], opset=10),
     "node 'pad': .*operator set 18"),
    ("bad-axis", model([helper.make_node("Softmax", ["x"], ["y"], name="s", axis=7)]), "node 's': .*axis"),
    ("climbing", external("../secret"), "outside the model's folder"),
    ("linked", external("link.bin"), "outside the model's folder"),
    ("missing-data", external("nothing.bin"), "cannot read external data"),
]

GOOD = model([CONV], initializers=[WEIGHTS])
DATA = {
    "no array named 'x'": dict(y=np.zeros((1, 2, 4, 4), np.float32)),
    "must have shape \\[samples, 2, 4, 4\\]": dict(x=np.zeros((1, 2, 4, 5), np.float32)),
    "Fortran order": dict(x=np.asfortranarray(np.ones((2, 2, 4, 4), np.float32))),
    "data type that is not supported": dict(x=np.zeros((1, 2, 4, 4), np.complex64)),
    "array 'x' is NaN in sample 1": dict(x=np.stack([np.zeros((2, 4, 4), np.float32),
                                                     np.full((2, 4, 4), np.nan, np.float32)])),
    "NaN or infinite .* check the data": dict(x=np.full((1, 2, 4, 4), np.inf, np.float32)),
}


class Checker:
    def __init__(self, octet, folder):
        self.octet, self.folder, self.passed, self.failed = octet, folder, 0, 0

    def refuses(self, name, pattern, *arguments, statuses=(1,)):
        output = self.folder / "out"
        result = subprocess.run([self.octet, *map(str, arguments), "-o", str(output)],
                                capture_output=True, text=True, timeout=60)
        message = result.stderr.strip()
        problems = []
        if result.returncode not in statuses:
            problems.append(f"status {result.returncode}")
        if not re.search(pattern, message):
            problems.append("another message")
        leftovers = [p.name for p in self.folder.iterdir() if p.name.startswith("out")]
        if leftovers:
            problems.append(f"left {leftovers}")
        for p in self.folder.glob("out*"):
            p.unlink()
        if problems:
            self.failed += 1
            print(f"{name}: {', '.join(problems)}: {message[:400]}")
        else:
            self.passed += 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    octet = parser.parse_args().octet
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        c = Checker(octet, folder)
        path = folder / "m.onnx"
        c.refuses("missing", "No such file", "compile", folder / "none.onnx")
        c.refuses("device", "cannot read", "compile", "/dev/zero")
        c.refuses("folder", "Is a directory", "compile", folder)
        (folder / "zero.mlir").symlink_to("/dev/zero")
        c.refuses("endless graph", "cannot read", "compile", folder / "zero.mlir")
        (folder / "link.bin").symlink_to("/etc/hostname")
        for name, content, pattern in MODELS:
            path.write_bytes(content if isinstance(content, bytes)
                             else content.SerializeToString())
            c.refuses(name, pattern, "compile", path)
        onnx.save(GOOD, path)
        c.refuses("uncalibrated", "INT8 needs calibration", "compile", path, "--precision", "int8")
        (folder / "r.json").write_text("{}")
        c.refuses("ranges", "ranges are malformed", "compile", path, "--ranges", folder / "r.json")
        (folder / "r.json").write_text(
            '{"version": 1, "model_hash": "0", "samples": 1, "tensors": {}}')
        c.refuses("other ranges", "calibrated on another model", "compile", path,
                  "--ranges", folder / "r.json")
        for pattern, arrays in DATA.items():
            np.savez(folder / "d.npz", **arrays)
            c.refuses(pattern, pattern, "compile", path, "--calib", folder / "d.npz")
        np.savez(folder / "d.npz", x=np.ones((1, 2, 4, 4), np.float32))
        bad = model([CONV], initializers=[("w", np.full((3, 2, 3, 3), np.nan, np.float32))])
        onnx.save(bad, path)
        c.refuses("NaN weight", "its weights are NaN or infinite", "compile", path,
                  "--calib", folder / "d.npz")
        onnx.save(GOOD, path)
        for percentile in ("-3", "0", "50", "101", "nan", "inf", "1e999"):
            for command in (["compile", path, "--calib"], ["quantize", path, "--calib"], ["calibrate", path, "--data"]):
                c.refuses(f"percentile {percentile}", "percentile", *command, folder / "d.npz",
                          "--method", "percentile", "--percentile", percentile, statuses=(1, 2))
        (folder / "d.npz").write_bytes(b"PK" + bytes(100))
        c.refuses("no npz", "not an .npz file", "compile", path, "--calib", folder / "d.npz")
        onnx.save(model([helper.make_node("Identity", ["x"], ["y"])]), path)
        np.savez(folder / "d.npz", x=np.zeros((1, 2, 4, 4), np.float32))
        c.refuses("nothing to gain", "no layer can run in INT8", "compile", path,
                  "--calib", folder / "d.npz")
        onnx.save(model([helper.make_node("ReduceMean", ["x"], ["y"], axes=[3])]),
                  path)
        c.refuses("no integer form", "no layer can run in INT8", "compile", path,
                  "--calib", folder / "d.npz")
        (folder / "m.mlir").write_text("module {")
        c.refuses("mlir", "m.mlir", "compile", folder / "m.mlir")
        print(f"bad input: {c.passed} passed, {c.failed} failed")
        return c.failed > 0


if __name__ == "__main__":
    sys.exit(main())
