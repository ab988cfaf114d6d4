"""A compiled model: what `compile` gives."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _driver
from ._files import header_of, temporary_file, write_files
from ._html import table
from ._native import Runner
from .errors import Error, NotAProgram, RefusedOptions
from .runtime import Layer, Library, Tensor, is_native, machine_of, summary
from .runtime import read as read_library

if TYPE_CHECKING:
    from .model import Model
    from .ranges import Ranges

# Of what pickles hold.
_PICKLE_VERSION = 1
_OTHER_KINDS = (".s", ".ll", ".mlir", ".onnx")


class Layers(list[Layer]):
    """The layers of a program."""

    def _repr_html_(self) -> str:
        return table(((n.node, n.op, n.precision, "x".join(map(str, n.shape)),
                       f"{n.macs:,}", f"{n.weight_bytes:,}", n.kernel, n.note)
                      for n in self),
                     ("node", "operation", "precision", "output", "MACs",
                      "bytes of weights", "kernel", "note"), height=480)


class Program:
    """A compiled model: call it on arrays, look at its layers, save it.

    Any number of threads may call it at a time, which is without the GIL; it may be
    pickled, copied and used by processes that are forked.

    Parameters
    ----------
    library : bytes
        The model as a library for C.
    object : bytes, optional
        As a relocatable object: without it only libraries can be saved.
    report : dict, optional
        What ``octet compile MODEL --json`` says of it, which describes programs for
        other machines.
    name : str
        What error messages call it.

    Attributes
    ----------
    name : str
    inputs, outputs : tuple of Tensor
        In the model's order.
    precision : str
        ``"int8"`` or ``"fp32"``.
    model_hash : str
        Of the imported graph.
    targets : tuple of str
        The instruction sets that it has code for, best first.
    target : str or None
        The one of them that runs here: what the environment variable ``OCTET_ISA``
        named when the program was made, or the best that this CPU has; None if there
        is none.
    ranges : Ranges or None
    model : Model or None
        What `quantize_model` made it from; copies from pickles do not have them.

    Raises
    ------
    NotAProgram
        `library` is none, is of another version, or for another machine and without a
        report.

    Examples
    --------
    >>> program = octet.compile("examples/digits/digits.onnx")
    >>> program(np.zeros((3, 1, 8, 8), np.float32)).shape
    (3, 10)
    """

    def __init__(self, library: bytes, *, object: bytes | None = None,  # noqa: A002
                 report: Mapping[str, Any] | None = None,
                 name: str = "program") -> None:
        self.name = name
        self._bytes, self._object, self._report = library, object, report
        self._library: Library | None = None
        self._call = _no_call
        self.target: str | None = None
        self.ranges: Ranges | None = None
        self.model: Model | None = None
        if is_native(machine_of(library, name)) or report is None:
            loaded = Library(library, name, runner=Runner)
            self.inputs, self.outputs = loaded.inputs, loaded.outputs
            self.precision, self.model_hash = loaded.precision, loaded.model_hash
            self.targets, self.target = loaded.targets, loaded.target
            if isinstance(loaded.runner, Runner):
                self._call = loaded.runner.call
            self._library = loaded
            return
        self.inputs, self.outputs = (
            tuple(Tensor(t["name"], tuple(t["shape"]), np.dtype(t["dtype"]),
                         t["symbolic_batch"]) for t in report[which])
            for which in ("inputs", "outputs"))
        self.precision, self.model_hash = report["precision"], report["model_hash"]
        self.targets = tuple(report["targets"])

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Program:
        """Loads a library that `save` or ``octet compile MODEL -o net.so`` wrote.

        Parameters
        ----------
        path : str or path
            The file, whose content is copied: it may be replaced or removed later.

        Raises
        ------
        MissingFile
            There is no such file.
        NotAProgram
            It cannot be read, is no library, or one for another machine or of another
            version.
        """
        return cls(read_library(path), name=os.fspath(path))

    @property
    def size(self) -> int:
        """Bytes of the program as a library."""
        return len(self._bytes)

    def layers(self, target: str | None = None) -> Layers:
        """The operations of the graph and their kernels.

        Parameters
        ----------
        target : str, optional
            One of `targets`; without it, the one that runs here, or the best. Of a
            program for another machine only the best is known.

        Returns
        -------
        Layers
            A list of `Layer`, which a notebook shows as a table and
            ``pandas.DataFrame`` makes one of.
        """
        if self._library is not None:
            return Layers(self._library.layers(target))
        if target not in (None, self.targets[0]):
            raise NotAProgram(f"{self.name}: is for another machine and knows no "
                              f"layers of '{target}'; ask for '{self.targets[0]}'",
                              file=self.name)
        assert self._report is not None
        return Layers(Layer(n["node"], n["op"], n["kernel"], n["precision"], n["note"],
                            tuple(n["output"]), n["macs"], n["weight_bytes"])
                      for n in self._report["layers"])

    def run(self, *inputs: Any, out: Any = None,
            threads: int = 1) -> dict[str, np.ndarray[Any, Any]]:
        """Computes the outputs of any number of samples.

        Parameters
        ----------
        *inputs : array_like, or one dict of str to array_like
            In the model's order, or by name: of a symbolic batch ``[samples, ...]``;
            else one sample of the input's own shape, ``[samples, *shape]`` or, where
            all inputs begin with the same ``d0``, ``[samples * d0, ...]``. Arrays of
            the input's type in C order are read in place; others are converted where
            no value changes its meaning: any number to floats (rounded), integers and
            whole floats to integers that hold them, 0 and 1 to bools.
        out : array, sequence or dict of arrays, optional
            Where to write, of the exact shapes and types.
        threads : int
            Threads of this call, which sleep between calls; results do not depend on
            it.

        Returns
        -------
        dict of str to numpy.ndarray
            In the model's order: ``[samples, ...]`` of a symbolic batch, else in the
            form of the inputs. What does not depend on a symbolic batch is there once.

        Raises
        ------
        BadData
            An array is missing, or its shape or an element does not fit.
        NotAProgram
            This CPU cannot run it.
        Error
            There cannot be so many threads.
        """
        return self._loaded().run(*inputs, out=out, threads=threads)

    def __call__(self, *inputs: Any, out: Any = None, threads: int = 1) -> Any:
        """`run`, of which a single output is returned itself, and several as a dict.

        PyTorch's tensors in give PyTorch's tensors out, on the device of the first.
        """
        if out is None and isinstance(threads, int):
            result = (self._call(*inputs) if threads == 1 else
                      self._call(*inputs, threads=threads))
            if result is not None:
                return result
        return self._loaded()(*inputs, out=out, threads=threads)

    def _loaded(self) -> Library:
        if self._library is None:
            raise self._refusal()
        return self._library

    def _refusal(self) -> NotAProgram:
        """Why `target` is None."""
        if self._library is not None:
            return self._library.refuse()
        those = ", ".join(self.targets)
        return NotAProgram(f"{self.name}: is compiled for {those} and cannot run on "
                           "this machine; run it there, or compile the model for "
                           "'host'", file=self.name)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the program to a file, whole or not at all.

        Parameters
        ----------
        path : str or path
            By its extension: ``net.so``, a library, or ``net.o``, an object, each with
            a header ``net.h`` for C; else an executable program, which needs nothing
            to run.

        Raises
        ------
        CannotWrite
            The disk is full, or the folder cannot be written to.
        Error
            The program was loaded from a library, and only a library can be saved.
        """
        file = Path(path)
        if file.suffix in _OTHER_KINDS:
            raise RefusedOptions(f"{file}: a program cannot be saved as {file.suffix}; "
                                 "give a name with .so, .o or no extension",
                                 file=str(file))
        content, mode = {".so": (self._bytes, 0o777),
                         ".o": (self._object, 0o666)}.get(file.suffix,
                                                          (self._object, None))
        if content is None:
            raise Error(f"{file}: {self.name} was loaded from a library and can only "
                        "be saved as one; give a name with .so, or compile the model "
                        "again", file=str(file))
        if mode is not None:
            header = header_of(self._bytes).encode()
            write_files({file: (content, mode),
                         file.with_suffix(".h"): (header, 0o666)})
            return
        with temporary_file(content, "program.o", self.name) as compiled:
            _driver.run(["compile", compiled, "-o", file])

    def __copy__(self) -> Program:
        # Nothing of a program can be changed.
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Program:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        state = {"library": self._bytes, "object": self._object,
                 "report": self._report, "name": self.name}
        return _restore, (_PICKLE_VERSION, state)

    def __repr__(self) -> str:
        return f"Program({summary(self)}, {self.size} bytes)"

    def _repr_html_(self) -> str:
        rows = {"precision": self.precision,
                "inputs": ", ".join(t.name for t in self.inputs),
                "outputs": ", ".join(t.name for t in self.outputs),
                "targets": ", ".join(self.targets), "layers": len(self.layers()),
                "bytes": self.size}
        cells = "".join(f"<tr><th>{name}</th><td>{html.escape(str(value))}</td></tr>"
                        for name, value in rows.items())
        return f"<table>{cells}</table>"


def _no_call(*_: Any, threads: int = 1) -> Any:
    """The fast path of a program that does not run here."""
    return None


def _restore(version: int, state: dict[str, Any]) -> Program:
    if version != _PICKLE_VERSION:
        raise NotAProgram(f"{state.get('name', 'program')}: was pickled by another "
                          f"version of Octet, in form {version} where this one reads "
                          f"form {_PICKLE_VERSION}; compile the model again, or load "
                          "what save wrote")
    return Program(state["library"], object=state["object"], report=state["report"],
                   name=state["name"])
