"""Bars of the times of nets, and rooflines with a dot for each layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

from .report import contest_of, ratio_of, time_of

Json = Mapping[str, Any]
_BYTES = {"fp32": 4, "int8": 1}
_COLOURS = {"compute": "tab:blue", "L2": "tab:green", "L3": "tab:orange",
            "DRAM": "tab:red"}


def bars(results: Json, threads: int, batch: int, path: Path) -> None:
    """Peers' times over Octet's of every net, a bar for each peer and precision."""
    rows = [(m["title"], c) for m in results["models"] if m["origin"] != "layer"
            if (c := contest_of(m, threads, batch)) is not None]
    series = [(peer, precision) for precision in ("int8", "fp32")
              for peer in results["peers"]
              if any(ratio_of(c, peer, precision) for _, c in rows)]
    if not series:
        return
    figure, axes = pyplot.subplots(figsize=(max(6, 0.8 * len(rows) + 2), 4.5))
    width = 0.8 / len(series)
    for i, (peer, precision) in enumerate(series):
        found = [ratio_of(c, peer, precision) for _, c in rows]
        heights = [r["median"] if r else 0 for r in found]
        spread = [[r["median"] - r["low"] if r else 0 for r in found],
                  [r["high"] - r["median"] if r else 0 for r in found]]
        axes.bar([x + (i + 0.5) * width - 0.4 for x in range(len(rows))], heights,
                 width, yerr=spread, capsize=1.5,
                 label=f"{results['peers'][peer]['title']} {precision.upper()}")
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_xticks(range(len(rows)), [title for title, _ in rows], rotation=35,
                    ha="right")
    axes.set_ylabel("their time over Octet's")
    axes.set_title(f"{results['machine']['cpu']}, {threads} thread"
                   f"{'s' if threads > 1 else ''}, batch {batch}")
    axes.legend(fontsize=8)
    _save(figure, path)


def layers_of(results: Json, precision: str) -> dict[str, Any]:
    """Single layers as `roofline` takes them.

    The bytes are those of inputs and outputs, which are floats for the caller, and of
    weights in that precision.
    """
    found = []
    for model in results["models"]:
        contest = contest_of(model, 1, 1)
        if model["origin"] != "layer" or contest is None:
            continue
        ours = time_of(contest, "octet", precision)
        if ours:
            found.append({"name": model["name"], "op": model["op"],
                          "ms": ours["median"], "gops": ours["gops"],
                          "bytes": 4 * model["float_elements"]
                                   + _BYTES[precision] * model["weight_elements"],
                          "bound": None})
    peaks = results["machine"]["peaks"].get("1", {})
    return {"layers": found, "bandwidths": {},
            "peak_gops": peaks.get("int8_gops" if precision == "int8"
                                   else "fp32_gflops")}


def layers_in(program: Json) -> dict[str, Any]:
    """The layers of a net's program, as its own `bench` measured them."""
    machine = program["layers_machine"]
    peak = "peak_int8_gops" if program["precision"] == "int8" else "peak_fp32_gflops"
    return {"layers": program["layers"], "peak_gops": machine[peak],
            "bandwidths": machine.get("bandwidths", {})}


def roofline(data: Json, title: str, path: Path) -> None:
    """Rates of layers over their operations for each byte.

    Parameters
    ----------
    data : dict
        {"peak_gops", "bandwidths": {level: GB/s}, "layers": [{"name", "op", "ms",
        "gops", "bytes", "bound"}]}: `bound` is "compute" or the level of the memory
        that a layer waits for, or None where that is not known.
    """
    dots = [(2 * _operations(layer) / layer["bytes"], layer) for layer in data["layers"]
            if layer["gops"] and layer["bytes"]]
    if not dots:
        return
    figure, axes = pyplot.subplots(figsize=(7, 5))
    low, high = (f(x for x, _ in dots) for f in (min, max))
    ends = [low / 2, high * 2]
    if data["peak_gops"]:
        axes.axhline(data["peak_gops"], color="black", linewidth=0.8,
                     label=f"peak, {data['peak_gops']:.0f} GOPS")
    for level, rate in data["bandwidths"].items():
        # A roof ends where it meets the peak.
        end = min(ends[1], data["peak_gops"] / rate)
        if end > ends[0]:
            axes.plot([ends[0], end], [rate * ends[0], rate * end], linewidth=0.8,
                      color=_COLOURS.get(level), label=f"{level}, {rate:.0f} GB/s")
    for kind in sorted({_kind(layer) for _, layer in dots}):
        those = [(x, layer["gops"]) for x, layer in dots if _kind(layer) == kind]
        axes.scatter([x for x, _ in those], [y for _, y in those], s=14, label=kind,
                     alpha=0.8, color=_COLOURS.get(kind))
    axes.set(xscale="log", yscale="log", title=title, ylabel="GOPS",
             xlabel="operations for each byte of inputs, weights and outputs")
    axes.legend(fontsize=8)
    _save(figure, path)


def _operations(layer: Json) -> float:
    """Multiply-accumulates of a layer, from its time and rate."""
    return float(layer["gops"]) * float(layer["ms"]) * 1e6 / 2


def _kind(layer: Json) -> str:
    """What colours a dot."""
    return str(layer["bound"] or layer["op"])


def write(folder: Path, results: Json) -> None:
    """Writes all plots that there are data for."""
    pairs: Sequence[tuple[int, int]] = sorted({
        (c["threads"], c["batch"]) for m in results["models"]
        if m["origin"] != "layer" for c in m["contests"]})
    for threads, batch in pairs:
        bars(results, threads, batch, folder / f"nets-t{threads}-b{batch}.png")
    for model in results["models"]:
        for program in model["programs"]:
            if "layers" in program:
                precision = program["precision"]
                roofline(layers_in(program), f"{model['title']}, {precision.upper()}",
                         folder / f"roofline-{model['name']}-{precision}.png")
    for precision in ("int8", "fp32"):
        roofline(layers_of(results, precision), f"single layers, {precision.upper()}",
                 folder / f"roofline-layers-{precision}.png")


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    pyplot.close(figure)
