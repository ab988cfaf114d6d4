"""Makes the seeds that fuzzing starts from: small valid files of each kind.

    corpus.py DIR     writes DIR/{onnx,npz,ranges}
"""

import io
import json
import pathlib
import sys
import zipfile

import numpy as np
from onnx import numpy_helper

ROOT = pathlib.Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "Import"), str(ROOT / "e2e")]
from operators import CASES, build  # noqa: E402
from random_graphs import Graph  # noqa: E402


def onnx_models():
    """One operator each, in each operator set; then small random networks."""
    for case in CASES:
        for opset in case[4]:
            yield build(case, opset)
    for seed in range(40):
        model = Graph(seed).build()
        if model.ByteSize() < 20000:
            yield model
    # External data.
    model = build(CASES[0], 11)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = 1
    tensor.external_data.add(key="location", value="w.bin")
    tensor.external_data.add(key="offset", value="8")
    yield model
    # Weights as numbers instead of bytes.
    model = build(CASES[0], 11)
    tensor = model.graph.initializer[0]
    values = numpy_helper.to_array(tensor).ravel()
    tensor.ClearField("raw_data")
    tensor.float_data.extend(values.tolist())
    yield model


def npz_files():
    rng = np.random.default_rng(1)
    for dtype in ("f2", "f4", "f8", "u1", "i1", "i2", "u4", "i8", "?", "c8"):
        for shape in ((3, 4), (2, 1, 5), (), (0, 3), (7,)):
            x = rng.integers(0, 2, shape).astype(dtype)
            for write in (np.savez, np.savez_compressed):
                file = io.BytesIO()
                write(file, image=x, labels=np.arange(3))
                yield file.getvalue()
    file = io.BytesIO()
    np.savez(file, x=np.asfortranarray(np.ones((3, 4))))
    yield file.getvalue()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        archive.writestr("readme.txt", "no array")
    yield file.getvalue()


def zip64_files():
    """Small archives with all that zip64 has."""
    limits = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
    zipfile.ZIP64_LIMIT = zipfile.ZIP_FILECOUNT_LIMIT = 0
    try:
        for write in (np.savez, np.savez_compressed):
            file = io.BytesIO()
            write(file, image=np.ones((3, 4)), labels=np.arange(3))
            yield file.getvalue()
    finally:
        zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = limits


def ranges_files():
    rng = np.random.default_rng(2)
    for tensors in (0, 1, 3):
        for counts in ([], [1], [0, 5, 9], rng.integers(0, 99, 40).tolist()):
            yield json.dumps({
                "version": 1 + tensors % 2, "model_hash": "4c7a", "samples": 8,
                "inputs_finite": tensors < 3,
                "percentile": 99.9,
                **({"method": "mse"} if tensors == 3 else {}),
                "tensors": {f"t{i}": {
                    "min": -1.5, "max": 3.25e4, "not_finite": i, "exponent": -3,
                    "first_bin": -7, "counts": counts} for i in range(tensors)},
            }).encode()


def main():
    folder = pathlib.Path(sys.argv[1])
    for kind, files in (("onnx", (m.SerializeToString() for m in onnx_models())),
                        ("npz", (*npz_files(), *zip64_files())), ("ranges", ranges_files())):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for i, content in enumerate(files):
            (folder / kind / f"seed-{i:03}").write_bytes(content)


if __name__ == "__main__":
    main()
