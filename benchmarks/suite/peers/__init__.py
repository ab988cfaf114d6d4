"""Octet's peers, each set up as its makers advise.

A peer quantizes and runs in a process of its own (`suite.worker`), so that neither its
threads nor its memory are another's.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Source:
    """A model and how samples of its inputs lie in arrays.

    Attributes
    ----------
    path : str
        ONNX, or what a peer has written.
    dtypes : dict of str to str
        NumPy's name of the type of each input.
    batch : str or None
        The name of the symbolic first dimension: arrays are [samples, ...]. None where
        shapes are fixed: they are [samples, *shape].
    """

    path: str
    dtypes: dict[str, str]
    batch: str | None


@dataclasses.dataclass(frozen=True)
class Quantization:
    """A model to be quantized.

    Attributes
    ----------
    calibration : str
        An .npz file of samples, all of which are used.
    out : str
        The folder for what the peer writes.
    transformer : bool
        Whether advice for transformers is followed.
    narrow : bool
        Whether this machine adds products of u8 and s8 in saturating 16 bits.
    """

    source: Source
    calibration: str
    out: str
    transformer: bool
    narrow: bool


@dataclasses.dataclass(frozen=True)
class Loading:
    """A model to be run on the first `batch` samples of the .npz file `data`."""

    source: Source
    data: str
    batch: int
    threads: int
    precision: str


class Unfit(Exception):
    """Why a peer takes no part."""


class Session(Protocol):
    """A model that is ready to run."""

    def run(self) -> None:
        """Computes the outputs of the inputs."""

    def set(self, inputs: dict[str, Array]) -> None:
        """Copies new inputs, of the same shapes, to where they are read."""

    def outputs(self) -> dict[str, Array]:
        """Copies of the outputs."""


class Peer(Protocol):
    """A module of this package."""

    #: What tables call it.
    TITLE: str
    #: The packages whose versions matter.
    PACKAGES: tuple[str, ...]
    #: What it can compute in.
    PRECISIONS: tuple[str, ...]
    #: Where its packages are (`suite.environments`).
    ENVIRONMENT: str
    #: The origins of models that it takes (`suite.catalog.Model`).
    ORIGINS: tuple[str, ...]

    def quantize(self, job: Quantization) -> str:
        """Writes the quantized model; the name of its file in `job.out`."""

    def load(self, job: Loading, inputs: dict[str, Array]) -> Session:
        """Prepares a model for `inputs`."""

    def limit(self, machine: str) -> dict[str, str]:
        """The environment that holds it to one of Octet's targets. Raises Unfit."""


ALL_ORIGINS = ("trained", "random", "layer", "zoo")
_MODULES = {"onnxruntime": "onnx_runtime", "openvino": "openvino_nncf",
            "torch": "pytorch"}


def unfit(machine: str) -> Unfit:
    """That a peer cannot be held to a machine."""
    return Unfit(f"needs a way to be held to {machine}")


def find(name: str) -> Peer:
    """A peer by its name on the command line. Imports none of its packages."""
    module: Any = importlib.import_module(f".{_MODULES[name]}", __name__)
    peer: Peer = module
    return peer


def save(path: Path, arrays: Mapping[str, Array]) -> None:
    """Writes an .npz file."""
    flags: dict[str, Any] = {**arrays}
    np.savez(path, **flags)


def take(source: Source, arrays: dict[str, Array], first: int, count: int
         ) -> dict[str, Array]:
    """A batch of samples, of the types and shapes that the model has.

    Parameters
    ----------
    arrays : dict of str to array
        All samples of each input.
    first, count : int
        Where shapes are fixed, `count` must be 1.
    """
    rows = {name: arrays[name][first:first + count] if source.batch
            else arrays[name][first] for name in source.dtypes}
    return {name: np.ascontiguousarray(value, np.dtype(source.dtypes[name]))
            for name, value in rows.items()}
