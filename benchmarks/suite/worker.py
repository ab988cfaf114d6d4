"""Runs one peer: reads requests, a line of JSON each, and answers with one each.

    python -m suite.worker PEER

A request is {"do": NAME, ...}; the functions of `Worker` say what each takes. An answer
is what it returns, or {"error": ...}.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from . import peers

# Threads that wait for work by spinning give up after this long, in seconds.
_SETTLING = 0.5


def resident_bytes(pid: int | str = "self") -> int:
    """Memory of a process that is in RAM."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return 1024 * int(line.split()[1])
    return 0


def _settle() -> None:
    """Returns when no thread of this process is running any more.

    What runs next would share its core with them.
    """
    end = time.monotonic() + _SETTLING
    while time.monotonic() < end:
        before = time.process_time_ns()
        time.sleep(0.004)
        if time.process_time_ns() - before < 1_000_000:
            return


class Worker:
    """A peer and the model that it has loaded."""

    def __init__(self, name: str) -> None:
        self._peer = peers.find(name)
        self._session: peers.Session | None = None
        # Of Python and NumPy, which are no part of the peer.
        self._own_bytes = resident_bytes()

    def versions(self) -> dict[str, str]:
        return {name: importlib.metadata.version(name)
                for name in self._peer.PACKAGES}

    def quantize(self, source: dict[str, Any], **rest: Any) -> dict[str, Any]:
        start = time.monotonic()
        job = peers.Quantization(source=peers.Source(**source), **rest)
        name = self._peer.quantize(job)
        return {"file": name, "seconds": time.monotonic() - start}

    def load(self, source: dict[str, Any], **rest: Any) -> dict[str, Any]:
        """Loads a model in place of another."""
        self._session = None
        job = peers.Loading(source=peers.Source(**source), **rest)
        inputs = peers.take(job.source, self._read(job.data), 0, job.batch)
        start = time.monotonic()
        self._session = self._peer.load(job, inputs)
        return {"seconds": time.monotonic() - start}

    def time(self, runs: int) -> dict[str, Any]:
        """The nanoseconds of each of `runs` inferences."""
        assert self._session is not None
        run, clock = self._session.run, time.perf_counter_ns
        times = []
        for _ in range(runs):
            start = clock()
            run()
            times.append(clock() - start)
        _settle()
        return {"ns": times}

    def resident(self) -> dict[str, Any]:
        """Bytes of the peer and its model, without those of Python and NumPy."""
        return {"bytes": resident_bytes() - self._own_bytes}

    def evaluate(self, source: dict[str, Any], data: str, limit: int, threads: int,
                 precision: str, out: str) -> dict[str, Any]:
        """Writes the outputs of the first `limit` samples to the .npz file `out`."""
        job = peers.Loading(source=peers.Source(**source), data=data, batch=1,
                            threads=threads, precision=precision)
        arrays = self._read(data)
        session = self._peer.load(job, peers.take(job.source, arrays, 0, 1))
        rows: list[dict[str, Any]] = []
        for index in range(min(limit, len(next(iter(arrays.values()))))):
            session.set(peers.take(job.source, arrays, index, 1))
            session.run()
            rows.append(session.outputs())
        join = np.concatenate if job.source.batch else np.stack
        peers.save(Path(out), {name: join([row[name] for row in rows])
                               for name in rows[0]})
        return {}

    @staticmethod
    def _read(path: str) -> dict[str, Any]:
        with np.load(path) as file:
            return dict(file)


def main() -> None:
    # Libraries write to stdout: answers go where it was.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        request = json.loads(line)
        do = getattr(worker, request.pop("do"))
        try:
            answer = do(**request)
        except Exception as error:
            # Whatever a peer dies of is a result.
            said = str(error).strip().splitlines() or [""]
            answer = {"error": f"{type(error).__name__}: {said[0]}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
