"""Octet's side: compiles models, and asks programs what they are."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .cache import Cache, digest
from .environments import Failed

# Peaks are measured beside a few inferences, eight times in each run.
_PEAK_RUNS = 8


@dataclasses.dataclass(frozen=True)
class Program:
    """A compiled model.

    Attributes
    ----------
    facts : dict
        `bytes` of the file, `macs` of one sample, `int8_macs_percent`, `arena_bytes`.
    """

    path: Path
    facts: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Calibration:
    """How a model becomes INT8.

    Attributes
    ----------
    data : Path
        An .npz file of samples.
    everything : bool
        Whether all is rounded, as peers do, whatever the outputs lose: layers stay in
        f32 by default where outputs would be lost, of which random weights say nothing.
    """

    data: Path
    everything: bool

    @property
    def flags(self) -> list[str]:
        return ["--min-sqnr", "0"] if self.everything else []


def _run(command: Sequence[str | Path], cache: Path) -> tuple[float, int]:
    """Runs a command; the seconds that it took and its largest size in bytes.

    Parameters
    ----------
    cache : Path
        Where the driver keeps compiled kernels.

    Raises
    ------
    Failed
        With what it said.
    """
    start = time.monotonic()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=said,
                                 env={**os.environ, "XDG_CACHE_HOME": str(cache)})
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            raise Failed(lines[-1] if lines else f"{command[0]} {command[1]} ended "
                                                 f"with status {child.returncode}")
    return time.monotonic() - start, 1024 * usage.ru_maxrss


class Octet:
    """The driver, for one target.

    Parameters
    ----------
    path : Path
        The driver.
    target : str
        What programs are compiled for.
    cache : Cache
        Holds programs, and what the driver keeps of its own.
    """

    def __init__(self, path: Path, target: str, cache: Cache) -> None:
        self.path, self.target, self._cache = path, target, cache
        self._kernels = cache.folder / "kernels"
        said = subprocess.run([path, "--version"], capture_output=True, text=True,
                              check=True)
        self.version = said.stdout.strip()
        self._help = subprocess.run([path, "bench", "--help"], capture_output=True,
                                    text=True, check=True).stdout

    @property
    def has_threads(self) -> bool:
        """Whether programs run on several threads."""
        return "--threads" in self._help

    @property
    def times_layers(self) -> bool:
        """Whether `bench --layers --json` tells the time of each layer."""
        return "--layers" in self._help

    def ranges(self, model: Path, calibration: Calibration) -> Path:
        """Calibrates a model."""
        def build(folder: Path) -> dict[str, Any]:
            _run([self.path, "calibrate", model, "--data", calibration.data,
                  *calibration.flags, "-o", folder / "ranges.json"], self._kernels)
            return {}

        folder, _ = self._cache.make(
            "octet-ranges", {"octet": self.path, "model": model,
                             "calibration": calibration.data,
                             "flags": calibration.flags}, build)
        return folder / "ranges.json"

    def compile(self, model: Path, precision: str, batch: int,
                calibration: Calibration | None = None) -> Program:
        """Compiles a model, which is calibrated first for INT8.

        Parameters
        ----------
        precision : str
            "fp32" or "int8".
        batch : int
            Samples of one inference.
        calibration : Calibration, optional
            INT8 needs it.

        Raises
        ------
        Failed
            With the driver's sentence.
        """
        flags: list[str | Path] = ["--precision", precision, "--target", self.target]
        if batch > 1:
            flags += ["--batch", str(batch)]
        key: dict[str, Any] = {"octet": self.path, "model": model,
                               "flags": list(map(str, flags))}
        if precision == "int8":
            assert calibration is not None
            ranges = self.ranges(model, calibration)
            flags += ["--ranges", ranges]
            key["ranges"] = ranges

        def build(folder: Path) -> dict[str, Any]:
            program = folder / "program"
            _run([self.path, "compile", model, *flags, "-o", program], self._kernels)
            report = json.loads(self.ask(program, "inspect"))
            return {"bytes": program.stat().st_size, "macs": report["macs"] // batch,
                    "int8_macs_percent": report["int8_macs_percent"],
                    "arena_bytes": report["arena_bytes"]}

        folder, facts = self._cache.make("octet-program", key, build)
        return Program(folder / "program", facts)

    def compiling(self, model: Path, precision: str, calibration: Calibration
                  ) -> dict[str, Any]:
        """What compiling costs, calibration included, where nothing is cached yet.

        Returns
        -------
        dict
            `seconds` on all CPUs, and the `bytes` of the process at most.
        """
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            data: list[str | Path] = []
            if precision == "int8":
                data = ["--calib", calibration.data, *calibration.flags]
            seconds, size = _run(
                [self.path, "compile", model, *data, "--target", self.target, "-o",
                 folder / "program"], folder / "cache")
        return {"seconds": seconds, "bytes": size}

    def ask(self, program: Path, command: str, *flags: str) -> str:
        """The JSON report that a program gives.

        Raises
        ------
        Failed
            With the program's sentence.
        """
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            _run([program, command, *flags, "--json", report], self._kernels)
            return report.read_text()

    def evaluate(self, program: Program, data: Path) -> Path:
        """The outputs of all samples, as an .npz file."""
        def build(folder: Path) -> dict[str, Any]:
            _run([program.path, "run", "--input", data, "--output",
                  folder / "outputs.npz"], self._kernels)
            return {}

        folder, _ = self._cache.make(
            "octet-outputs", {"program": program.path, "data": data}, build)
        return folder / "outputs.npz"

    def layers(self, program: Program, cpu: int) -> dict[str, Any]:
        """The time of each layer, measured inside the program on one thread.

        Returns
        -------
        dict
            What `bench --layers --json` writes, of which `suite.plots` reads
            `machine` and `layers`.
        """
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            _run(["taskset", "--cpu-list", str(cpu), program.path, "bench",
                  "--layers", "--json", report], self._kernels)
            found: dict[str, Any] = json.loads(report.read_text())
        return found

    def peaks(self, program: Program, cpus: Sequence[int]) -> dict[str, float]:
        """What bare loops reach on all of `cpus` together.

        Parameters
        ----------
        program : Program
            A small one: its harness has the loops.

        Returns
        -------
        dict
            `int8_gops` and `fp32_gflops`.
        """
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            threads = ["--threads", str(len(cpus))] if len(cpus) > 1 else []
            _run(["taskset", "--cpu-list", ",".join(map(str, cpus)), program.path,
                  "bench", "--runs", str(_PEAK_RUNS), *threads, "--json", report],
                 self._kernels)
            machine = json.loads(report.read_text())["machine"]
        return {"int8_gops": machine["peak_int8_gops"],
                "fp32_gflops": machine["peak_fp32_gflops"]}

    @property
    def digest(self) -> str:
        return digest(self.path)


def now() -> str:
    """The time, for the report."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
