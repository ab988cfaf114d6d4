"""Holds a report of `bench --layers` against one of `inspect` and against itself.

    layers.py INSPECT.json REPORT.json THREADS [RUNS]
"""

import json
import sys
from pathlib import Path


def near(a, b, part=1e-3):
    # Times are written in whole nanoseconds.
    return abs(a - b) <= part * max(abs(a), abs(b)) + 1e-6


inspect, report = (json.loads(Path(name).read_text()) for name in sys.argv[1:3])
machine, layers = report["machine"], report["layers"]
assert report["threads"] == int(sys.argv[3])
if len(sys.argv) > 4:
    assert report["runs"] == int(sys.argv[4])
assert [n["node"] for n in inspect["layers"]] == [n["name"] for n in layers]
for key in ("op", "kernel", "precision"):
    assert [n[key] for n in inspect["layers"]] == [n[key] for n in layers]
peaks = {"int8": machine["peak_int8_gops"], "fp32": machine["peak_fp32_gflops"]}
caches, bandwidths = machine["caches"], machine["bandwidths"]
assert set(bandwidths) == {*caches, "DRAM"}, machine

assert near(report["total_ms"], sum(n["ms"] for n in layers), 0.01)
assert near(sum(n["share"] for n in layers), 100)
assert report["min_ms"] <= report["median_ms"] <= report["p95_ms"]
# Looking at the clock is no part of what is said of layers. The minimum is beside the
# median since others that use the machine may add to whole inferences only.
assert 0.5 * report["min_ms"] < report["total_ms"] < 2 * report["median_ms"], report
for known, layer in zip(inspect["layers"], layers, strict=True):
    ms, operations = layer["ms"], 2e-6 * known["macs"]
    # There is an output, of a byte at least.
    assert layer["bytes"] > known["weight_bytes"], layer
    if ms < 1e-4:  # too short for its rates to be read back
        continue
    assert near(layer["share"], 100 * ms / report["total_ms"], 0.01), layer
    assert near(layer["gops"], operations / ms, 0.01), layer
    assert near(layer["gb_per_s"], layer["bytes"] * 1e-6 / ms, 0.01), layer
    peak = peaks[layer["precision"]]
    assert near(layer["percent_of_peak"], 100 * layer["gops"] / peak, 0.01), layer
    level = next((level for level, size in caches.items() if layer["bytes"] <= size),
                 "DRAM")
    slow = layer["bytes"] / bandwidths[level]
    if near(slow, 1e6 * operations / peak, 0.01):
        continue
    assert layer["bound"] == ("compute" if 1e6 * operations / peak > slow else level)
