"""What type checkers know of a user's script."""

import subprocess
import sys

SCRIPT = """
from typing import assert_type
import numpy as np
import octet

x, y = np.zeros((4, 1, 8, 8), np.float32), np.zeros(4, np.int64)
model = octet.load_trained_model("net.onnx")
ranges = octet.calibrate(model, x, method="mse")
program = octet.compile(model, ranges, targets=["avx2", "generic"], outputs="scores")
assert_type(octet.quantize_model(model, x), octet.Program)
assert_type(octet.evaluate(program, (x, y)), octet.Accuracy)
assert_type(octet.evaluate("net.onnx", (x, y), metric=lambda a, b: 1.5), float)
assert_type(octet.benchmark(program), octet.Latency)
assert_type(octet.benchmark(b"", program, model), list[octet.Latency])
assert_type(octet.benchmark_layers(program).layers, tuple[octet.LayerTime, ...])
assert_type(octet.compare(model, octet.runtime.load("net.so"), x), octet.Comparison)
octet.compile(3)  # type: ignore[arg-type]
octet.compile("net.onnx", precision="int4")  # type: ignore[arg-type]
"""


def test_a_strict_script(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir",
                           tmp_path / "cache", tmp_path / "script.py"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
