"""Archives whose entries keep their sizes in zip64's extra fields, as those over
4 GiB must: any number of entries, in any order, is read.

    zip64.py --octet BIN --folder F
"""

import argparse
import io
import pathlib
import struct
import sys
import zlib

import numpy as np
import onnx
from onnx import TensorProto, helper

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from targets import octet  # noqa: E402

HERE = 0xFFFFFFFF  # "see the extra field"


def archive(arrays, wide):
    """A .npz of stored `arrays`, the sizes of those named in `wide` in zip64's."""
    body, directory = b"", b""
    for name, array in arrays.items():
        data = io.BytesIO()
        np.save(data, array)
        data = data.getvalue()
        file, size, is_wide = f"{name}.npy".encode(), len(data), name in wide
        extra = struct.pack("<HHQQ", 1, 16, size, size) if is_wide else b""
        common = struct.pack("<HHHHHIIIHH", 45 if is_wide else 20, 0, 0, 0, 0x21,
                             zlib.crc32(data), *[HERE if is_wide else size] * 2,
                             len(file), len(extra))
        directory += (b"PK\1\2" + struct.pack("<H", 45) + common +
                      struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + file + extra)
        body += b"PK\3\4" + common + file + extra + data
    count = len(arrays)
    return body + directory + b"PK\5\6" + struct.pack(
        "<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    parser.add_argument("--folder", required=True, type=pathlib.Path)
    options = parser.parse_args()
    folder = options.folder
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", 3])
              for n in "abc"]
    graph = helper.make_graph(
        [helper.make_node("Sub", ["a", "b"], ["c"])], "difference", values[:2],
        values[2:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, folder / "m.onnx")
    octet([options.octet, "compile", folder / "m.onnx", "--target", "generic",
           "-o", folder / "p"])
    rng = np.random.default_rng(0)
    arrays = {n: rng.standard_normal((4, 3)).astype(np.float32) for n in "ab"}
    arrays["labels"] = np.arange(4)
    for wide in ["labels"], ["a", "b", "labels"]:
        path = folder / "x.npz"
        path.write_bytes(archive(arrays, wide))
        with np.load(path) as read:  # a valid archive, if NumPy says so
            assert all((read[n] == arrays[n]).all() for n in arrays)
        octet([folder / "p", "run", "--input", path, "--output",
               folder / "y.npz"])
        with np.load(folder / "y.npz") as y:
            assert (y["c"] == arrays["a"] - arrays["b"]).all(), wide
    print("read")


if __name__ == "__main__":
    main()
