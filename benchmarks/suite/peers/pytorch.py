"""PyTorch: compiled by Inductor with frozen weights, quantized by torchao (PT2E).

Nets are made anew from PyTorch's modules: of ONNX models it takes those that were
exported from them with random weights (`suite.architectures`).
"""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from .. import architectures
from . import Array, Loading, Quantization, Unfit, take, unfit

TITLE = "PyTorch"
PACKAGES: tuple[str, ...] = ("torch", "torchao")
PRECISIONS: tuple[str, ...] = ("fp32", "int8")
ENVIRONMENT = "export"
ORIGINS: tuple[str, ...] = ("random",)


def limit(machine: str) -> dict[str, str]:
    """Inductor calls the compiler of C++."""
    if machine != "host":
        raise unfit(machine)
    if shutil.which("g++") is None:
        raise Unfit("needs g++")
    return {}


def _net(path: str) -> Any:
    """The module that an ONNX model of this name was exported from."""
    return architectures.make(Path(path).stem)[0]


def quantize(job: Quantization) -> str:
    """Its tutorial for x86 with Inductor has: static, s8 weights per channel."""
    import torch

    pt2e = importlib.import_module("torchao.quantization.pt2e.quantize_pt2e")
    x86 = importlib.import_module(
        "torchao.quantization.pt2e.quantizer.x86_inductor_quantizer")
    with np.load(job.calibration) as file:
        arrays = {name: file[name] for name in job.source.dtypes}
    rows = [torch.from_numpy(next(iter(take(job.source, arrays, i, 1).values())))
            for i in range(len(next(iter(arrays.values()))))]
    # Two samples: a first dimension of 1 would be taken for a constant.
    two = (torch.cat(rows[:2]),)
    shapes = ({0: torch.export.Dim("N")},)
    quantizer = x86.X86InductorQuantizer()
    quantizer.set_global(x86.get_default_x86_inductor_quantization_config(
        reduce_range=job.narrow))
    with torch.no_grad():
        exported = torch.export.export(_net(job.source.path), two,
                                       dynamic_shapes=shapes, strict=True)
        prepared = pt2e.prepare_pt2e(exported.module(), quantizer)
        for row in rows:
            prepared(row)
        quantized = torch.export.export(pt2e.convert_pt2e(prepared), two,
                                        dynamic_shapes=shapes)
    path = Path(job.out) / "model.pt2"
    torch.export.save(quantized, path)
    return path.name


class _Session:
    def __init__(self, job: Loading, inputs: dict[str, Array]) -> None:
        import torch

        torch.set_num_threads(job.threads)
        torch.set_grad_enabled(False)
        config: Any = importlib.import_module("torch._inductor.config")
        config.freezing = True
        if job.precision == "int8":
            # Loading needs the operators that it registers.
            importlib.import_module("torchao.quantization.pt2e.quantize_pt2e")
            module: Any = torch.export.load(job.source.path).module()
        else:
            module = _net(job.source.path)
        self._compiled: Any = torch.compile(module, dynamic=False)
        self._inputs = [torch.from_numpy(array) for array in inputs.values()]
        self._names = list(inputs)
        self.run()

    def run(self) -> None:
        self._output = self._compiled(*self._inputs)

    def set(self, inputs: dict[str, Array]) -> None:
        for name, tensor in zip(self._names, self._inputs, strict=True):
            np.copyto(tensor.numpy(), inputs[name])

    def outputs(self) -> dict[str, Array]:
        return {architectures.OUTPUT: self._output.numpy().copy()}


def load(job: Loading, inputs: dict[str, Array]) -> _Session:
    """Compiles, which takes seconds."""
    return _Session(job, inputs)
