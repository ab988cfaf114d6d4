"""Programs of what a user has: a program itself, or a model that is compiled."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

from ._arguments import whole_number
from .model import as_model

Runner: TypeAlias = Callable[[Any, Any], Any]
"""Runs a program on inputs."""


def runner(threads: Any) -> Runner:
    """Runs programs on so many threads.

    What is given in a program's place need know of no more than one.
    """
    several = whole_number("threads", threads, "threads")
    return _run if several == 1 else functools.partial(_run, threads=several)


def _run(program: Any, inputs: Any, **options: Any) -> Any:
    return program.run(inputs, **options)


def as_program(given: Any, progress: bool | None = None) -> Any:
    """`given` itself if it runs, else the FP32 program of the model, compiled once.

    Parameters
    ----------
    given : Program, Model, path, bytes or onnx.ModelProto
    progress : bool, optional
        As `compile` takes it.
    """
    if hasattr(given, "run"):
        return given
    from .compiler import compile as compile_model

    model = as_model(given)
    if "fp32" not in model._programs:
        model._programs["fp32"] = compile_model(model, progress=progress)
    return model._programs["fp32"]
