"""ONNX Runtime: preprocessed, u8 activations, s8 weights per channel, bound buffers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.version_converter

from . import ALL_ORIGINS, Array, Loading, Quantization, take, unfit

TITLE = "ONNX Runtime"
PACKAGES: tuple[str, ...] = ("onnxruntime",)
PRECISIONS: tuple[str, ...] = ("fp32", "int8")
ENVIRONMENT = "peers"
_CONVERTED = "converted.onnx"
_CHANNELS_SINCE = 13
ORIGINS: tuple[str, ...] = ALL_ORIGINS


def limit(machine: str) -> dict[str, str]:
    """It chooses its kernels by the CPU alone."""
    if machine != "host":
        raise unfit(machine)
    return {}


def quantize(job: Quantization) -> str:
    """Its documentation has: static for convolutional nets, dynamic for transformers.

    Weights keep to 7 bits (`reduce_range`) only where products saturate.
    """
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_dynamic,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._rows: Iterator[dict[str, Array]] = _rows(job)

        def get_next(self) -> dict[str, Array] | None:
            return next(self._rows, None)

    out = Path(job.out)
    prepared, quantized = out / "prepared.onnx", out / "model.onnx"
    # Symbolic shapes are for transformers, its documentation says.
    quant_pre_process(_modern(job.source.path, out), str(prepared),
                      skip_symbolic_shape=not job.transformer)
    if job.transformer:
        quantize_dynamic(str(prepared), str(quantized), per_channel=True,
                         reduce_range=job.narrow, weight_type=QuantType.QInt8)
    else:
        quantize_static(str(prepared), str(quantized), Reader(),
                        quant_format=QuantFormat.QDQ, per_channel=True,
                        reduce_range=job.narrow, activation_type=QuantType.QUInt8,
                        weight_type=QuantType.QInt8)
    prepared.unlink()
    (out / _CONVERTED).unlink(missing_ok=True)
    return quantized.name


def _modern(path: str, folder: Path) -> str:
    """The file of the model in an operator set that has a scale for each channel.

    `quant_pre_process` takes loaded models too, but loses the weights of some.
    """
    model = onnx.load(path)
    version = max(entry.version for entry in model.opset_import
                  if entry.domain in ("", "ai.onnx"))
    if version >= _CHANNELS_SINCE:
        return path
    converted = folder / _CONVERTED
    onnx.save(onnx.version_converter.convert_version(model, _CHANNELS_SINCE), converted)
    return str(converted)


def _rows(job: Quantization) -> Iterator[dict[str, Array]]:
    with np.load(job.calibration) as file:
        arrays = {name: file[name] for name in job.source.dtypes}
    for index in range(len(next(iter(arrays.values())))):
        yield take(job.source, arrays, index, 1)


class _Session:
    def __init__(self, job: Loading, inputs: dict[str, Array]) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = job.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if job.source.batch:
            options.add_free_dimension_override_by_name(job.source.batch, job.batch)
        self._session = onnxruntime.InferenceSession(
            job.source.path, options, providers=["CPUExecutionProvider"])
        value = onnxruntime.OrtValue.ortvalue_from_numpy
        self._binding = self._session.io_binding()
        # Kept alive: the values may be views of them.
        self._inputs = {name: value(array) for name, array in inputs.items()}
        for name, bound in self._inputs.items():
            self._binding.bind_ortvalue_input(name, bound)
        names = [output.name for output in self._session.get_outputs()]
        for name in names:
            self._binding.bind_output(name, "cpu")
        self.run()
        # Now that their shapes are known, outputs have a place of their own.
        self._outputs: dict[str, Any] = dict(
            zip(names, self._binding.get_outputs(), strict=True))
        self._binding.clear_binding_outputs()
        for name, bound in self._outputs.items():
            self._binding.bind_ortvalue_output(name, bound)

    def run(self) -> None:
        self._session.run_with_iobinding(self._binding)

    def set(self, inputs: dict[str, Array]) -> None:
        for name, array in inputs.items():
            self._inputs[name].update_inplace(array)

    def outputs(self) -> dict[str, Array]:
        return {name: bound.numpy().copy() for name, bound in self._outputs.items()}


def load(job: Loading, inputs: dict[str, Array]) -> _Session:
    """One session; the threads of others are not shared."""
    return _Session(job, inputs)
