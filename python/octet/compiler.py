"""Compiling a model, with the command line's flags as arguments."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from . import _driver, errors
from ._progress import bar
from .model import Model, Options, Shape, as_model
from .program import Program

if TYPE_CHECKING:
    from .ranges import Ranges

Method = Literal["minmax", "percentile", "mse"]
Precision = Literal["int8", "fp32"]


def compile(model: Model | str | os.PathLike[str] | bytes | Any,  # noqa: A001
            ranges: Ranges | str | os.PathLike[str] | None = None, *,
            precision: Precision | None = None,
            targets: str | Sequence[str] = "host",
            shapes: Mapping[str, Shape] | None = None,
            dims: Mapping[str, int] | None = None,
            outputs: Sequence[str] = (), batch: int = 1,
            method: Method | None = None, percentile: float | None = None,
            weights: Literal["int8"] | None = None,
            dump_ir: str | os.PathLike[str] | None = None,
            progress: bool | None = None) -> Program:
    """Compiles a model to native code.

    Parameters
    ----------
    model : Model, str, path, bytes or onnx.ModelProto
        The network, as it was trained.
    ranges : Ranges or path of a ranges.json, optional
        What `calibrate` found: the program computes in INT8.
    precision : {"int8", "fp32"}, optional
        INT8 where there are ranges, else FP32.
    targets : str or sequence of str
        Instruction sets, ``"host"`` for the best that this machine runs; several, of
        one architecture, make a program that chooses when it starts.
    shapes, dims, outputs
        As `Model` takes them; they go before the model's own.
    batch : int
        Samples in one inference, where the batch is symbolic. Results do not depend
        on it.
    method : {"minmax", "percentile", "mse"}, optional
        How ranges come from histograms, where it is not the ranges' own choice.
    percentile : float, optional
        Share of values inside a range, above 50 and at most 100; means the method
        "percentile".
    weights : {"int8"}, optional
        Round the weights of an FP32 program to 8 bits, for each output channel; they
        are stored as floats.
    dump_ir : path, optional
        A folder for the IR behind every phase.
    progress : bool, optional
        Whether to show a bar; without it, in a terminal or notebook.

    Returns
    -------
    Program

    Raises
    ------
    UnsupportedModel
        The model asks for what Octet does not take; `node` says where.
    RefusedOptions
        Arguments that cannot be, or not together.

    Examples
    --------
    >>> program = octet.compile("examples/digits/digits.onnx")
    >>> program.precision
    'fp32'
    """
    model = as_model(model)
    if batch < 1:
        raise errors.RefusedOptions(f"batch cannot be {batch}; give a number of "
                                    "samples, at least 1")
    names = targets if isinstance(targets, str) else ",".join(targets)
    flags = ["--target", names, "--batch", str(batch)]
    for flag, value in (("--precision", precision), ("--method", method),
                        ("--percentile", percentile), ("--weights", weights),
                        ("--dump-ir", dump_ir)):
        if value is not None:
            flags += [flag, str(value)]
    flags += merged_options(model, shapes, dims, outputs).flags()
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(model.file())
        folder = Path(stack.enter_context(
            tempfile.TemporaryDirectory(prefix="octet-")))
        if ranges is not None:
            flags += ["--ranges", stack.enter_context(ranges_file(ranges))]
        progress_bar = stack.enter_context(bar(progress))
        built = folder / f"{_symbol(model)}.o"
        report = folder / "report.json"
        _driver.run(["compile", path, *flags, "-o", built, "--json", report],
                    progress=progress_bar)
        library = built.with_suffix(".so")
        _driver.run(["compile", built, "-o", library])
        program = Program(library.read_bytes(), object=built.read_bytes(),
                          report=json.loads(report.read_text()))
        program.model = model
        return program


def merged_options(model: Model, shapes: Mapping[str, Shape] | None,
                   dims: Mapping[str, int] | None, outputs: Sequence[str]) -> Options:
    """The model's own options with these before them."""
    own = model.options
    return Options({**own.shapes, **(shapes or {})}, {**own.dims, **(dims or {})},
                   tuple(outputs) or own.outputs)


@contextlib.contextmanager
def ranges_file(ranges: Ranges | str | os.PathLike[str]) -> Iterator[str]:
    """The path of a ``ranges.json`` with `ranges`, as long as it is needed."""
    if isinstance(ranges, (str, os.PathLike)):
        if not Path(ranges).exists():
            raise errors.MissingFile(f"{ranges}: no such file", file=str(ranges))
        yield str(ranges)
        return
    if not hasattr(ranges, "to_json"):
        raise errors.RefusedOptions(
            f"ranges cannot be of type {type(ranges).__name__}; give what "
            "octet.calibrate returns, or the path of a ranges.json")
    with tempfile.TemporaryDirectory(prefix="octet-") as folder:
        path = Path(folder, "ranges.json")
        path.write_text(ranges.to_json())
        yield str(path)


def _symbol(model: Model) -> str:
    """A file's name that is a C identifier: the library's symbol is called so."""
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in model.name)
    return name if name and not name[0].isdigit() else f"_{name}"
