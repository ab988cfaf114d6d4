"""Makes what is timed: compiles, quantizes, and compares the outputs with FP32."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from .cache import Cache
from .catalog import Model
from .environments import Failed
from .octet import Calibration, Octet, Program
from .options import Options
from .peers import Quantization, Source, find
from .processes import Home, PeerProcess

Name = tuple[str, str]
"""Whose it is, and its precision."""

# Each may take a gigabyte.
_MOST_COMPILERS = 4

# Outputs this many dB above their error are computed rightly: those of f32; and those
# of 8 bits, of which even a deep net with random weights keeps more than it loses.
LEAST_SQNR = {"fp32": 60.0, "int8": 2.0, "bf16": 10.0}


@dataclasses.dataclass
class Prepared:
    """A model in all forms that are timed.

    Attributes
    ----------
    programs : dict of (precision, batch) to Program
    sources : dict of Name to Source
        Of peers.
    outputs : dict of Name to Path
        Of the samples that are compared.
    quality : dict of Name to dict
        `sqnr_db` over the reference, and `top1` where there are labels.
    errors : dict of Name to str
        Why something is missing.
    """

    model: Model
    programs: dict[tuple[str, int], Program] = dataclasses.field(default_factory=dict)
    sources: dict[Name, Source] = dataclasses.field(default_factory=dict)
    outputs: dict[Name, Path] = dataclasses.field(default_factory=dict)
    quality: dict[Name, dict[str, float]] = dataclasses.field(default_factory=dict)
    errors: dict[Name, str] = dataclasses.field(default_factory=dict)


class Preparation:
    """Prepares models; each peer in a lane of its own, Octet in several.

    Parameters
    ----------
    homes : dict of str to Home
        Of each peer that takes part.
    narrow : bool
        Whether products saturate on this machine.
    """

    def __init__(self, options: Options, octet: Octet, cache: Cache,
                 homes: dict[str, Home], narrow: bool,
                 bf16: bool) -> None:
        self._options, self._octet, self._cache = options, octet, cache
        self._homes, self._narrow = homes, narrow
        self._precisions = [p for p in options.precisions if p != "bf16" or bf16]
        self.versions: dict[str, dict[str, str]] = {}

    def run(self, models: Sequence[Model],
            done: Callable[[str, str], None]) -> list[Prepared]:
        """Prepares all; `done` is told whose step it was, and the model."""
        prepared = [Prepared(model) for model in models]
        told = threading.Lock()

        def finish(lane: str, item: Prepared) -> None:
            with told:
                done(lane, item.model.title)

        def octet_step(item: Prepared) -> None:
            self._compile(item)
            finish("octet", item)

        def peer_lane(peer: str) -> None:
            lane = _Lane(peer, self._homes[peer], self._cache)
            try:
                self.versions[peer] = lane.versions
                for item in prepared:
                    self._quantize(lane, item)
                    finish(peer, item)
            finally:
                lane.close()

        compilers = min(_MOST_COMPILERS, len(os.sched_getaffinity(0)))
        with ThreadPoolExecutor(compilers + len(self._homes)) as pool:
            steps = [pool.submit(peer_lane, peer) for peer in self._homes]
            steps += [pool.submit(octet_step, item) for item in prepared]
            for each in steps:
                each.result()
        for item in prepared:
            compare(item)
        return prepared

    def batches(self, model: Model) -> tuple[int, ...]:
        """Those that a model is timed in: nets alone have more than one."""
        return self._options.batches if model.source.batch else (1,)

    def _compile(self, item: Prepared) -> None:
        model = item.model
        calibration = calibration_of(model)
        for precision in self._precisions:
            if precision == "bf16":
                continue
            try:
                for batch in self.batches(model):
                    item.programs[precision, batch] = self._octet.compile(
                        model.path, precision, batch, calibration)
                program = item.programs.get((precision, 1)) or self._octet.compile(
                    model.path, precision, 1, calibration)
                item.outputs["octet", precision] = self._octet.evaluate(
                    program, model.test)
            except Failed as failure:
                item.errors["octet", precision] = str(failure)

    def _quantize(self, lane: _Lane, item: Prepared) -> None:
        model, peer = item.model, find(lane.peer)
        for precision in self._precisions:
            if precision not in peer.PRECISIONS or model.origin not in peer.ORIGINS:
                continue
            name = (lane.peer, precision)
            try:
                source = model.source
                if precision == "int8":
                    source = lane.quantize(model, self._narrow)
                item.outputs[name] = lane.evaluate(model, source, precision)
                item.sources[name] = source
            except Failed as failure:
                item.errors[name] = str(failure)


def calibration_of(model: Model) -> Calibration:
    """What Octet is told of a model's INT8."""
    return Calibration(model.calibration, everything=not model.trained)


class _Lane:
    """A peer that prepares; it is started again when it dies."""

    def __init__(self, peer: str, home: Home, cache: Cache) -> None:
        self.peer, self._home, self._cache = peer, home, cache
        self._process = PeerProcess(peer, home)
        self.versions: dict[str, str] = self._process.ask("versions")
        # What the cache's entries depend on beside their inputs.
        self._key = {"peer": peer, "versions": self.versions,
                     "environment": home.environment,
                     "code": Path(find(peer).__file__)}  # type: ignore[attr-defined]

    def _ask(self, do: str, **request: Any) -> dict[str, Any]:
        try:
            return self._process.ask(do, **request)
        except Failed as failure:
            if str(failure).startswith("ended with status"):
                self._process.close()
                self._process = PeerProcess(self.peer, self._home)
            raise

    def quantize(self, model: Model, narrow: bool) -> Source:
        def build(folder: Path) -> dict[str, Any]:
            job = Quantization(model.source, str(model.calibration), str(folder),
                               model.transformer, narrow)
            return self._ask("quantize", **vars(job))

        folder, facts = self._cache.make(
            "quantized", {**self._key, "model": model.path,
                          "calibration": model.calibration, "narrow": narrow,
                          "transformer": model.transformer}, build)
        return dataclasses.replace(model.source, path=str(folder / facts["file"]))

    def evaluate(self, model: Model, source: Source, precision: str) -> Path:
        # OpenVINO keeps weights beside the graph: what was given names the content.
        def build(folder: Path) -> dict[str, Any]:
            return self._ask("evaluate", source=source, data=str(model.test),
                             limit=1_000_000, threads=1, precision=precision,
                             out=str(folder / "outputs.npz"))

        folder, _ = self._cache.make(
            "outputs", {**self._key, "model": model.path, "path": source.path,
                        "data": model.test, "precision": precision}, build)
        return folder / "outputs.npz"

    def close(self) -> None:
        self._process.close()


def sqnr_db(reference: Any, values: Any) -> float:
    """10 log10(sum of squares / that of errors): 999 if equal, -999 if not finite."""
    reference, values = (np.asarray(x, np.float64) for x in (reference, values))
    if not np.isfinite(values).all():
        return -999.0
    signal = float((reference ** 2).sum())
    noise = float(((reference - values) ** 2).sum())
    if noise == 0:
        return 999.0
    return float(10 * np.log10(signal / noise)) if signal else -999.0


def compare(item: Prepared) -> None:
    """Fills in `quality`; what computes rubbish becomes an error, and is not timed."""
    reference = next((item.outputs[peer, "fp32"]
                      for peer in ("onnxruntime", "openvino", "octet")
                      if (peer, "fp32") in item.outputs), None)
    if reference is None:
        return
    with np.load(item.model.test) as data:
        labels = data.get("labels")
    with np.load(reference) as wanted:
        for name, path in item.outputs.items():
            with np.load(path) as got:
                found = [sqnr_db(wanted[k], got[k].reshape(wanted[k].shape))
                         for k in wanted if wanted[k].dtype.kind == "f"]
                quality = {"sqnr_db": min(found)} if found else {}
                if labels is not None and labels.ndim == 1:
                    scores = got[wanted.files[0]].reshape(len(labels), -1)
                    right = scores.argmax(axis=1) == labels
                    quality["top1"] = 100 * float(right.mean())
            item.quality[name] = quality
            least = LEAST_SQNR[name[1]]
            if quality.get("sqnr_db", least) < least:
                item.errors[name] = (f"outputs are {quality['sqnr_db']:.1f} dB above "
                                     f"their error, of at least {least:.0f}")
