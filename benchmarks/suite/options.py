"""The command line. Needs the standard library alone, as `--help` comes first."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path

from .machine import TARGETS

REPOSITORY = Path(__file__).resolve().parents[2]

PARTS = ("models", "layers", "zoo")
PRECISIONS = ("fp32", "int8", "bf16")
PEERS = ("onnxruntime", "openvino", "torch")
# PyTorch compiles for seconds each time that a net is loaded.
_USUAL_PEERS = PEERS[:2]


@dataclasses.dataclass(frozen=True)
class Options:
    """What was asked for.

    Attributes
    ----------
    octet : Path or None
        The driver; None for that of this checkout's release build.
    exporter : Path or None
        The Python of the environment with PyTorch.
    work : Path
        Environments, models, caches and results.
    data, zoo : Path or None
        Folders with trained models.
    machine : str
        One of Octet's targets, or "host".
    models : tuple of str
        Names, or nothing for all.
    only : tuple of str
        Of `PARTS`.
    budget : float
        Milliseconds that each contestant is timed for, in one contest.
    calibration : int
        Samples that every quantizer gets.
    """

    octet: Path | None
    exporter: Path | None
    work: Path
    data: Path | None
    zoo: Path | None
    machine: str
    models: tuple[str, ...]
    only: tuple[str, ...]
    peers: tuple[str, ...]
    precisions: tuple[str, ...]
    threads: tuple[int, ...]
    batches: tuple[int, ...]
    quick: bool
    budget: float
    calibration: int
    update_readme: bool

    @property
    def exports(self) -> bool:
        """Whether PyTorch is needed for models."""
        return "models" in self.only or "torch" in self.peers

    @property
    def results(self) -> Path:
        return self.work / "results"


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def _chosen(among: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    def read(text: str) -> tuple[str, ...]:
        for name in _names(text):
            if name not in among:
                raise argparse.ArgumentTypeError(
                    f"'{name}' is none of {', '.join(among)}")
        return _names(text)
    return read


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(name) for name in _names(text))
    if not numbers or min(numbers) < 1:
        raise argparse.ArgumentTypeError("give whole numbers from 1 on")
    return numbers


def parse(arguments: list[str] | None = None) -> Options:
    """Reads the command line; `arguments` are those of the process without it."""
    parser = argparse.ArgumentParser(
        prog="run.py", description="Times Octet and its peers on this machine.")
    add = parser.add_argument
    add("--octet", type=Path, metavar="BIN",
        help="the driver (build/release/bin/octet, which is built if need be)")
    add("--data", type=Path, metavar="DIR",
        help="a folder of trained models and images with an unpack.py, or what it "
             "wrote; without it those models are skipped")
    add("--zoo", type=Path, metavar="DIR",
        help="a folder of .onnx models with zoo.tsv, which has their shapes")
    add("--machine", default="host", choices=("host", *TARGETS), metavar="TARGET",
        help="hold everything to one of Octet's targets, such as avx2; what this "
             "machine lacks, and peers that cannot be held to it, are skipped")
    add("--models", type=_names, default=(), metavar="A,B",
        help="only models and layers of these names; * stands for any text")
    add("--only", type=_chosen(PARTS), default=PARTS, metavar="PART,...",
        help=f"of {', '.join(PARTS)}")
    add("--peers", type=_chosen(PEERS), default=_USUAL_PEERS,
        metavar="PEER,...", help=f"of {', '.join(PEERS)} (all but the last, which "
                                 "takes nets with random weights, without --data)")
    add("--precisions", type=_chosen(PRECISIONS), default=PRECISIONS,
        metavar="P,...", help=f"of {', '.join(PRECISIONS)}")
    add("--threads", type=_numbers, metavar="N,...", help="(1,2)")
    add("--batches", type=_numbers, metavar="N,...", help="(1,16)")
    add("--quick", action="store_true",
        help="batch 1, one in six layers, fewer samples and runs: a few minutes")
    add("--calibration", type=int, metavar="N",
        help="samples for each quantizer (64; 16 with --quick)")
    add("--update-readme", action="store_true",
        help="rewrite the tables of README.md")
    add("--work", type=Path, default=REPOSITORY / "build" / "benchmarks",
        metavar="DIR", help="environments, caches, results (build/benchmarks)")
    add("--exporter", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    quick: bool = given.quick
    whole = (given.only == PARTS and given.peers == _USUAL_PEERS
             and given.machine == "host" and not quick and not given.models)
    if given.update_readme and not whole:
        parser.error("--update-readme is for whole runs: leave out --quick, --models, "
                     "--only, --peers and --machine")
    return Options(
        octet=given.octet, exporter=given.exporter, work=given.work.resolve(),
        data=given.data, zoo=given.zoo, machine=given.machine, models=given.models,
        only=given.only, peers=given.peers, precisions=given.precisions,
        threads=given.threads or (1, 2),
        batches=given.batches or ((1,) if quick else (1, 16)),
        quick=quick, budget=250 if quick else 500,
        calibration=given.calibration or (16 if quick else 64),
        update_readme=given.update_readme)
