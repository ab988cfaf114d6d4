"""Compiling a model, with the command line's flags as arguments."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, get_args

from . import _driver, errors
from ._arguments import number, texts, whole_number
from ._files import temporary_file, temporary_folder
from ._progress import bar
from .model import Model, Options, Shape, as_model
from .program import Program

if TYPE_CHECKING:
    from .model import ModelLike
    from .ranges import Ranges

Method = Literal["minmax", "percentile", "mse"]
Precision = Literal["int8", "fp32"]


def compile(model: ModelLike,  # noqa: A001
            ranges: Ranges | str | os.PathLike[str] | None = None, *,
            precision: Precision | None = None,
            targets: str | Sequence[str] = "host",
            shapes: Mapping[str, Shape] | None = None,
            dims: Mapping[str, int] | None = None,
            outputs: str | Sequence[str] = (), batch: int = 1,
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
    names = texts("targets", targets, "give names of instruction sets, or 'host'")
    flags = ["--batch", str(whole_number("batch", batch)), "--target", ",".join(names),
             *method_flags(method, percentile)]
    if ranges is None and precision == "int8":
        raise errors.RefusedOptions("precision cannot be 'int8' without ranges; give "
                                    "what octet.calibrate returns")
    if ranges is None and (method is not None or percentile is not None):
        raise errors.RefusedOptions("method and percentile are for INT8; give ranges "
                                    "too, what octet.calibrate returns")
    for flag, value in (("--precision", precision), ("--weights", weights),
                        ("--dump-ir", dump_ir)):
        if value is not None:
            flags += [flag, str(value)]
    flags += merged_options(model, shapes, dims, outputs).flags()
    with temporary_folder() as folder:
        built = folder / f"{_symbol(model)}.o"
        report = folder / "report.json"
        _compile(model, ranges, [*flags, "-o", str(built), "--json", str(report)],
                 progress)
        library = built.with_suffix(".so")
        _driver.run(["compile", built, "-o", library])
        program = Program(library.read_bytes(), object=built.read_bytes(),
                          report=json.loads(report.read_text()))
        program.model = model
        return program


def lower(model: ModelLike, phase: str,
          ranges: Ranges | str | os.PathLike[str] | None = None, *,
          targets: str | Sequence[str] = "host", elide: bool = True,
          progress: bool | None = None) -> str:
    """The IR of a model behind one of the compiler's phases, to read.

    Parameters
    ----------
    model : Model, str, path, bytes or onnx.ModelProto
        The network, as it was trained.
    phase : str
        docs/Phases.md has them: ``"import"``, ``"simplify"``, ``"quantize"``, ...
    ranges : Ranges or path of a ranges.json, optional
        What `calibrate` found, for phases on the way to INT8.
    targets : str or sequence of str
        As `compile` takes them; behind the graph's phases only one.
    elide : bool
        Whether to shorten large constants. What is not shortened can be compiled on.
    progress : bool, optional
        Whether to show a bar; without it, in a terminal or notebook.

    Returns
    -------
    str
        MLIR, in Octet's dialect or those below it.

    Raises
    ------
    UnsupportedModel
        The model asks for what Octet does not take; `node` says where.
    RefusedOptions
        There is no such phase, or not on the way.

    Examples
    --------
    >>> text = octet.lower("examples/digits/digits.onnx", "simplify")
    >>> text.count("octet.conv2d")
    6
    """
    model = as_model(model)
    names = texts("targets", targets, "give names of instruction sets, or 'host'")
    flags = ["--compile-to", phase, "--target", ",".join(names)]
    flags += ["--elide"] if elide else []
    with temporary_folder() as folder:
        written = folder / "graph.mlir"
        _compile(model, ranges, [*model.options.flags(), *flags, "-o", str(written)],
                 progress)
        return written.read_text()


def _compile(model: Model, ranges: Ranges | str | os.PathLike[str] | None,
             flags: Sequence[str], progress: bool | None) -> None:
    """Runs ``octet compile`` on `model` with `ranges`, if there are any."""
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(model.file())
        given = ([] if ranges is None else
                 ["--ranges", stack.enter_context(ranges_file(ranges))])
        _driver.run(["compile", path, *flags, *given],
                    progress=stack.enter_context(bar(progress)))


def merged_options(model: Model, shapes: Mapping[str, Shape] | None,
                   dims: Mapping[str, int] | None,
                   outputs: str | Sequence[str]) -> Options:
    """The model's own options with these before them."""
    own, given = model.options, Options.of(shapes, dims, outputs)
    return Options({**own.shapes, **given.shapes}, {**own.dims, **given.dims},
                   given.outputs or own.outputs)


def method_flags(method: Method | None, percentile: float | None) -> list[str]:
    """How ranges come from histograms, for the command line."""
    if method is not None and method not in get_args(Method):
        raise errors.RefusedOptions(f"method cannot be {method!r}; choose minmax, "
                                    "percentile or mse")
    flags = [] if method is None else ["--method", method]
    if percentile is None:
        return flags
    percentile = number("percentile", percentile, lambda p: 50 < p <= 100,
                        "give a number above 50 and at most 100")
    if method not in (None, "percentile"):
        raise errors.RefusedOptions(f"percentile does not go with method {method!r}; "
                                    "leave one of them out")
    return [*flags, "--percentile", repr(percentile)]


@contextlib.contextmanager
def ranges_file(ranges: Ranges | str | os.PathLike[str]) -> Iterator[str]:
    """The path of a ``ranges.json`` with `ranges`, as long as it is needed."""
    if isinstance(ranges, (str, os.PathLike)):
        # Sentences about it are Python's: the driver's name the model.
        from .ranges import Ranges

        Ranges.load(ranges)
        yield os.fspath(ranges)
        return
    if not hasattr(ranges, "to_json"):
        raise errors.RefusedOptions(
            f"ranges cannot be of type {type(ranges).__name__}; give what "
            "octet.calibrate returns, or the path of a ranges.json")
    with temporary_file(ranges.to_json().encode(), "ranges.json", "ranges") as path:
        yield path


def _symbol(model: Model) -> str:
    """A file's name that is a C identifier: the library's symbol is called so."""
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in model.name)
    return name if name and not name[0].isdigit() else f"_{name}"
