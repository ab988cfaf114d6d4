"""Where the time of a program goes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ._html import table
from ._programs import as_program
from .latency import as_text, bench_flags, run_bench

if TYPE_CHECKING:
    from .model import ModelLike
    from .program import Program


@dataclasses.dataclass(frozen=True)
class LayerTime:
    """What one layer takes in an inference.

    Attributes
    ----------
    name : str
        The node of the graph.
    op, kernel : str
        What it is and what computes it.
    precision : str
        ``"int8"`` or ``"fp32"``.
    ms : float
        Milliseconds: the median of all runs.
    share : float
        In percent of the sum of all layers.
    gops : float
        Billions of operations in a second: two for each multiply-accumulate.
    percent_of_peak : float
        Of what bare loops of that precision reach on as many threads.
    bytes : int
        Of its inputs, weights and outputs.
    gb_per_s : float
        Those, once each, over its time.
    bound : str or None
        ``"compute"``, or the memory that it waits for, by the roofline model:
        ``"L2"``, ``"L3"`` or ``"DRAM"``. None where that is not known.
    """

    name: str
    op: str
    kernel: str
    precision: str
    ms: float
    share: float
    gops: float
    percent_of_peak: float
    bytes: int
    gb_per_s: float
    bound: str | None


@dataclasses.dataclass(frozen=True, repr=False)
class LayerTimes:
    """What each layer of a program takes, in the order of execution.

    Attributes
    ----------
    layers : tuple of LayerTime
    total : float
        Milliseconds: the sum of the layers.
    median : float
        Milliseconds of a whole inference in which nobody looks at layers.
    threads : int
    cpu : str
    peaks : dict of str to float
        Billions of operations in a second that bare loops reach, by precision.
    bandwidths : dict of str to float
        GB/s at which bare loops read each level of memory.
    """

    layers: tuple[LayerTime, ...]
    total: float
    median: float
    threads: int
    cpu: str
    peaks: dict[str, float]
    bandwidths: dict[str, float]

    def __repr__(self) -> str:
        slowest = max(self.layers, key=lambda layer: layer.ms, default=None)
        most = ("" if slowest is None else
                f", {slowest.share:.0f} % of it {slowest.name!r}")
        return (f"LayerTimes({len(self.layers)} layers, total={as_text(self.total)}"
                f"{most})")

    def _repr_html_(self) -> str:
        return table(((n.name, n.op, n.precision, as_text(n.ms), f"{n.share:.1f} %",
                       f"{n.gops:.1f}", f"{n.percent_of_peak:.0f} %", f"{n.bytes:,}",
                       f"{n.gb_per_s:.1f}", n.bound or "", n.kernel)
                      for n in self.layers),
                     ("node", "operation", "precision", "time", "share", "GOPS",
                      "of peak", "bytes", "GB/s", "bound", "kernel"), height=480)


def benchmark_layers(program: Program | ModelLike, /, *, runs: int | None = None,
                     threads: int = 1, progress: bool | None = None) -> LayerTimes:
    """Times each layer of a program, as ``octet bench --layers`` does.

    Parameters
    ----------
    program : Program or Model
        A model, also given by its path or bytes, is compiled to FP32 first.
    runs : int, optional
        Timed inferences; without it, what takes about half a second, and as much
        again to time whole ones.
    threads : int
        Threads of one inference.
    progress : bool, optional
        Whether to show a bar while a model is compiled.

    Returns
    -------
    LayerTimes
        A notebook shows it as a table; ``pandas.DataFrame`` makes one of its `layers`.

    Raises
    ------
    RefusedOptions
        `runs` or `threads` is no such number.
    Error
        The program does not run here, or was loaded from a library.

    Examples
    --------
    >>> times = octet.benchmark_layers("examples/digits/digits.onnx", runs=20)
    >>> max(times.layers, key=lambda layer: layer.ms).share <= 100
    True
    """
    flags = [*bench_flags(runs, threads), "--layers"]
    found = run_bench([as_program(program, progress)], flags, progress)
    machine = found["machine"]
    return LayerTimes(tuple(LayerTime(**layer) for layer in found["layers"]),
                      found["total_ms"], found["median_ms"], found["threads"],
                      machine["cpu"], {"int8": machine["peak_int8_gops"],
                                       "fp32": machine["peak_fp32_gflops"]},
                      machine["bandwidths"])
