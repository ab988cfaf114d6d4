"""Damaged inputs and failing outputs: status 0 or 1, never a crash, and files
that are there whole or not at all.

    hardening.py --octet BIN --folder DIR --model M.onnx --calib C.npz
"""

import argparse
import pathlib
import random
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

parser = argparse.ArgumentParser()
parser.add_argument("--octet", required=True)
parser.add_argument("--folder", type=pathlib.Path, required=True)
parser.add_argument("--model", type=pathlib.Path, required=True)
parser.add_argument("--calib", type=pathlib.Path, required=True)
options = parser.parse_args()
folder = options.folder
out = folder / "out"
rng = random.Random(1)
passed = failed = 0


def run(*arguments, **more):
    return subprocess.run([str(a) for a in arguments], capture_output=True,
                          text=True, errors="replace", timeout=120, **more)


def leftovers():
    found = sorted(p.name for p in folder.iterdir() if p.name.startswith("out"))
    for p in folder.glob("out*"):
        p.unlink()
    return found


def expect(name, result, statuses=(0, 1), pattern="", left=None):
    global passed, failed
    files = leftovers()
    lines = result.stderr.strip().splitlines()
    problem = None
    if result.returncode not in statuses:
        problem = f"status {result.returncode}"
    elif result.returncode == 1 and not lines:
        problem = "no message"
    elif pattern and pattern not in result.stderr:
        problem = "another message"
    elif left is not None and files != left:
        problem = f"files {files}"
    elif result.returncode == 1 and files:
        problem = f"left {files}"
    if problem:
        failed += 1
        print(f"{name}: {problem}: {result.stderr.strip()[:300]}", flush=True)
    else:
        passed += 1


def damaged(content, count):
    """Copies of `content` with one byte changed, and cut short."""
    for _ in range(count):
        copy = bytearray(content)
        copy[rng.randrange(len(copy))] ^= rng.randrange(1, 256)
        yield bytes(copy)
    for _ in range(count // 4):
        yield content[:rng.randrange(len(content))]


def check_damage():
    octet = options.octet
    bad = folder / "bad.onnx"
    for content in damaged(options.model.read_bytes(), 24):
        bad.write_bytes(content)
        expect("damaged model", run(octet, "compile", bad, "--target", "generic",
                                    "-o", out))
    ranges = folder / "r.json"
    run(octet, "calibrate", options.model, "--data", options.calib, "-o", ranges)
    text = ranges.read_bytes()
    broken = folder / "bad.json"
    for content in damaged(text, 24):
        broken.write_bytes(content)
        expect("damaged ranges", run(octet, "quantize", options.model, "--ranges",
                                     broken, "-o", out))
    small = folder / "small.npz"
    with np.load(options.calib) as data:
        np.savez_compressed(small, **{k: data[k][:2] for k in data.files})
    program = folder / "program"
    run(octet, "compile", options.model, "--ranges", ranges, "-o", program)
    damage = folder / "bad.npz"
    for content in damaged(small.read_bytes(), 80):
        damage.write_bytes(content)
        expect("damaged data", run(program, "run", "--input", damage, "--output",
                                   out))
    for phase in ("simplify", "quantize"):
        graph = folder / "graph.mlir"
        run(octet, "compile", options.model, "--ranges", ranges, "--compile-to",
            phase, "-o", graph)
        bad = folder / "bad.mlir"
        for content in damaged(graph.read_bytes(), 24):
            bad.write_bytes(content)
            expect(f"damaged {phase} graph",
                   run(octet, "compile", bad, "--target", "generic", "-o", out))


GRAPHS = {
    "declaration": "func.func private @main(tensor<1xf32>) -> tensor<1xf32>",
    "no main": "func.func @other() { return }",
    "no function": "memref.global @main : memref<2xf32>",
    "dynamic": "func.func @main(%x: tensor<?xf32>) -> tensor<?xf32> {"
               " return %x : tensor<?xf32> }",
    "no tensor": "func.func @main(%x: i32) -> i32 { return %x : i32 }",
    "bf16": "func.func @main(%x: tensor<2xbf16>) -> tensor<2xbf16> {"
            " return %x : tensor<2xbf16> }",
    "i16": "func.func @main(%x: tensor<2xi16>) -> tensor<2xi16> {"
           " return %x : tensor<2xi16> }",
    "si32": "func.func @main(%x: tensor<2xsi32>) -> tensor<2xsi32> {"
            " return %x : tensor<2xsi32> }",
    "foreign": "func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {"
               " %0 = math.exp %x : tensor<2xf32> return %0 : tensor<2xf32> }",
    "blocks": "func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {"
              " cf.br ^a ^a: return %x : tensor<2xf32> }",
    "empty": "func.func @main(%x: tensor<0xf32>) -> tensor<0xf32> {"
             " return %x : tensor<0xf32> }",
    "nesting": "func.func @main(%x: " + "tuple<" * 20000 + ">" * 20000 + ")",
    "huge": "func.func @main(%x: tensor<4294967296x4294967296xf32>) -> "
            "tensor<4294967296x4294967296xf32> { return %x : "
            "tensor<4294967296x4294967296xf32> }",
}


def check_graphs():
    path = folder / "hostile.mlir"
    for name, text in GRAPHS.items():
        path.write_text(text)
        expect(name, run(options.octet, "compile", path, "-o", out), (1,), left=[])


def model(nodes, shape, initializers=()):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(v, k) for k, v in initializers])
    m = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    m.ir_version = 8
    return m


def check_values():
    """NaN and infinity in weights, calibration data and inputs."""
    octet, path = options.octet, folder / "values.onnx"
    np.savez(folder / "x.npz", x=np.ones((2, 3, 5, 5), np.float32))
    conv = helper.make_node("Conv", ["x", "w"], ["y"], name="conv")
    for value in (np.nan, np.inf, -np.inf, 3e38, 1e-40):
        w = np.full((4, 3, 3, 3), 0.5, np.float32)
        w[1, 2, 0, 0] = value
        onnx.save(model([conv], ("N", 3, 5, 5), [("w", w)]), path)
        expect(f"weight {value}", run(octet, "compile", path, "-o", out), (0,))
        expect(f"weight {value} in INT8",
               run(octet, "compile", path, "--calib", folder / "x.npz", "-o", out),
               (0,) if np.isfinite(value) else (1,))
    onnx.save(model([conv], ("N", 3, 5, 5), [("w", np.ones((4, 3, 3, 3), np.float32))]),
              path)
    program = folder / "program"
    result = run(octet, "compile", path, "--calib", folder / "x.npz", "-o", program)
    assert result.returncode == 0, result.stderr
    for value in (np.nan, np.inf, -np.inf, 1e38):
        np.savez(folder / "x.npz", x=np.full((1, 3, 5, 5), value, np.float32))
        result = run(program, "run", "--input", folder / "x.npz", "--output", out)
        finite = result.returncode == 0 and np.isfinite(np.load(out)["y"]).all()
        expect(f"input {value}", result, (0,), left=["out"])
        global failed
        if not finite:
            failed += 1
            print(f"input {value}: INT8 gave no finite result")


def limited():
    """No file may grow beyond 4 KiB: a disk that is full soon."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def check_outputs():
    octet, m, calib = options.octet, options.model, options.calib
    program = folder / "program"
    run(octet, "compile", m, "--calib", calib, "-o", program)
    commands = {
        "compile": [octet, "compile", m, "-o"],
        "object": [octet, "compile", m, "-o"],
        "import": [octet, "import", m, "-o"],
        "calibrate": [octet, "calibrate", m, "--data", calib, "-o"],
        "run": [program, "run", "--input", calib, "--output"],
        "inspect": [program, "inspect", "--json"],
    }
    for name, command in commands.items():
        extension = {"object": ".o"}.get(name, "")
        expect(f"{name} into no folder",
               run(*command, folder / "none" / f"out{extension}"), (1,), left=[])
        expect(f"{name} into a folder", run(*command, folder), (1,), left=[])
        if name != "inspect":
            expect(f"{name} on a full disk",
                   run(*command, f"{out}{extension}", preexec_fn=limited), (1,),
                   left=[])
        expect(f"{name} to /dev/full", run(*command, "/dev/full"), (1,), left=[])
    assert pathlib.Path("/dev/full").is_char_device()


def check_signals():
    """Stopped at any moment, the output is whole or absent."""
    octet, m = options.octet, options.model
    whole = folder / "whole"
    start = time.monotonic()
    run(octet, "compile", m, "--target", "generic", "-o", whole)
    duration = time.monotonic() - start
    global passed, failed
    for i in range(30):
        child = subprocess.Popen(
            [octet, "compile", str(m), "--target", "generic", "-o", str(out)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(duration * (0.2 + 0.9 * i / 30))
        kind = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)[i % 3]
        child.send_signal(kind)
        child.wait(60)
        good = not out.exists() or out.read_bytes() == whole.read_bytes()
        parts = [p for p in folder.glob("out*") if p != out]
        # SIGKILL cannot be caught: what it leaves has another name.
        if parts and kind != signal.SIGKILL:
            good = False
        passed += good
        failed += not good
        if not good:
            print(f"{kind.name}: output not whole, or {[p.name for p in parts]}")
        leftovers()


check_damage()
check_graphs()
check_values()
check_outputs()
check_signals()
print(f"hardening: {passed} passed, {failed} failed")
sys.exit(failed > 0)
