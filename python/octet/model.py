"""A model in ONNX, as it was trained."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from . import _driver, errors

if TYPE_CHECKING:
    from .program import Program

Shape = Sequence[int]


class Serializable(Protocol):
    """What has the bytes of an ONNX model: ``onnx.ModelProto``."""

    def SerializeToString(self) -> bytes:  # noqa: N802
        """The bytes."""


@dataclasses.dataclass(frozen=True)
class Signature:
    """An input or output of a model.

    Attributes
    ----------
    name : str
    dtype : numpy.dtype
    shape : tuple of int or str or None, or None
        A number, a name or None for each dimension; None where the rank is open.
    batch : bool
        Whether the first dimension is the batch.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | str | None, ...] | None
    batch: bool = False


@dataclasses.dataclass(frozen=True)
class Options:
    """What `compile` and `calibrate` take of the model's inputs and outputs."""

    shapes: Mapping[str, Shape] = dataclasses.field(default_factory=dict)
    dims: Mapping[str, int] = dataclasses.field(default_factory=dict)
    outputs: Sequence[str] = ()

    def flags(self) -> list[str]:
        """The same for the command line."""
        result = []
        for name, shape in self.shapes.items():
            result += ["--shape", f"{name}={'x'.join(map(str, shape))}"]
        for name, size in self.dims.items():
            result += ["--dim", f"{name}={size}"]
        for name in self.outputs:
            result += ["--output", name]
        return result


class Model:
    """A trained network.

    Parameters
    ----------
    source : str, path, bytes or onnx.ModelProto
        An ``.onnx`` file, which may keep its weights beside itself, or its content.
    shapes : dict of str to sequence of int, optional
        Whole shapes of inputs that leave more open than their batch.
    dims : dict of str to int, optional
        Sizes of symbolic dimensions, in every input.
    outputs : sequence of str, optional
        Values of the graph to compute in place of the model's outputs.

    Raises
    ------
    MissingFile
        There is no such file.
    RefusedOptions
        `source` is none of these.

    Examples
    --------
    >>> model = octet.Model("examples/digits/digits.onnx")
    >>> [t.name for t in model.inputs]
    ['image']
    """

    def __init__(self, source: str | os.PathLike[str] | bytes | Serializable, *,
                 shapes: Mapping[str, Shape] | None = None,
                 dims: Mapping[str, int] | None = None,
                 outputs: Sequence[str] = ()) -> None:
        self.options = Options(dict(shapes or {}), dict(dims or {}), tuple(outputs))
        self._path: Path | None = None
        self._bytes: bytes | None = None
        self._inspection: dict[str, Any] | None = None
        self._programs: dict[str, Program] = {}
        if isinstance(source, (str, os.PathLike)):
            self._path = Path(source)
            if not self._path.exists():
                raise errors.MissingFile(f"{source}: no such file", file=str(source))
            if self._path.suffix not in (".onnx", ".mlir"):
                raise errors.UnsupportedModel(
                    f"{source}: no model; give an .onnx file, or read a PyTorch one "
                    "with octet.load_trained_model", file=str(source))
        elif isinstance(source, bytes):
            self._bytes = source
        elif hasattr(source, "SerializeToString"):
            self._bytes = source.SerializeToString()
        else:
            raise errors.RefusedOptions(
                f"a model cannot be of type {type(source).__name__}; give the path or "
                "bytes of an .onnx file or an onnx.ModelProto, and a PyTorch module to "
                "octet.quantize_model")

    @property
    def name(self) -> str:
        """The file's name without its extension, or ``model``."""
        return self._path.stem if self._path else "model"

    def prepare(self, inputs: Sequence[np.ndarray[Any, Any]] |
                Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Is shown the first batch of data, before the graph is asked for.

        Models that get their graph by being run take it as an example; one that is
        in ONNX has no use for it.
        """

    @contextlib.contextmanager
    def file(self) -> Iterator[str]:
        """The path of an ``.onnx`` file with this model, as long as it is needed."""
        if self._path:
            yield str(self._path)
            return
        assert self._bytes is not None
        with tempfile.TemporaryDirectory(prefix="octet-") as folder:
            path = Path(folder, f"{self.name}.onnx")
            path.write_bytes(self._bytes)
            yield str(path)

    def inspect(self) -> dict[str, Any]:
        """What ``octet inspect MODEL --json`` reports.

        Returns
        -------
        dict
            ``inputs``, ``outputs``, ``operators``, ``layers``, ``blocked_by`` and
            others: docs/Programs.md, "Reports".
        """
        if self._inspection is None:
            with self.file() as path, tempfile.TemporaryDirectory() as folder:
                report = Path(folder, "report.json")
                try:
                    _driver.run(["inspect", path, *self.options.flags(), "--json",
                                 report])
                except errors.UnsupportedModel:
                    # A model that is refused has a report that says why.
                    if not report.exists():
                        raise
                self._inspection = json.loads(report.read_text())
        return self._inspection

    @property
    def inputs(self) -> list[Signature]:
        """The inputs that the caller gives, in order."""
        return [_signature(t) for t in self.inspect()["inputs"]]

    @property
    def outputs(self) -> list[Signature]:
        """The outputs, in order."""
        return [_signature(t) for t in self.inspect()["outputs"]]

    @property
    def operators(self) -> dict[str, int]:
        """How many nodes there are of each ONNX operator."""
        return {o["name"]: o["count"] for o in self.inspect()["operators"]}

    def digest(self) -> str:
        """SHA-256 of the model's file or bytes, in hexadecimal."""
        with self.file() as path:
            return hashlib.sha256(Path(path).read_bytes()).hexdigest()

    def __repr__(self) -> str:
        return f"Model({str(self._path) if self._path else self.name!r})"


# ONNX's names of types, where NumPy's are others.
_DTYPES = {"float": "float32", "double": "float64"}


def _signature(entry: Mapping[str, Any]) -> Signature:
    shape = entry.get("shape")
    return Signature(entry["name"], np.dtype(_DTYPES.get(entry["type"], entry["type"])),
                     None if shape is None else tuple(shape),
                     bool(entry.get("batch", False)))


def as_model(model: Any) -> Model:
    """`model` itself, or what `Model` or `TorchModel` makes of it."""
    if isinstance(model, Model):
        return model
    # Who has a module of PyTorch has imported it.
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        from ._torch_model import TorchModel

        return TorchModel(model)
    return Model(model)
