"""A compiled model in this process."""

# ruff: noqa: B905  (zip has no `strict` before Python 3.10)
from __future__ import annotations

import contextlib
import ctypes
import operator
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import _abi, _elf
from ._abi import Array, Layer, Runner, Tensor
from ._errors import Error, MissingFile, NotAProgram
from ._samples import Interface, is_mapping, is_torch, text

# Seconds that a call into a model takes if a batch does not take longer: between calls
# Python handles signals.
_SLICE = 0.05
# As on the command line.
_MOST_THREADS = 1024


class Library:
    """A compiled model that is loaded: what `load` returns.

    Any number of threads may use it at a time, and so may processes that are forked.

    Parameters
    ----------
    data : bytes
        The library that ``octet compile MODEL -o net.so`` wrote.
    name : str
        What error messages call it. The model in it is the symbol ``octet_v4_model``,
        or ``NAME_model`` with the stem of this name.
    runner : callable, optional
        Makes what runs the model in place of ctypes.

    Attributes
    ----------
    name : str
    inputs, outputs : tuple of Tensor
        In the model's order.
    precision : str
        ``"int8"`` or ``"fp32"``.
    model_hash : str
        Of what it was compiled from.
    targets : tuple of str
        The instruction sets that it has code for, best first.
    target : str or None
        The one of them that runs: what the environment variable ``OCTET_ISA`` names
        when the library is loaded, or else the best that this CPU has; None if there is
        none.

    Raises
    ------
    NotAProgram
        `data` is no library, or one for another machine or of another version.
    """

    def __init__(self, data: bytes, name: str = "program", *,
                 runner: Callable[[object, int, str], Runner] = _abi.CtypesRunner
                 ) -> None:
        machine = _elf.machine_of(data, name)
        if not _elf.is_native(machine):
            other = _elf.MACHINES.get(machine, "another architecture")
            raise NotAProgram(f"{name}: is for {other} and this machine is "
                              f"{platform.machine()}; compile the model for it",
                              file=name)
        self.name = name
        self._handle = _elf.Handle(data, name)
        model = self._find(self._handle.cdll)
        self.inputs = _abi.tensors(model.inputs, model.num_inputs)
        self.outputs = _abi.tensors(model.outputs, model.num_outputs)
        self._interface = Interface(name, self.inputs, self.outputs)
        self.precision: str = model.precision.decode()
        self.model_hash: str = model.model_hash.decode()
        variants = model.variants[:model.num_variants]
        self._layers = {v.isa.decode(): _abi.layers(v) for v in variants}
        self.targets = tuple(self._layers)
        self.target: str | None = None
        self.runner: Runner | None = None
        self._refusal = ""
        self._choose(model, runner)

    def _find(self, library: ctypes.CDLL) -> _abi.CModel:
        """The model in a library, if it has this version."""
        stem = "".join(c if c.isascii() and c.isalnum() else "_"
                       for c in Path(self.name).stem)
        own = f"{'_' if stem[:1].isdigit() else ''}{stem}_model"
        for symbol in ("octet_v4_model", own):
            with contextlib.suppress(ValueError):
                version = ctypes.c_int32.in_dll(library, symbol).value
                break
        else:
            raise NotAProgram(f"{self.name}: defines neither octet_v4_model nor {own} "
                              f"and is no compiled model; {_elf.HOW}", file=self.name)
        if version != _abi.VERSION:
            raise NotAProgram(
                f"{self.name}: has version {version} of the interface of compiled "
                f"models and this Octet reads version {_abi.VERSION}; compile the "
                "model again, or install the Octet that compiled it", file=self.name)
        return _abi.CModel.in_dll(library, symbol)

    def _choose(self, model: _abi.CModel,
                runner: Callable[[object, int, str], Runner]) -> None:
        """Finds the target that runs, or why none does."""
        isa = os.environ.get("OCTET_ISA", "")
        address, status = ctypes.addressof(model), ctypes.c_int()
        variant = model.choose(address, isa.encode(), ctypes.byref(status))
        those = ", ".join(self.targets)
        if variant:
            target: str = variant.contents.isa.decode()
            self.target = target
            self.runner = runner(self._handle, address, target)
        elif not isa:
            self._refusal = (f"this CPU runs none of {those}; compile the model for "
                             "'generic' too")
        else:
            lack = "this CPU" if isa in self.targets else "it"
            self._refusal = (f"OCTET_ISA={isa}: {lack} lacks that instruction set; set "
                             f"one of {those}")

    def refuse(self) -> NotAProgram:
        """Why `target` is None."""
        return NotAProgram(f"{self.name}: {self._refusal}", file=self.name)

    def layers(self, target: str | None = None) -> list[Layer]:
        """The operations of the graph and their kernels.

        Parameters
        ----------
        target : str, optional
            One of `targets`; without it, the one that runs here, or the best.

        Returns
        -------
        list of Layer
            ``pandas.DataFrame`` makes a table of it.
        """
        target = target or self.target or self.targets[0]
        if target not in self._layers:
            raise NotAProgram(f"{self.name}: has no code for '{target}'; ask for one "
                              f"of {', '.join(self.targets)}", file=self.name)
        return list(self._layers[target])

    def run(self, *inputs: Any, out: Any = None, threads: int = 1) -> dict[str, Array]:
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
            Threads of this call; results do not depend on it. Without the package
            ``octet`` there is one.

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
        if self.runner is None:
            raise self.refuse()
        number = operator.index(threads) if hasattr(threads, "__index__") else 0
        if not 1 <= number <= _MOST_THREADS:
            raise Error(f"{self.name}: threads cannot be {threads!r}; give a number "
                        f"from 1 to {_MOST_THREADS}", file=self.name)
        arrays, samples = self._interface.take(inputs)
        if out is None:
            results = [np.empty(self._interface.shape(t, samples), t.dtype)
                       for t in self.outputs]
        else:
            results = self._interface.writable(out, samples, arrays)
        try:
            self._execute(self.runner, arrays, results, samples.count, number)
        except RuntimeError as error:
            raise Error(f"{self.name}: {error}", file=self.name) from None
        return {t.name: y for t, y in zip(self.outputs, results)}

    def __call__(self, *inputs: Any, out: Any = None, threads: int = 1) -> Any:
        """`run`, of which a single output is returned itself, and several as a dict.

        PyTorch's tensors in give PyTorch's tensors out, on the device of the first.
        """
        results: dict[str, Any] = dict(self.run(*inputs, out=out, threads=threads))
        given = inputs[0].values() if is_mapping(inputs) else inputs
        tensors = [x for x in given if is_torch(x)]
        if tensors and out is None:
            convert = sys.modules["torch"].from_numpy
            results = {name: convert(y).to(tensors[0].device)
                       for name, y in results.items()}
        return results if len(results) > 1 else next(iter(results.values()))

    def _execute(self, runner: Runner, arrays: list[Array], results: list[Array],
                 samples: int, threads: int) -> None:
        tensors = [*self.inputs, *self.outputs]
        memory = [*arrays, *results]
        places = [a.__array_interface__["data"][0] for a in memory]
        batch = self._interface.batch
        # Bytes from one sample to the next; none where one serves all.
        steps = [a.nbytes // samples if t.symbolic_batch or not batch else 0
                 for t, a in zip(tensors, memory)]
        # Each thread has as many batches as the others.
        batch = (batch or 1) * threads
        done, size = 0, batch
        while done < samples:
            size = min(size, samples - done)
            at = [place + done * step for place, step in zip(places, steps)]
            start = time.perf_counter()
            runner.run(at[:len(arrays)], at[len(arrays):], size, threads)
            seconds = max(time.perf_counter() - start, 1e-9) / size
            done += size
            size = max(1, int(_SLICE / seconds / batch)) * batch

    def __repr__(self) -> str:
        return f"Library({self.name!r}, {summary(self)})"


def summary(program: Any) -> str:
    """What a library or program is, in one line."""
    def texts(tensors: Sequence[Tensor]) -> str:
        shapes = [("n", *t.shape[1:]) if t.symbolic_batch else t.shape for t in tensors]
        return ", ".join(f"{t.name}: {t.dtype} {text(shape)}"
                         for t, shape in zip(tensors, shapes))
    return (f"{program.precision}, {texts(program.inputs)} -> "
            f"{texts(program.outputs)}, {', '.join(program.targets)}")


def load(path: str | os.PathLike[str]) -> Library:
    """Loads a library that ``octet compile MODEL -o net.so`` wrote.

    Parameters
    ----------
    path : str or path
        The file, whose content is copied: it may be replaced or removed later.

    Returns
    -------
    Library

    Raises
    ------
    MissingFile
        There is no such file.
    NotAProgram
        It cannot be read, is no library, or one for another machine or of another
        version.
    """
    return Library(read(path), os.fspath(path))


def read(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a library's file."""
    name = os.fspath(path)
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise MissingFile(f"{name}: no such file", file=name) from None
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise NotAProgram(f"{name}: cannot be read: {cause}; {_elf.HOW}",
                          file=name) from None
