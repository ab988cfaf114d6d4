"""Octet: a trained network in, a native INT8 program out, and what was gained and lost.

>>> import octet
>>> model = octet.Model("examples/digits/digits.onnx")
>>> program = octet.compile(model)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .errors import (
    BadData,
    CannotWrite,
    Error,
    MissingFile,
    NotAProgram,
    RefusedOptions,
    UnsupportedModel,
)

if TYPE_CHECKING:
    from ._driver import Doubt as Doubt
    from ._driver import Note as Note
    from .calibration import calibrate as calibrate
    from .comparison import Comparison as Comparison
    from .comparison import compare as compare
    from .compiler import compile as compile
    from .compiler import lower as lower
    from .evaluation import Accuracy as Accuracy
    from .evaluation import evaluate as evaluate
    from .latency import Latency as Latency
    from .latency import benchmark as benchmark
    from .layer_times import LayerTime as LayerTime
    from .layer_times import LayerTimes as LayerTimes
    from .layer_times import benchmark_layers as benchmark_layers
    from .model import Model as Model
    from .program import Program as Program
    from .pytorch import TorchModel as TorchModel
    from .pytorch import load_trained_model as load_trained_model
    from .pytorch import quantize_int8 as quantize_int8
    from .pytorch import quantize_model as quantize_model
    from .pytorch import torch_backend as torch_backend
    from .ranges import Ranges as Ranges
    from .reference import quantize_weights as quantize_weights
    from .reference import quantized_forward as quantized_forward

# Modules are loaded when a name of theirs is first used: importing octet takes no
# longer than NumPy, and the reference needs no compiler.
_LAZY = {
    "Accuracy": "evaluation",
    "Comparison": "comparison",
    "Doubt": "_driver",
    "Latency": "latency",
    "LayerTime": "layer_times",
    "LayerTimes": "layer_times",
    "Model": "model",
    "Note": "_driver",
    "Program": "program",
    "Ranges": "ranges",
    "TorchModel": "_torch_model",
    "benchmark": "latency",
    "benchmark_layers": "layer_times",
    "calibrate": "calibration",
    "compare": "comparison",
    "compile": "compiler",
    "evaluate": "evaluation",
    "load_trained_model": "_torch_files",
    "lower": "compiler",
    "quantize_int8": "pytorch",
    "quantize_model": "pytorch",
    "quantize_weights": "reference",
    "quantized_forward": "reference",
    "torch_backend": "_torch_backend",
}

__all__ = ["BadData", "CannotWrite", "Error", "MissingFile", "NotAProgram",
           "RefusedOptions", "UnsupportedModel", *_LAZY]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("octet")
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module 'octet' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
