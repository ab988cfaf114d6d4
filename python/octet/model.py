"""A model in ONNX, as it was trained."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from . import _driver, errors
from ._arguments import texts, whole_number
from ._files import temporary_file, temporary_folder

if TYPE_CHECKING:
    import torch

    from .program import Program

    ModelLike: TypeAlias = (
        "Model | str | os.PathLike[str] | bytes | Serializable | torch.nn.Module")

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

    @classmethod
    def of(cls, shapes: Mapping[str, Shape] | None, dims: Mapping[str, int] | None,
           outputs: str | Sequence[str]) -> Options:
        """The same from what a user gave.

        Raises
        ------
        RefusedOptions
            It is of other types.
        """
        for what, given in (("shapes", shapes), ("dims", dims)):
            if given is not None and not isinstance(given, Mapping):
                raise errors.RefusedOptions(
                    f"{what} cannot be of type {type(given).__name__}; give a dict by "
                    "names")
        for name, shape in (shapes or {}).items():
            if isinstance(shape, str) or not isinstance(shape, Iterable):
                raise errors.RefusedOptions(
                    f"shapes: that of '{name}' cannot be {shape!r}; give its sizes, "
                    "like [1, 3, 224, 224]")
        return cls(
            {name: tuple(whole_number(f"shapes: a size of '{name}'", size, "elements")
                         for size in shape)
             for name, shape in (shapes or {}).items()},
            {name: whole_number(f"dims: '{name}'", size, "elements")
             for name, size in (dims or {}).items()},
            texts("outputs", outputs, "give names of values"))

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
        An ``.onnx`` file, which may keep its weights beside itself, or its content; or
        a graph in MLIR that ``octet import`` wrote.
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
                 outputs: str | Sequence[str] = ()) -> None:
        self.options = Options.of(shapes, dims, outputs)
        self._path: Path | None = None
        self._bytes: bytes | None = None
        self._inspection: dict[str, Any] | None = None
        self._programs: dict[str, Program] = {}
        if isinstance(source, (str, os.PathLike)):
            self._path = Path(source)
            # A name that cannot be is one of no file.
            if not os.path.exists(source):
                raise errors.MissingFile(f"{source}: no such file", file=str(source))
            if self._path.suffix not in (".onnx", ".mlir"):
                raise errors.UnsupportedModel(
                    f"{source}: no model; give an .onnx file, or read a PyTorch one "
                    "with octet.load_trained_model", file=str(source))
        elif isinstance(source, (bytes, bytearray, memoryview)):
            self._bytes = bytes(source)
        elif hasattr(source, "SerializeToString") and not isinstance(source, type):
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

    def with_options(self, options: Options) -> Model:
        """The same model with `options` in place of its own."""
        if options == self.options:
            return self
        twin = copy.copy(self)
        twin.options, twin._inspection, twin._programs = options, None, {}
        return twin

    def prepare(self, inputs: Sequence[np.ndarray[Any, Any]] |
                Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Is shown the first batch of data, before the graph is asked for.

        Models that get their graph by being run take it as an example; one that is
        in ONNX has no use for it.
        """

    def takes(self, count: int) -> bool:
        """Whether `count` arrays by their place can be the inputs, as far as is known.

        It is asked before `prepare`; a model in ONNX is not.
        """
        return count > 0

    @contextlib.contextmanager
    def file(self) -> Iterator[str]:
        """The path of an ``.onnx`` file with this model, as long as it is needed."""
        if self._path:
            path = str(self._path)
            # A name like a flag's is one to the driver.
            yield os.path.join(".", path) if path.startswith("-") else path
            return
        assert self._bytes is not None
        with temporary_file(self._bytes, "model.onnx", self.name) as hidden:
            yield hidden

    def inspect(self) -> dict[str, Any]:
        """What ``octet inspect MODEL --json`` reports.

        Returns
        -------
        dict
            ``inputs``, ``outputs``, ``operators``, ``layers``, ``blocked_by`` and
            others: docs/Programs.md, "Reports".
        """
        if self._inspection is None:
            with self.file() as path, temporary_folder() as folder:
                report = folder / "report.json"
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
        """The inputs that the caller gives, in order.

        Raises
        ------
        UnsupportedModel
            One is of a type that NumPy does not have.
        """
        return self._signatures("inputs")

    @property
    def outputs(self) -> list[Signature]:
        """The outputs, in order, as `inputs` are described."""
        return self._signatures("outputs")

    @property
    def operators(self) -> dict[str, int]:
        """How many nodes there are of each ONNX operator.

        Raises
        ------
        UnsupportedModel
            The model is a graph in MLIR.
        """
        report = self.inspect()
        if "operators" not in report:
            raise errors.UnsupportedModel(
                f"{self._path}: a graph in MLIR has no ONNX operators; see "
                "inspect()['layers']", file=str(self._path))
        return {o["name"]: o["count"] for o in report["operators"]}

    def _signatures(self, which: str) -> list[Signature]:
        report = self.inspect()
        if which in report:
            return [_signature(self.name, t) for t in report[which]]
        # A graph in MLIR is described as the program that it becomes.
        from ._programs import as_program

        return [Signature(t.name, t.dtype, (None, *t.shape[1:]) if t.symbolic_batch else
                          t.shape, t.symbolic_batch)
                for t in getattr(as_program(self), which)]

    def digest(self) -> str:
        """SHA-256 of the model's file or bytes, in hexadecimal."""
        with self.file() as path:
            return hashlib.sha256(Path(path).read_bytes()).hexdigest()

    def __repr__(self) -> str:
        return f"Model({str(self._path) if self._path else self.name!r})"


# ONNX's names of types, where NumPy's are others.
_DTYPES = {"float": "float32", "double": "float64"}


def _signature(model: str, entry: Mapping[str, Any]) -> Signature:
    name, kind, shape = entry["name"], entry["type"], entry.get("shape")
    try:
        dtype = np.dtype(_DTYPES.get(kind, kind or "unknown"))
    except TypeError:
        raise errors.UnsupportedModel(
            f"{model}: '{name}' has element type {kind or 'unknown'}, which is not "
            "supported; export the model with another, or see inspect()", file=model,
            value=name) from None
    return Signature(name, dtype, None if shape is None else tuple(shape),
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
