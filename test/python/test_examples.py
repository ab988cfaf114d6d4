"""The examples, as users run them."""

import os
import pathlib
import re
import subprocess
import sys

import nbclient
import nbformat
import numpy as np
import octet
import pytest

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"
# Children find the package where this process has.
ENVIRONMENT = {**os.environ,
               "PYTHONPATH": os.pathsep.join(filter(None, [
                   str(pathlib.Path(octet.__file__).parents[1]),
                   os.environ.get("PYTHONPATH")]))}


def run(*arguments):
    done = subprocess.run([sys.executable, *map(str, arguments)], env=ENVIRONMENT,
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The table of quantize_cnn.py and the program that it saved."""
    path = tmp_path_factory.mktemp("example") / "quantized.so"
    return run(EXAMPLES / "python/quantize_cnn.py", "--save", path), path


def test_quantize_cnn(trained):
    table, path = trained
    rows = {name: tuple(map(float, numbers)) for name, *numbers in re.findall(
        r"(FP32|INT8)\s+([\d.]+) %\s+([\d.]+) ms\s+(\d+) KiB", table)}
    assert rows["FP32"][0] > 95
    assert rows["INT8"][0] > rows["FP32"][0] - 1
    assert rows["INT8"][1] < rows["FP32"][1]
    assert rows["INT8"][2] < rows["FP32"][2] / 2
    assert octet.Program.load(path).precision == "int8"


def test_quantize_cnn_on_files(tmp_path):
    rng = np.random.default_rng(0)
    for name, count in (("calib", 40), ("test", 20)):
        labels = rng.integers(0, 10, count)
        images = rng.integers(0, 256, (count, 3, 32, 32), np.uint8)
        np.savez(tmp_path / f"{name}.npz", image=images, labels=labels)
    table = run(EXAMPLES / "python/quantize_cnn.py", "--cifar10", tmp_path, "--epochs",
                1)
    assert "INT8" in table


def test_serve(trained):
    said = run(EXAMPLES / "python/serve.py", trained[1], "--threads", 3, "--requests",
               200)
    assert re.search(r"200 requests, 3 threads: \d+ per second; median [\d.]+ ms", said)


def test_notebook(tmp_path, monkeypatch):
    notebook = nbformat.read(EXAMPLES / "quantize.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    # What is committed has no outputs.
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    (tmp_path / "python").symlink_to(EXAMPLES / "python")
    monkeypatch.setenv("PYTHONPATH", ENVIRONMENT["PYTHONPATH"])
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources={
        "metadata": {"path": str(tmp_path)}}).execute()
    kinds = {kind for cell in code for output in cell.outputs
             if output.output_type in ("display_data", "execute_result")
             for kind in output.data}
    assert {"image/png", "text/html"} <= kinds
