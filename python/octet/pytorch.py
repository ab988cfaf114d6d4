"""PyTorch: from a trained module to an INT8 program.

>>> cnn = octet.load_trained_model("cnn.pt", CNN)                   # doctest: +SKIP
>>> quantized = octet.quantize_model(cnn, calibration_loader)       # doctest: +SKIP
>>> y = quantized(x)                                                # doctest: +SKIP
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import compiler
from ._torch_backend import torch_backend
from ._torch_files import load_trained_model
from ._torch_model import TorchModel
from .calibration import calibrate
from .model import Model, as_model

if TYPE_CHECKING:
    from .program import Program

__all__ = ["TorchModel", "load_trained_model", "quantize_int8",
           "quantize_model", "torch_backend"]


def quantize_int8(model: Any, *, targets: str | Sequence[str] = "host", batch: int = 1,
                  progress: bool | None = None) -> Program:
    """Quantizes a model's linear layers, without any data.

    Their weights have 8 bits, each output channel its own scale, and each row of their
    input is quantized while the program runs (docs/QuantSpec.md, QS-15). All else stays
    in f32; other layers' weights are rounded, too, but stored as floats: a warning
    says so of a model without linear layers. With data, `quantize_model` makes a
    program that computes convolutions in integers as well.

    Parameters
    ----------
    model : Model, onnx.ModelProto, str or path
        The network; of a PyTorch module, a `TorchModel` that was given an example.
    targets, batch, progress
        As `compile` takes them.

    Returns
    -------
    Program

    Raises
    ------
    UnsupportedModel
        The model asks for what Octet does not take; `node` says where.

    Examples
    --------
    >>> small = octet.quantize_int8("examples/digits/digits.onnx")
    >>> small.precision
    'int8'
    """
    return compiler.compile(_read(model), weights="int8", targets=targets, batch=batch,
                            progress=progress)


def _read(model: Any) -> Model:
    """A model of whatever it is; files of PyTorch are read, too."""
    if isinstance(model, (str, os.PathLike)) and Path(model).suffix != ".mlir":
        return load_trained_model(model)
    return as_model(model)


def quantize_model(model: Any, data: Any, *, method: compiler.Method | None = None,
                   percentile: float | None = None, min_sqnr: float | None = None,
                   targets: str | Sequence[str] = "host", batch: int = 1,
                   limit: int | None = None, threads: int | None = None,
                   progress: bool | None = None) -> Program:
    """Calibrates a trained model and compiles it to INT8.

    Parameters
    ----------
    model : torch.nn.Module, Model, onnx.ModelProto, str or path
        The network. A module is exported with the first batch of `data`, see
        `TorchModel`; it is not changed. Paths are read by `load_trained_model`.
    data : Any
        Samples like those that the program will see, a few hundred for most networks: a
        DataLoader, an array, a dict of arrays, the path of an ``.npz`` file, or any
        iterable of them. Labels beside the inputs are not used.
    method, percentile, min_sqnr, limit, threads
        As `calibrate` takes them.
    targets, batch
        As `compile` takes them.
    progress : bool, optional
        Whether to show bars; without it, in a terminal or notebook.

    Returns
    -------
    Program
        With the attributes `ranges`, what calibration found, and `model`.

    Raises
    ------
    BadData
        `data` do not fit the model, or there are none.
    UnsupportedModel
        PyTorch cannot export the module, or Octet does not take it; `node` says where.

    Examples
    --------
    >>> program = octet.quantize_model("examples/digits/digits.onnx",
    ...                                np.random.rand(20, 1, 8, 8))
    >>> program.precision
    'int8'
    """
    model = _read(model)
    ranges = calibrate(model, data, method=method, percentile=percentile,
                       min_sqnr=min_sqnr, limit=limit, threads=threads,
                       progress=progress)
    program = compiler.compile(model, ranges, targets=targets, batch=batch,
                               progress=progress)
    program.ranges, program.model = ranges, model
    return program
