"""The benchmark itself, in the environment of the peers; `run.py` calls it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from . import layers, machine, markdown, options, peers, plots, prepare, readme, report
from .cache import Cache
from .catalog import Catalog, Model
from .environments import Failed
from .octet import Octet
from .processes import Home
from .timing import Stage


def _homes(given: options.Options, skipped: list[tuple[str, str]]) -> dict[str, Home]:
    """Those of the peers that can be held to the machine."""
    found = {}
    for name in given.peers:
        peer = peers.find(name)
        python = given.exporter if peer.ENVIRONMENT == "export" else sys.executable
        try:
            found[name] = Home(str(python), peer.limit(given.machine))
        except peers.Unfit as why:
            skipped.append((peer.TITLE, str(why)))
    return found


def _contests(prepared: Sequence[prepare.Prepared], given: options.Options,
              preparation: prepare.Preparation, threads: Sequence[int]
              ) -> list[tuple[prepare.Prepared, int, int]]:
    return [(item, count, batch) for item in prepared
            for batch in preparation.batches(item.model) for count in threads]


def _threads(given: options.Options, octet: Octet, cpus: Sequence[int],
             skipped: list[tuple[str, str]]) -> list[int]:
    usable = []
    for count in given.threads:
        if count > len(cpus):
            skipped.append((f"{count} threads", f"needs {count} CPUs"))
        elif count > 1 and not octet.has_threads:
            skipped.append((f"{count} threads", "needs programs with --threads"))
        else:
            usable.append(count)
    return usable


def _run(given: options.Options) -> dict[str, Any]:
    started = time.monotonic()
    have = machine.flags()
    missing = machine.lacks(given.machine, have)
    skipped: list[tuple[str, str]] = []
    cache = Cache(given.work / "cache")
    assert given.octet is not None
    octet = Octet(given.octet, given.machine, cache)
    catalog = Catalog(given, cache)
    models: list[Model] = []
    homes: dict[str, Home] = {}
    if missing:
        skipped.append((f"all of {given.machine}", missing))
    else:
        homes = _homes(given, skipped)
        models = catalog.models()
        skipped += catalog.skipped
    no_bf16 = machine.lacks_bf16(given.machine, have)
    if no_bf16 and "bf16" in given.precisions:
        skipped.append(("bf16", no_bf16))
    cpus = machine.cores()
    preparation = prepare.Preparation(given, octet, cache, homes,
                                      machine.saturates(given.machine, have),
                                      bf16=no_bf16 is None)
    with tqdm(total=len(models) * (1 + len(homes)), desc="preparing",
              disable=None) as bar:
        def done(lane: str, model: str) -> None:
            bar.set_postfix_str(f"{lane}: {model}")
            bar.update()

        prepared = preparation.run(models, done)
    entries: dict[str, list[dict[str, Any]]] = {m.name: [] for m in models}
    small = given.work / "models" / "small"
    product = layers.write("product", layers.build(layers.MatMul(1, 64, 64)), small)
    # Bare loops take the best instructions of the machine, whatever it is held to.
    loops = octet.compile(product, "fp32", 1) if given.machine == "host" else None
    stage = Stage(octet, cpus, loops, homes, given.budget)
    todo = _contests(prepared, given, preparation,
                     _threads(given, octet, cpus, skipped))
    try:
        with tqdm(todo, desc="timing", disable=None) as bar:
            for item, count, batch in bar:
                bar.set_postfix_str(item.model.title)
                entry = stage.hold(item, count, batch)
                entries[item.model.name].append(entry)
                tqdm.write(report.line(item.model.title, entry))
        measured = [report.Measured(entries[item.model.name], stage.layers(item),
                                    {} if given.quick else stage.compiling(item))
                    for item in prepared]
        overheads = stage.overheads(layers.write("nothing", layers.identity(), small))
    finally:
        stage.close()
    return report.make(given, octet, list(zip(prepared, measured, strict=True)),
                       stage.peaks, preparation.versions, overheads, skipped,
                       time.monotonic() - started)


def main() -> None:
    given = options.parse()
    try:
        results = _run(given)
        written = report.write(given.results, results)
        plots.write(given.results, results)
        text = markdown.whole(results)
        (given.results / "results.md").write_text(text)
        if given.update_readme:
            readme.update(options.REPOSITORY / "README.md", markdown.readme(results))
    except Failed as failure:
        sys.exit(f"run.py: {failure}")
    for entry in results["skipped"]:
        print(f"{entry['what']}: skipped: {entry['why']}")
    print(f"wrote {written}, results.md and plots beside it")


if __name__ == "__main__":
    main()
