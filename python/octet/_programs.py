"""Programs of what a user has: a program itself, or a model that is compiled."""

from __future__ import annotations

from typing import Any

from .model import as_model


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
