"""Octet's programs beside ONNX Runtime, one thread, in turns.

    onnxruntime_compare.py --octet BIN --data DIR [--models A,B] [--json F]

Needs onnxruntime. Each round times every contestant a few times, so that a change
of clock speed hits all of them; medians over all rounds. Batch 1, the caller's
f32 NCHW input to f32 output. Pin the script to one core with taskset.

ONNX Runtime's INT8 is set up as its documentation asks on x86-64: the model goes
through quant_pre_process first, activations are u8, weights s8 with a scale for each
channel. Needs sympy for that.
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

MODELS = {"resnet18": "imagenet", "resnet50": "imagenet",
          "mobilenetv2": "imagenet", "cifar_resnet20": "cifar10"}


class Program:
    def __init__(self, path):
        self.process = subprocess.Popen([path, "bench", "--serve"], text=True,
                                        stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.process.stdout.readline()
        self.times = []

    def run(self, count):
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        self.times += [float(t) / 1e6
                       for t in self.process.stdout.readline().split()]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Session:
    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_free_dimension_override_by_name("N", 1)
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options)
        entry = self.session.get_inputs()[0]
        shape = [1, *entry.shape[1:]]
        self.feed = {entry.name: np.random.default_rng(0).uniform(
            0, 255, shape).astype(np.float32)}
        self.times = []

    def run(self, count):
        for _ in range(count):
            start = time.perf_counter()
            self.session.run(None, self.feed)
            self.times.append(1e3 * (time.perf_counter() - start))

    def close(self):
        pass


def quantize_static(path, calib, name, out):
    from onnxruntime.quantization import (CalibrationDataReader, QuantFormat,
                                          QuantType, quantize_static)
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            with np.load(calib) as data:
                self.rows = iter(data[name][:32].astype(np.float32))

        def get_next(self):
            row = next(self.rows, None)
            return None if row is None else {name: row[None]}

    prepared = out.with_name("prepared.onnx")
    quant_pre_process(str(path), str(prepared))
    quantize_static(str(prepared), str(out), Reader(),
                    quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8,
                    weight_type=QuantType.QInt8)


def compare(model, octet, data, folder):
    path = data / "models" / f"{model}.onnx"
    calib = data / MODELS[model] / "calib.npz"
    subprocess.run([octet, "compile", path, "-o", folder / "fp32"], check=True)
    subprocess.run([octet, "compile", path, "--calib", calib, "-o",
                    folder / "int8"], check=True)
    quantize_static(path, calib, "image", folder / "qdq.onnx")
    contestants = {"octet_int8": Program(folder / "int8"),
                   "octet_fp32": Program(folder / "fp32"),
                   "ort_fp32": Session(path),
                   "ort_int8": Session(folder / "qdq.onnx")}
    counts = {}
    for name, c in contestants.items():
        c.run(3)
        counts[name] = max(2, int(150 / c.times[-1]))
        c.times.clear()
    for _ in range(15):
        for name, c in contestants.items():
            c.run(counts[name])
    row = {"model": model}
    for name, c in contestants.items():
        row[f"{name}_ms"] = float(np.median(c.times))
        c.close()
    row["over_ort_fp32"] = row["ort_fp32_ms"] / row["octet_int8_ms"]
    row["over_ort_int8"] = row["ort_int8_ms"] / row["octet_int8_ms"]
    return row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--octet", required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--json")
    options = parser.parse_args()
    rows = []
    for model in options.models.split(","):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(compare(model, options.octet, options.data,
                                pathlib.Path(folder)))
        print(" ".join(f"{k}={v:.3f}" if isinstance(v, float) else v
                       for k, v in rows[-1].items()), flush=True)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
