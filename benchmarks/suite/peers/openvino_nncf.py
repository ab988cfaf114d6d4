"""OpenVINO, quantized by NNCF: its defaults, a hint of latency, a reused request."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from . import ALL_ORIGINS, Array, Loading, Quantization, take, unfit

TITLE = "OpenVINO"
PACKAGES: tuple[str, ...] = ("openvino", "nncf")
PRECISIONS: tuple[str, ...] = ("fp32", "int8", "bf16")
ENVIRONMENT = "peers"
ORIGINS: tuple[str, ...] = ALL_ORIGINS
_HINTS = {"fp32": "f32", "int8": "f32", "bf16": "bf16"}
# As oneDNN, which OpenVINO is built on, calls Octet's targets.
_MACHINES = {"avx512vbmi": "AVX512_CORE_VNNI", "avx512vnni": "AVX512_CORE_VNNI",
             "avx512vnni256": "AVX512_CORE_VNNI", "avxvnni": "AVX2_VNNI",
             "avx2": "AVX2"}


def limit(machine: str) -> dict[str, str]:
    """OneDNN, whose convolutions and products it has, reads a variable."""
    if machine == "host":
        return {}
    if machine not in _MACHINES:
        raise unfit(machine)
    return {"ONEDNN_MAX_CPU_ISA": _MACHINES[machine]}


# Activations whose negative values matter: NNCF's documentation recommends the preset
# with a zero point for them.
_ASYMMETRIC = frozenset({"Elu", "Gelu", "HSigmoid", "HSwish", "Mish", "PRelu",
                         "Sigmoid", "Swish"})


def quantize(job: Quantization) -> str:
    """`nncf.quantize` on all samples, for CPUs, with what it is to know of the net."""
    import nncf
    import openvino

    with np.load(job.calibration) as file:
        arrays = {name: file[name] for name in job.source.dtypes}
    count = len(next(iter(arrays.values())))
    data = nncf.Dataset(range(count), lambda index: take(job.source, arrays, index, 1))
    model = openvino.Core().read_model(job.source.path)
    asymmetric = any(op.get_type_name() in _ASYMMETRIC for op in model.get_ops())
    quantized = nncf.quantize(
        model, data, subset_size=count, target_device=nncf.TargetDevice.CPU,
        preset=nncf.QuantizationPreset.MIXED if asymmetric else None,
        model_type=nncf.ModelType.TRANSFORMER if job.transformer else None)
    path = Path(job.out) / "model.xml"
    openvino.save_model(quantized, path, compress_to_fp16=False)
    return path.name


class _Session:
    def __init__(self, job: Loading, inputs: dict[str, Array]) -> None:
        import openvino

        core = openvino.Core()
        model = core.read_model(job.source.path)
        model.reshape({name: array.shape for name, array in inputs.items()})
        compiled = core.compile_model(model, "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": job.threads,
            "INFERENCE_PRECISION_HINT": _HINTS[job.precision]})
        self._request = compiled.create_infer_request()
        self._inputs = inputs
        for name, array in inputs.items():
            self._request.set_tensor(name, openvino.Tensor(array, shared_memory=True))
        self._names = [output.get_any_name() for output in compiled.outputs]

    def run(self) -> None:
        self._request.infer(share_outputs=True)

    def set(self, inputs: dict[str, Array]) -> None:
        for name, array in inputs.items():
            np.copyto(self._inputs[name], array)

    def outputs(self) -> dict[str, Array]:
        return {name: np.array(self._request.get_tensor(name).data)
                for name in self._names}


def load(job: Loading, inputs: dict[str, Array]) -> _Session:
    """One request, with buffers of ours."""
    return _Session(job, inputs)
