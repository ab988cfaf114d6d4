"""External data are what inline data are, wherever in their file they lie.

    external.py MODEL

MODEL's weights are moved to a file of their own: once where their
elements are aligned, and once where they are not.
"""

import argparse
import pathlib
import re
import subprocess
import tempfile

import onnx
from onnx import TensorProto


def move_out(model, path, gap):
    """Writes all weights to `path`, `gap` bytes in front of each."""
    data = bytearray()
    for tensor in model.graph.initializer:
        data += bytes(gap)
        for key, value in (("location", path.name), ("offset", len(data)),
                           ("length", len(tensor.raw_data))):
            tensor.external_data.add(key=key, value=str(value))
        data += tensor.raw_data
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
    path.write_bytes(data)


def graph_of(path):
    """What is imported, but for the hash of the file's bytes."""
    result = subprocess.run(["octet", "import", path, "-o", "-"], capture_output=True,
                            text=True, check=True)
    text, count = re.subn(r"octet\.file_hash = \"\w+\"", "", result.stdout)
    assert count == 1
    return text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=pathlib.Path)
    options = parser.parse_args()
    expected = graph_of(options.model)
    with tempfile.TemporaryDirectory() as name:
        for gap in (64, 1):
            path = pathlib.Path(name) / f"{gap}.onnx"
            model = onnx.load(options.model)
            move_out(model, path.with_suffix(".bin"), gap)
            onnx.save(model, path)
            assert path.stat().st_size < 10_000
            if graph_of(path) != expected:
                raise SystemExit(f"with {gap} bytes between tensors, others are read")


if __name__ == "__main__":
    main()
