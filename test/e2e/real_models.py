"""The promises of Octet, measured on real models with compiled programs.

    real_models.py --octet BIN --data DIR [--models A,B] [--quick] [--json F]

DIR holds models/*.onnx and {cifar10,imagenet}/{calib,test}.npz. For each model:

- FP32 against ONNX Runtime: max |a - b| <= 1e-4 max |b| for each sample;
- INT8 top-1 within one point of FP32, or, for models without labelled data,
  output SQNR no more than 0.5 dB below ONNX Runtime's static quantization;
- size: at most 27 % of the ONNX file plus 128 KiB;
- byte equality of every target, Arm's under qemu, with `generic`;
- share of INT8 MACs in kernels whose innermost loop holds a dot product, on
  every target that has one.

`--quick` looks at fewer images.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnxruntime

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from disassembly import dot_kernels  # noqa: E402
from targets import families, octet as run_program  # noqa: E402

IMAGES = {"cifar_resnet8": "cifar10", "cifar_resnet20": "cifar10",
          "mobilenetv2": "imagenet", "resnet18": "imagenet",
          "resnet50": "imagenet"}
RANDOM = ["kws_dscnn", "ad_autoencoder"]
# Targets that have dot products, and what those are called.
DOTS = {"avx512vbmi": ["vpdpbusd"], "avx512vnni": ["vpdpbusd"], "avx512vnni256": ["vpdpbusd"],
        "avxvnni": ["vpdpbusd"], "neon-dotprod": ["sdot"],
        "neon-i8mm": ["usmmla", "usdot", "sudot"]}


def run(*arguments):
    start = time.monotonic()
    result = subprocess.run([str(a) for a in arguments], capture_output=True,
                            text=True)
    if result.returncode:
        raise SystemExit(f"{arguments}: {result.stderr}")
    return time.monotonic() - start


def outputs(program, arrays, folder):
    np.savez(folder / "x.npz", **arrays)
    run(program, "run", "--input", folder / "x.npz", "--output", folder / "y.npz")
    with np.load(folder / "y.npz") as y:
        return y[y.files[0]]


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options)


def infer(s, name, x):
    return np.concatenate([s.run(None, {name: x[i:i + 1].astype(np.float32)})[0]
                           for i in range(len(x))])


def sqnr(reference, x):
    noise = ((reference.astype(np.float64) - x) ** 2).sum()
    return 10 * np.log10((reference.astype(np.float64) ** 2).sum() / noise)


def ort_static_sqnr(path, name, calib, x, reference, folder):
    from onnxruntime.quantization import (CalibrationDataReader, QuantFormat,
                                          quantize_static)

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.rows = iter(calib)

        def get_next(self):
            row = next(self.rows, None)
            return None if row is None else {name: row[None]}

    quantize_static(str(path), str(folder / "qdq.onnx"), Reader(),
                    quant_format=QuantFormat.QDQ)
    return sqnr(reference, infer(session(folder / "qdq.onnx"), name, x))


def check(model, octet, data, quick, folder):
    path = data / "models" / f"{model}.onnx"
    row = {"model": model}
    s = session(path)
    name = s.get_inputs()[0].name
    if model in IMAGES:
        calib = data / IMAGES[model] / "calib.npz"
        with np.load(data / IMAGES[model] / "test.npz") as d:
            images, labels = d["image"], d["labels"]
        small = 2 if IMAGES[model] == "imagenet" else 32
        count = 32 if quick else len(images)
    else:
        shape = s.get_inputs()[0].shape[1:]
        calib = folder / "calib.npz"
        normal = np.random.default_rng(7).standard_normal([256, *shape])
        np.savez(calib, **{name: normal.astype(np.float32)})
        images = np.random.default_rng(8).standard_normal(
            [256, *shape]).astype(np.float32)
        labels, small, count = None, 32, 256
    x = images[:count]

    ranges, fp32, int8 = folder / "r.json", folder / "fp32", folder / "int8"
    row["calibrate_s"] = run(octet, "calibrate", path, "--data", calib, "-o", ranges)
    run(octet, "compile", path, "--precision", "fp32", "-o", fp32)
    row["compile_s"] = run(octet, "compile", path, "--ranges", ranges, "-o", int8)

    reference = infer(s, name, x[:min(count, 100)])
    y = outputs(fp32, {name: x}, folder)
    errors = np.abs(y[:len(reference)] - reference).max(1) / np.abs(reference).max(1)
    row["fp32_error"] = float(errors.max())
    q = outputs(int8, {name: x}, folder)
    row["sqnr_db"] = float(sqnr(y, q))
    if labels is not None:
        row["fp32_top1"] = 100 * float((y.argmax(1) == labels[:count]).mean())
        row["int8_top1"] = 100 * float((q.argmax(1) == labels[:count]).mean())
        row["accuracy_met"] = quick or row["int8_top1"] >= row["fp32_top1"] - 1.0
    else:
        full = infer(s, name, x)
        with np.load(calib) as c:
            row["ort_sqnr_db"] = float(ort_static_sqnr(
                path, name, c[name], x, full, folder))
        row["accuracy_met"] = row["sqnr_db"] >= row["ort_sqnr_db"] - 0.5
    limit = 0.27 * path.stat().st_size + 131072
    row["bytes"], row["size_met"] = int8.stat().st_size, int8.stat().st_size <= limit

    # Arm's last: its programs run under an emulator.
    x = {name: images[:small]}
    np.savez(folder / "x.npz", **x)
    row["differing"], row["targets"] = [], 0
    for precision, host in (("fp32", fp32), ("int8", int8)):
        expected = outputs(host, x, folder).tobytes()
        extra = ["--ranges", ranges] if precision == "int8" else []
        for targets, emulated in families(octet):
            # The reference is not emulated: plain loops would take minutes.
            fat = folder / "fat"
            run(octet, "compile", path, "--target", ",".join(targets),
                "--precision", precision, *extra, "-o", fat)
            for target in targets:
                run_program([fat, "run", "--input", folder / "x.npz", "--output",
                             folder / "y.npz"], target, emulated)
                with np.load(folder / "y.npz") as y:
                    row["targets"] += 1
                    if y[y.files[0]].tobytes() != expected:
                        row["differing"].append(f"{precision} on {target}")
    row["bytes_equal"] = not row["differing"]

    run(octet, "inspect", int8, "--json", folder / "i.json")
    row["int8_macs"] = json.loads(
        (folder / "i.json").read_text())["int8_macs_percent"]
    row["dot_macs"] = {}
    for targets, emulated in families(octet):
        for target in targets:
            if target not in DOTS:
                continue
            run(octet, "compile", path, "--ranges", ranges, "--target", target,
                "-o", folder / "int8.s")
            run(octet, "compile", path, "--ranges", ranges, "--target", target,
                "-o", folder / "p")
            run_program([folder / "p", "inspect", "--json", folder / "i.json"],
                        target, emulated)
            kernels = dot_kernels((folder / "int8.s").read_text(), DOTS[target])
            layers = [l for l in json.loads((folder / "i.json").read_text())[
                "layers"] if l["macs"]]
            row["dot_macs"][target] = round(
                100 * sum(l["macs"] for l in layers if l["kernel"] in kernels)
                / sum(l["macs"] for l in layers), 2)
    row["dot_met"] = all(share >= 99 for share in row["dot_macs"].values())
    row["met"] = (row["dot_met"] and row["fp32_error"] <= 1e-4 and row["accuracy_met"] and
                  row["size_met"] and row["bytes_equal"])
    return row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--models")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json")
    options = parser.parse_args()
    rows = []
    models = options.models.split(",") if options.models else [*IMAGES, *RANDOM]
    for model in models:
        with tempfile.TemporaryDirectory() as folder:
            row = check(model, options.octet, options.data, options.quick,
                        pathlib.Path(folder))
        rows.append(row)
        print(("ok    " if row["met"] else "FAILED"), " ".join(
            f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}"
            for k, v in row.items()), flush=True)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=2) + "\n")
    failed = sum(not row["met"] for row in rows)
    print(f"real models: {len(rows) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
