"""How fast programs are."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any, overload

from . import _driver, errors
from ._arguments import thread_flags, whole_number
from ._files import Named, temporary_folder
from ._html import table
from ._programs import as_program
from ._progress import bar

if TYPE_CHECKING:
    from .model import ModelLike
    from .program import Program


@dataclasses.dataclass(frozen=True, repr=False)
class Latency:
    """What one inference takes, with the conversion of its inputs.

    Attributes
    ----------
    median, p95, min : float
        In milliseconds.
    gops : float
        Billions of operations in a second: two for each multiply-accumulate.
    precision : str
        ``"int8"`` or ``"fp32"``.
    speedup : float or None
        The median of the program that it is compared with by its own.
    over : str or None
        What that program is called.
    threads : int
        Threads that it was measured on.
    """

    median: float
    p95: float
    min: float
    gops: float
    precision: str
    speedup: float | None = None
    over: str | None = None
    threads: int = 1

    def __repr__(self) -> str:
        gain = ("" if self.speedup is None else
                f", speedup={self.speedup:.2f} over {self.over}")
        several = "" if self.threads == 1 else f", threads={self.threads}"
        return (f"Latency(median={as_text(self.median)}, p95={as_text(self.p95)}{gain}"
                f"{several})")

    def _repr_html_(self) -> str:
        gain = "" if self.speedup is None else f"{self.speedup:.2f} over {self.over}"
        return table([(self.precision, self.threads, as_text(self.median),
                       as_text(self.p95), as_text(self.min), f"{self.gops:.1f}", gain)],
                     ("precision", "threads", "median", "p95", "min", "GOPS", "speed"))


def as_text(ms: float) -> str:
    """Milliseconds with three digits."""
    return f"{ms * 1000:.3g} µs" if ms < 0.1 else f"{ms:.3g} ms"


@overload
def benchmark(program: Program | ModelLike, /, *, runs: int | None = None,
              threads: int = 1, progress: bool | None = None) -> Latency: ...


@overload
def benchmark(first: Program | ModelLike, second: Program | ModelLike, /,
              *others: Program | ModelLike, runs: int | None = None,
              threads: int = 1, progress: bool | None = None) -> list[Latency]: ...


def benchmark(*programs: Any, runs: int | None = None, threads: int = 1,
              progress: bool | None = None) -> Latency | list[Latency]:
    """Times programs on this machine, in turns, as ``octet bench`` does.

    Parameters
    ----------
    *programs : Program or Model
        A model, also given by its path or bytes, is compiled to FP32 first.
    runs : int, optional
        Timed inferences of each; without it, what takes two seconds.
    threads : int
        Threads of one inference.
    progress : bool, optional
        Whether to show a bar while a model is compiled.

    Returns
    -------
    Latency or list of Latency
        Of one program, or of each. Speeds are over the first program; of one INT8
        program over its model in FP32, which is timed beside it if that has been
        compiled.

    Raises
    ------
    RefusedOptions
        No program is given, or `runs` or `threads` is no such number.
    Error
        A program does not run here, or was loaded from a library.

    Examples
    --------
    >>> latency = octet.benchmark("examples/digits/digits.onnx", runs=20)
    >>> latency.min <= latency.median <= latency.p95
    True
    """
    if not programs:
        raise errors.RefusedOptions("no program is given; give at least one")
    flags = bench_flags(runs, threads)
    timed = [as_program(p, progress) for p in programs]
    single = len(timed) == 1
    reference = _fp32_of(timed[0]) if single else None
    if reference is not None:
        timed.insert(0, reference)
    entries = run_bench(timed, flags, progress)["programs"]
    kinds = {e["precision"] for e in entries}
    over = entries[0]["precision"] if len(kinds) == len(entries) else "the first"
    found = [Latency(e["median_ms"], e["p95_ms"], e["min_ms"], e["gops"],
                     e["precision"], threads=threads) for e in entries]
    found[1:] = [dataclasses.replace(each, speedup=found[0].median / each.median,
                                     over=over) for each in found[1:]]
    return found[-1] if single else found


def bench_flags(runs: int | None, threads: int) -> list[str]:
    """The driver's flags for these arguments."""
    if runs is None:
        return thread_flags(threads)
    number = whole_number("runs", runs, "inferences")
    return [*thread_flags(threads), "--runs", str(number)]


def _fp32_of(program: Any) -> Any:
    """The model of an INT8 program in FP32, if it was compiled."""
    model = getattr(program, "model", None)
    if program.precision != "int8" or model is None:
        return None
    return model._programs.get("fp32")


def run_bench(programs: list[Any], flags: list[str],
              progress: bool | None) -> dict[str, Any]:
    """The report of ``octet bench PROGRAMS FLAGS``."""
    for program in programs:
        if getattr(program, "_object", None) is None:
            raise errors.Error(f"{program.name}: was loaded from a library and cannot "
                               "be timed; compile the model again", file=program.name)
        if program.target is None:
            raise program._refusal()
    with temporary_folder() as folder, bar(progress) as show:
        files = [Named(folder / f"program{i}", program.name)
                 for i, program in enumerate(programs)]
        for program, file in zip(programs, files, strict=True):
            program.save(file)
        report = folder / "report.json"
        _driver.run(["bench", *files, *flags, "--json", report], progress=show)
        found: dict[str, Any] = json.loads(report.read_text())
        return found
