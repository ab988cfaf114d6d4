"""The report: what was measured, as JSON.

    {"version": 1, "created", "seconds", "machine": {"cpu", "flags", ..., "held_to",
     "peaks": {threads: {"int8_gops", "fp32_gflops"}}},
     "octet": {"version", "sha256", "target"},
     "peers": {name: {"title", "versions": {package: version}, "call_overhead_ms"}},
     "settings": {"calibration", "budget_ms"}, "skipped": [{"what", "why"}],
     "models": [{"name", "title", "origin", "families", "fp32_bytes", "macs", "op",
       "float_elements", "weight_elements",
       "programs": [{"precision", "batch", "bytes", ..., "layers", "layers_machine"}],
       "compiling": {precision: {"seconds", "bytes"}},
       "quality": [{"who", "precision", "sqnr_db", "top1"}],
       "errors": [{"who", "precision", "error"}],
       "contests": [{"threads", "batch", "peaks",
         "times": [{"who", "precision", "median", "p95", "min", "runs",
                    "resident_bytes", "gops", "percent_of_peak"}],
         "ratios": [{"who", "precision", "median", "low", "high"}],
         "errors"}]}]}

A layer has `op` and how many elements it reads and writes: floats of the caller, and
weights in its precision. A program of a net has the `layers` and the `machine` of
`octet bench --layers --json`, where there is such a thing. Times are in milliseconds.
All times of one contest were taken in turns, and ratios are a peer's time over Octet's
in the same precision.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import machine, peers
from .octet import Octet, now
from .options import Options
from .prepare import Prepared


def _by_name(table: Mapping[tuple[str, str], Mapping[str, Any]]
             ) -> list[dict[str, Any]]:
    return [{"who": who, "precision": precision, **value}
            for (who, precision), value in table.items()]


def _weight_bytes(path: Path) -> int:
    """Bytes of an ONNX file and of the weights beside it."""
    beside = path.with_name(path.name + ".data")
    return path.stat().st_size + (beside.stat().st_size if beside.exists() else 0)


@dataclasses.dataclass(frozen=True)
class Measured:
    """What was measured of a model.

    Attributes
    ----------
    contests : list
    layers : dict of (precision, batch) to dict
        Of programs that tell the times of their layers.
    compiling : dict of str to dict
        What compiling to a precision costs.
    """

    contests: list[dict[str, Any]]
    layers: dict[tuple[str, int], dict[str, Any]]
    compiling: dict[str, dict[str, Any]]


def _model(item: Prepared, measured: Measured) -> dict[str, Any]:
    model, layer = item.model, item.model.layer
    entry: dict[str, Any] = {
        "name": model.name, "title": model.title, "origin": model.origin,
        "families": list(model.families), "fp32_bytes": _weight_bytes(model.path),
        "macs": next((p.facts["macs"] for p in item.programs.values()), None)}
    if layer is not None:
        entry["op"] = type(layer).__name__
        entry["float_elements"], entry["weight_elements"] = layer.elements
    entry["programs"] = [
        {"precision": key[0], "batch": key[1], **program.facts,
         **({"layers": found["layers"], "layers_machine": found["machine"]}
            if (found := measured.layers.get(key)) else {})}
        for key, program in item.programs.items()]
    entry["compiling"] = measured.compiling
    entry["quality"] = _by_name(item.quality)
    entry["errors"] = _by_name({name: {"error": error}
                                for name, error in item.errors.items()})
    entry["contests"] = measured.contests
    return entry


def make(given: Options, octet: Octet, models: Sequence[tuple[Prepared, Measured]],
         peaks: dict[int, dict[str, float]],
         versions: dict[str, dict[str, str]], overheads: dict[str, float],
         skipped: Sequence[tuple[str, str]], seconds: float) -> dict[str, Any]:
    """The report of one run."""
    return {
        "version": 1, "created": now(), "seconds": round(seconds),
        "machine": {**machine.describe(), "held_to": given.machine,
                    "peaks": {str(n): peak for n, peak in peaks.items()}},
        "octet": {"version": octet.version, "sha256": octet.digest,
                  "target": octet.target},
        "peers": {name: {"title": peers.find(name).TITLE, "versions": found,
                         "call_overhead_ms": overheads.get(name)}
                  for name in given.peers if (found := versions.get(name))},
        "settings": {"calibration": given.calibration, "budget_ms": given.budget,
                     "quick": given.quick},
        "skipped": [{"what": what, "why": why} for what, why in skipped],
        "models": [_model(item, measured) for item, measured in models]}


def write(folder: Path, results: dict[str, Any]) -> Path:
    """Writes results.json."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.json"
    path.write_text(json.dumps(results, indent=1) + "\n")
    return path


def time_of(contest: Mapping[str, Any], who: str, precision: str
            ) -> dict[str, Any] | None:
    """The times of one contestant."""
    return _find(contest["times"], who, precision)


def ratio_of(contest: Mapping[str, Any], who: str, precision: str
             ) -> dict[str, Any] | None:
    """A peer's time over Octet's."""
    return _find(contest["ratios"], who, precision)


def _find(rows: Sequence[dict[str, Any]], who: str, precision: str
          ) -> dict[str, Any] | None:
    return next((row for row in rows
                 if (row["who"], row["precision"]) == (who, precision)), None)


def contest_of(model: Mapping[str, Any], threads: int, batch: int
               ) -> dict[str, Any] | None:
    """The contest of a model."""
    return next((c for c in model["contests"]
                 if (c["threads"], c["batch"]) == (threads, batch)), None)


def line(title: str, contest: Mapping[str, Any]) -> str:
    """A contest in one line, for the terminal."""
    times = ", ".join(f"{t['who']} {t['precision']} {t['median']:.3f}"
                      for t in contest["times"])
    wrong = "".join(f"; {e['who']} {e['precision']}: {e['error']}"
                    for e in contest["errors"])
    threads, batch = contest["threads"], contest["batch"]
    return f"{title}, {threads} thread(s), batch {batch}: {times} ms{wrong}"
