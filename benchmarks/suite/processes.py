"""Contestants: programs and peers, each in a process of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Protocol

from .environments import BENCHMARKS, Failed
from .peers import Loading
from .worker import resident_bytes

# NNCF and OpenVINO report on their use, but for these.
_SILENCE = {"CI": "true", "NNCF_CI": "1"}


class Contestant(Protocol):
    """Something to be timed."""

    @property
    def name(self) -> tuple[str, str]:
        """Whose it is, and its precision."""

    def time(self, runs: int) -> list[float]:
        """Milliseconds of each of `runs` inferences. Raises Failed."""

    def resident(self) -> int:
        """Bytes in RAM."""

    def close(self) -> None:
        """Ends the process."""


class _Child:
    """A process that answers lines with lines.

    Parameters
    ----------
    command : sequence
        It and its arguments.
    cpus : sequence of int
        Those that it may use; nothing for all.
    environment : dict
        What is added to this process's own.
    """

    def __init__(self, command: Sequence[str | Path], cpus: Sequence[int],
                 environment: dict[str, str]) -> None:
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        pinned = (["taskset", "--cpu-list", ",".join(map(str, cpus))] if cpus else [])
        self._child = subprocess.Popen(
            [*pinned, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._said, text=True, env={**os.environ, **environment})

    @property
    def pid(self) -> int:
        return self._child.pid

    def write(self, line: str) -> None:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(line + "\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            raise self._death() from None

    def read(self) -> str:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise self._death()
        return line

    def _death(self) -> Failed:
        status = self._child.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return Failed(f"ended with status {status}"
                      + (f": {lines[-1]}" if lines else ""))

    def close(self) -> None:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        # It may have died with a request unread.
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.close()
        self._child.stdout.close()
        self._child.wait()
        self._said.close()


@dataclasses.dataclass(frozen=True)
class Home:
    """Where a peer's processes run.

    Attributes
    ----------
    python : str
        Of the Python environment that has its packages.
    environment : dict
        What is added to this process's own variables.
    """

    python: str = sys.executable
    environment: dict[str, str] = dataclasses.field(default_factory=dict)


class PeerProcess:
    """A peer that does what it is asked, one thing after the other."""

    def __init__(self, peer: str, home: Home, cpus: Sequence[int] = ()) -> None:
        self._child = _Child(
            [home.python, "-m", "suite.worker", peer], cpus,
            {**_SILENCE, **home.environment, "PYTHONPATH": str(BENCHMARKS)})

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """The answer to a request (`suite.worker.Worker`).

        Raises
        ------
        Failed
            The peer refuses, or dies.
        """
        plain = {name: dataclasses.asdict(value)
                 if dataclasses.is_dataclass(value) and not isinstance(value, type)
                 else value for name, value in request.items()}
        self._child.write(json.dumps({"do": do, **plain}))
        answer: dict[str, Any] = json.loads(self._child.read())
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def close(self) -> None:
        self._child.close()


class PeerContestant:
    """A model that a peer has loaded.

    Parameters
    ----------
    process : PeerProcess
        Loads it in place of another.
    keep : bool
        Whether the process is used again: closing this leaves it be.
    """

    def __init__(self, peer: str, job: Loading, process: PeerProcess,
                 keep: bool) -> None:
        self.name = (peer, job.precision)
        self._process, self._keep = process, keep
        try:
            process.ask("load", **vars(job))
        except Failed:
            self.close()
            raise

    def time(self, runs: int) -> list[float]:
        return [ns / 1e6 for ns in self._process.ask("time", runs=runs)["ns"]]

    def resident(self) -> int:
        found: int = self._process.ask("resident")["bytes"]
        return found

    def close(self) -> None:
        if not self._keep:
            self._process.close()


class OctetContestant:
    """A compiled program, timed by its own harness as `octet bench` has it."""

    def __init__(self, program: Path, precision: str, threads: int,
                 cpus: Sequence[int]) -> None:
        self.name = ("octet", precision)
        flags = ["--threads", str(threads)] if threads > 1 else []
        self._child = _Child([program, "bench", "--serve", *flags], cpus, {})
        try:
            kind = self._child.read().split()
        except Failed:
            self.close()
            raise
        assert kind[:2] == ["octet-bench", precision]

    def time(self, runs: int) -> list[float]:
        self._child.write(str(runs))
        return [float(ns) / 1e6 for ns in self._child.read().split()]

    def resident(self) -> int:
        return resident_bytes(self._child.pid)

    def close(self) -> None:
        self._child.close()

