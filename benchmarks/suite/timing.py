"""Holds the contests of prepared models and writes down what comes of them."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import contest
from .environments import Failed
from .octet import Octet, Program
from .peers import Loading, Source, find
from .prepare import Prepared, calibration_of
from .processes import (
    Contestant,
    Home,
    OctetContestant,
    PeerContestant,
    PeerProcess,
)

_LAYER_BUDGET_PART = 0.15
_CALLS = 2000


class Stage:
    """Where contests are held.

    Parameters
    ----------
    cpus : list of int
        Those that contestants are pinned to, the first N for N threads.
    loops : Program or None
        A small one, whose harness measures peaks; without it there are none.
    homes : dict of str to Home
        Of each peer that takes part.
    budget : float
        Milliseconds for each contestant in a contest of nets.
    """

    def __init__(self, octet: Octet, cpus: list[int], loops: Program | None,
                 homes: dict[str, Home], budget: float) -> None:
        self._octet, self._cpus, self._loops = octet, cpus, loops
        self._homes, self._budget = homes, budget
        self._kept: dict[tuple[Any, ...], PeerProcess] = {}
        self.peaks: dict[int, dict[str, float]] = {}

    def hold(self, item: Prepared, threads: int, batch: int) -> dict[str, Any]:
        """One contest; its entry in the report (`suite.report`)."""
        cpus = self._cpus[:threads]
        peaks: dict[str, float] = {}
        if self._loops is not None:
            # Whoever disturbs the loops makes them slower: the best of all is
            # nearest to what the machine can do.
            peaks = self.peaks.setdefault(threads, {})
            for name, value in self._octet.peaks(self._loops, cpus).items():
                peaks[name] = max(peaks.get(name, 0), value)
        layer = item.model.layer is not None
        contestants, errors = self._start(item, threads, batch, cpus, keep=layer)
        try:
            budget = self._budget * (_LAYER_BUDGET_PART if layer else 1)
            timings, died = contest.hold(contestants, budget)
        finally:
            for contestant in contestants:
                contestant.close()
        if died:
            self.close()
        return _entry(item, threads, batch, dict(peaks), timings, {**errors, **died})

    def layers(self, item: Prepared) -> dict[tuple[str, int], dict[str, Any]]:
        """The times of the layers of a net's programs, of batch 1 and one thread.

        Returns
        -------
        dict
            By precision and batch; empty where programs cannot tell.
        """
        if not self._octet.times_layers or item.model.layer is not None:
            return {}
        return {(precision, batch): self._octet.layers(program, self._cpus[0])
                for (precision, batch), program in item.programs.items()
                if batch == 1 and ("octet", precision) not in item.errors}

    def compiling(self, item: Prepared) -> dict[str, dict[str, Any]]:
        """What compiling a net costs (`Octet.compiling`), by precision."""
        model = item.model
        if model.layer is not None:
            return {}
        calibration = calibration_of(model)
        return {precision: self._octet.compiling(model.path, precision, calibration)
                for precision, batch in item.programs if batch == 1}

    def overheads(self, model: Path) -> dict[str, float]:
        """Milliseconds that a call of each peer takes from Python.

        Parameters
        ----------
        model : Path
            One that does nothing (`layers.write_identity`).
        """
        data = model.with_suffix(".npz")
        np.savez(data, x=np.zeros((1, 1, 1), np.float32))
        found = {}
        for peer, home in self._homes.items():
            if "layer" not in find(peer).ORIGINS:
                continue
            process = PeerProcess(peer, home, self._cpus[:1])
            source = Source(str(model), {"x": "float32"}, None)
            contestant = PeerContestant(
                peer, Loading(source, str(data), 1, 1, "fp32"), process, keep=False)
            try:
                found[peer] = statistics.median(contestant.time(_CALLS))
            finally:
                contestant.close()
        return found

    def close(self) -> None:
        """Ends the processes that several contests share."""
        for process in self._kept.values():
            process.close()
        self._kept.clear()

    def _start(self, item: Prepared, threads: int, batch: int, cpus: Sequence[int],
               keep: bool) -> tuple[list[Contestant], dict[tuple[str, str], str]]:
        contestants: list[Contestant] = []
        errors: dict[tuple[str, str], str] = {}
        for (precision, size), program in item.programs.items():
            if size != batch or ("octet", precision) in item.errors:
                continue
            try:
                contestants.append(OctetContestant(program.path, precision, threads,
                                                   cpus))
            except Failed as failure:
                errors["octet", precision] = str(failure)
        for (peer, precision), source in item.sources.items():
            if (peer, precision) in item.errors:
                continue
            job = Loading(source, str(item.model.test), batch, threads, precision)
            try:
                process = self._process(peer, precision, cpus, keep)
                contestants.append(PeerContestant(peer, job, process, keep))
            except Failed as failure:
                errors[peer, precision] = str(failure)
                if keep:
                    self._kept.pop((peer, precision, *cpus)).close()
        return contestants, errors

    def _process(self, peer: str, precision: str, cpus: Sequence[int],
                 keep: bool) -> PeerProcess:
        if not keep:
            return PeerProcess(peer, self._homes[peer], cpus)
        key = (peer, precision, *cpus)
        if key not in self._kept:
            self._kept[key] = PeerProcess(peer, self._homes[peer], cpus)
        return self._kept[key]


def _entry(item: Prepared, threads: int, batch: int, peaks: dict[str, float],
           timings: dict[tuple[str, str], contest.Timing],
           errors: dict[tuple[str, str], str]) -> dict[str, Any]:
    program = next(iter(item.programs.values()), None)
    macs = program.facts["macs"] if program else None
    times, ratios = [], []
    for (who, precision), timing in timings.items():
        facts = dataclasses.asdict(timing)
        del facts["rounds"]
        if macs:
            facts["gops"] = 2e-6 * macs * batch / timing.median
            peak = peaks.get("int8_gops" if precision == "int8" else "fp32_gflops")
            if precision != "bf16" and peak:
                facts["percent_of_peak"] = 100 * facts["gops"] / peak
        times.append({"who": who, "precision": precision, **facts})
        ours = timings.get(("octet", precision))
        if who != "octet" and ours:
            ratios.append({"who": who, "precision": precision,
                           **dataclasses.asdict(contest.ratio(timing, ours))})
    return {"threads": threads, "batch": batch, "peaks": peaks, "times": times,
            "ratios": ratios,
            "errors": [{"who": who, "precision": precision, "error": error}
                       for (who, precision), error in errors.items()]}
