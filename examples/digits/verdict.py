"""One sentence for each thing that Octet promises: met or not, and the figure.

    verdict.py MODEL.onnx FOLDER      FOLDER holds eval.json and bench.json
"""

import json
import pathlib
import sys

model, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
before, after = json.loads((folder / "eval.json").read_text())["programs"]
slow, fast = json.loads((folder / "bench.json").read_text())["programs"]

original, harness = model.stat().st_size, 128 * 1024
limit = 0.27 * original + harness
ratio = slow["median_ms"] / fast["median_ms"]
lost = before["top1"] - after["top1"]


def verdict(met):
    return "met    " if met else "NOT MET"


print(f"""
size      {verdict(after["bytes"] <= limit)}  The INT8 program has {after["bytes"]:,} bytes, harness included; 27 % of the FP32 model plus 128 KiB are {limit:,.0f}.
speed     {verdict(ratio >= 2)}  INT8 runs {ratio:.1f} times as fast as FP32 ({fast["median_ms"]:.3f} ms against {slow["median_ms"]:.3f} ms); 2 times are promised.
accuracy  {verdict(lost <= 1)}  Top-1 went from {before["top1"]:.2f} % to {after["top1"]:.2f} %; at most one point may be lost.""")
