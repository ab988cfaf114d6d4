"""The report as tables in Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .report import contest_of, ratio_of, time_of

Json = Mapping[str, Any]
_NONE = "-"


def number(value: float) -> str:
    """Three digits, of which none is an exponent."""
    if value <= 0:
        return f"{value:.0f}"
    digits = max(0, 2 - math.floor(math.log10(value)))
    return f"{value:.{digits}f}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, or nothing where there are no rows."""
    body = [f"| {' | '.join(row)} |" for row in rows]
    if not body:
        return ""
    return "\n".join([f"| {' | '.join(heads)} |", "|" + "---|" * len(heads), *body,
                      ""])


def _ratio(contest: Json, who: str, precision: str) -> str:
    found = ratio_of(contest, who, precision)
    if found is None:
        return _NONE
    text = f"{found['median']:.2f}"
    return text if found["median"] >= 1 else f"**{text}**"


def _time(contest: Json, who: str, precision: str) -> str:
    found = time_of(contest, who, precision)
    return number(found["median"]) if found else _NONE


def _best(contest: Json, peers: Iterable[str], precision: str) -> str:
    """The best peer's time over Octet's."""
    ratios = [r for peer in peers
              if (r := ratio_of(contest, peer, precision)) is not None]
    if not ratios:
        return _NONE
    return _ratio(contest, min(ratios, key=lambda r: r["median"])["who"], precision)


def _nets(results: Json) -> list[Json]:
    return [m for m in results["models"] if m["origin"] != "layer"]


def speed(results: Json, threads: int, batch: int) -> str:
    """Times of Octet, and its peers' over them."""
    peers: dict[str, Any] = results["peers"]
    heads = ["model", "Octet FP32 → INT8, ms", "of peak",
             *(f"{peer['title']} INT8" for peer in peers.values()),
             "FP32: best peer over Octet"]

    def rows() -> Iterable[Sequence[str]]:
        for model in _nets(results):
            contest = contest_of(model, threads, batch)
            if contest is None:
                continue
            int8 = time_of(contest, "octet", "int8") or {}
            peak = int8.get("percent_of_peak")
            yield [model["title"], f"{_time(contest, 'octet', 'fp32')} → "
                                   f"{_time(contest, 'octet', 'int8')}",
                   f"{peak:.0f} %" if peak else _NONE,
                   *(_ratio(contest, peer, "int8") for peer in peers),
                   _best(contest, peers, "fp32")]

    return table(heads, rows())


def _find(rows: Iterable[Json], **wanted: Any) -> Json | None:
    return next((row for row in rows
                 if all(row[k] == v for k, v in wanted.items())), None)


def accuracy(results: Json) -> str:
    """Top-1 of trained nets with labels, FP32 and every INT8; and sizes."""
    names = ["octet", *results["peers"]]
    titles = ["Octet", *(p["title"] for p in results["peers"].values())]

    def rows() -> Iterable[Sequence[str]]:
        for model in _nets(results):
            found = {(q["who"], q["precision"]): q["top1"] for q in model["quality"]
                     if "top1" in q}
            program = _find(model["programs"], precision="int8", batch=1)
            if ("octet", "fp32") in found and program:
                yield [model["title"], f"{found['octet', 'fp32']:.2f} %",
                       *(f"{found[n, 'int8']:.2f} %" if (n, "int8") in found else _NONE
                         for n in names),
                       f"{program['bytes'] / 1e6:.2f} MB of "
                       f"{model['fp32_bytes'] / 1e6:.2f}"]

    return table(["model", "top-1 FP32", *(f"{t} INT8" for t in titles),
                  "INT8 program"], rows())


def _fidelity(results: Json) -> str:
    names = ["octet", *results["peers"]]

    def sqnr(model: Json, who: str, precision: str) -> str:
        found = _find(model["quality"], who=who, precision=precision)
        return f"{found['sqnr_db']:.1f}" if found and "sqnr_db" in found else _NONE

    def rows() -> Iterable[Sequence[str]]:
        for model in _nets(results):
            program = _find(model["programs"], precision="int8", batch=1)
            yield [model["title"], *(sqnr(model, n, "int8") for n in names),
                   f"{program['int8_macs_percent']:.1f} %" if program else _NONE]

    return table(["model", *(f"{n}, dB" for n in names), "MACs that Octet has in INT8"],
                 rows())


def _memory(results: Json) -> str:
    names = ["octet", *results["peers"]]

    def rows() -> Iterable[Sequence[str]]:
        for model in _nets(results):
            contest = contest_of(model, 1, 1)
            if contest is None:
                continue
            precisions = ("fp32", "int8")
            programs = [_find(model["programs"], precision=p, batch=1) or {}
                        for p in precisions]
            costs = [model["compiling"].get(p) for p in precisions]
            yield [model["title"], f"{model['fp32_bytes'] / 1e6:.1f}",
                   *(f"{p['bytes'] / 1e6:.1f}" if p else _NONE for p in programs),
                   *(f"{cost['bytes'] / 1e6:.0f}, {cost['seconds']:.1f} s"
                     if cost else _NONE for cost in costs),
                   *(f"{t['resident_bytes'] / 1e6:.0f}" if
                     (t := time_of(contest, n, "int8")) else _NONE for n in names)]

    return table(["model", "ONNX", "FP32 program", "INT8 program", "compiling FP32",
                  "compiling INT8", *(f"{n} INT8 resident" for n in names)], rows())


def layers_table(results: Json, threads: int) -> str:
    """Single layers: Octet's time, rate and peers' times over it."""
    peers: dict[str, Any] = results["peers"]

    def rows() -> Iterable[Sequence[str]]:
        for model in results["models"]:
            contest = contest_of(model, threads, 1)
            if model["origin"] != "layer" or contest is None:
                continue
            ours = time_of(contest, "octet", "int8") or {}
            yield [model["name"], ", ".join(model["families"]),
                   f"{_time(contest, 'octet', 'fp32')} → "
                   f"{_time(contest, 'octet', 'int8')}",
                   f"{ours['gops']:.0f}" if ours else _NONE,
                   f"{ours['percent_of_peak']:.0f} %" if ours else _NONE,
                   *(_ratio(contest, peer, "int8") for peer in peers),
                   *(_ratio(contest, peer, "fp32") for peer in peers)]

    titles = [peer["title"] for peer in peers.values()]
    return table(["layer", "of", "Octet FP32 → INT8, ms", "GOPS", "of peak",
                  *(f"{t} INT8" for t in titles), *(f"{t} FP32" for t in titles)],
                 rows())


def layers_summary(results: Json, threads: int) -> str:
    """Means of the ratios of each family of layers."""
    peers: dict[str, Any] = results["peers"]
    families: dict[str, list[Json]] = {}
    for model in results["models"]:
        contest = contest_of(model, threads, 1)
        if model["origin"] == "layer" and contest is not None:
            for family in model["families"]:
                families.setdefault(family, []).append(contest)

    def mean(contests: list[Json], who: str, precision: str) -> str:
        found = [r["median"] for c in contests if (r := ratio_of(c, who, precision))]
        if not found:
            return _NONE
        value = math.exp(sum(map(math.log, found)) / len(found))
        slower = sum(r < 1 for r in found)
        return f"{value:.2f}" + (f" ({slower} slower)" if slower else "")

    titles = [peer["title"] for peer in peers.values()]
    return table(
        ["layers of", "shapes", *(f"{t} INT8" for t in titles),
         *(f"{t} FP32" for t in titles)],
        ([family, str(len(contests)),
          *(mean(contests, peer, p) for p in ("int8", "fp32") for peer in peers)]
         for family, contests in families.items()))


def where(results: Json) -> str:
    """A sentence on the machine and the peers."""
    peaks = results["machine"]["peaks"].get("1")
    machine = results["machine"]["cpu"]
    held = results["machine"]["held_to"]
    if held != "host":
        machine += f", held to {held}"
    if peaks:
        machine += (f" (bare loops on one core reach {peaks['int8_gops']:.0f} GOPS in "
                    f"INT8, {peaks['fp32_gflops']:.0f} GFLOPS in FP32)")
    peers = ", ".join(" and ".join(f"{n} {v}" for n, v in p["versions"].items())
                      for p in results["peers"].values())
    return f"On {machine}, beside {peers}."


def _errors(results: Json) -> str:
    lines = [f"- {m['title']}, {e['who']} {e['precision']}: {e['error']}"
             for m in results["models"]
             for e in [*m["errors"], *(e for c in m["contests"] for e in c["errors"])]]
    return "\n".join(dict.fromkeys(lines)) + "\n" if lines else ""


def _settings(results: Json) -> list[tuple[int, int]]:
    """Threads and batches of the contests of nets."""
    return sorted({(c["threads"], c["batch"]) for m in _nets(results)
                   for c in m["contests"]}, key=lambda pair: (pair[1], pair[0]))


def _named(threads: int, batch: int) -> str:
    return f"{threads} thread{'s' if threads > 1 else ''}, batch {batch}"


def whole(results: Json) -> str:
    """All tables."""
    sections: list[tuple[str, str]] = [
        (f"Nets: {_named(*pair)}", speed(results, *pair))
        for pair in _settings(results)]
    per_layer: Callable[[int], str] = lambda n: "\n".join(  # noqa: E731
        [layers_summary(results, n), layers_table(results, n)])
    sections += [("Accuracy on labelled data", accuracy(results)),
                 ("INT8 outputs over their error", _fidelity(results)),
                 ("Sizes and memory, MB", _memory(results))]
    threads = sorted({c["threads"] for m in results["models"]
                      if m["origin"] == "layer" for c in m["contests"]})
    sections += [(f"Single layers: {_named(n, 1)}", per_layer(n)) for n in threads]
    sections += [("Errors", _errors(results)),
                 ("Skipped", "\n".join(f"- {s['what']}: {s['why']}"
                                       for s in results["skipped"]))]
    calls = ", ".join(f"{p['title']} {1000 * p['call_overhead_ms']:.1f}"
                      for p in results["peers"].values() if p["call_overhead_ms"])
    text = ["# Octet beside its peers", "", where(results),
            "Under a peer's name are its times over Octet's in the same precision; "
            "Octet is slower where it is bold.",
            f"A call from Python, which is in the peers' times, takes µs: {calls}.", ""]
    for title, body in sections:
        if body.strip():
            text += [f"## {title}", "", body.rstrip(), ""]
    return "\n".join(text)


def readme(results: Json) -> str:
    """What README shows."""
    text = [where(results)]
    for pair in _settings(results):
        text += [f"{_named(*pair).capitalize()}:", speed(results, *pair)]
    scores = accuracy(results)
    if scores:
        text += ["Accuracy:", scores]
    summary = layers_summary(results, 1)
    if summary:
        text += ["Single layers, one thread, means of the peers' times over Octet's:",
                 summary]
    return "\n\n".join(part.strip() for part in text if part.strip())
