"""The interface of compiled models, octet.h, in ctypes."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]

VERSION = 4
ALIGNMENT = 64
# In the order of octet_dtype.
DTYPES = [np.dtype(t) for t in (np.float32, np.uint8, np.int8, np.int32, np.int64,
                                np.bool_, np.float16, np.float64)]


@dataclass(frozen=True)
class Tensor:
    """An input or output of a compiled model.

    Attributes
    ----------
    name : str
        As in the ONNX model.
    shape : tuple of int
        Where the batch is symbolic, the first is the batch it was compiled for.
    dtype : numpy.dtype
    symbolic_batch : bool
        Whether the first dimension is as large as there are samples.
    """

    name: str
    shape: Shape
    dtype: np.dtype[Any]
    symbolic_batch: bool


@dataclass(frozen=True)
class Layer:
    """One operation of a compiled model, and the kernel that computes it.

    Attributes
    ----------
    node, op : str
        The ONNX node's name, and the operation.
    kernel : str
    precision : str
        ``"int8"`` or ``"fp32"``.
    note : str
        Why the layer is not in INT8; empty where it is.
    shape : tuple of int
        Of the output, for one batch.
    macs : int
        Multiply-accumulates of one batch.
    weight_bytes : int
        Bytes of its weights as they are stored.
    """

    node: str
    op: str
    kernel: str
    precision: str
    note: str
    shape: Shape
    macs: int
    weight_bytes: int


class Runner(Protocol):
    """What runs a model: ``Runner(handle, address of the octet_model, target)``.

    `handle` keeps the library loaded; the instruction set `target` is one that the
    model has code for and the CPU runs.
    """

    def run(self, inputs: Sequence[int], outputs: Sequence[int], samples: int,
            threads: int = 1) -> None:
        """Runs samples from and to memory, an address for each tensor.

        Any number of threads may call at a time. A call runs on as many as it says.

        Raises
        ------
        RuntimeError
            There cannot be so many: a cause and its mend.
        """


class CTensor(ctypes.Structure):
    """``octet_tensor``."""

    _fields_ = [("name", ctypes.c_char_p), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("rank", ctypes.c_int32), ("dtype", ctypes.c_int32),
                ("symbolic_batch", ctypes.c_int32)]


class CLayer(ctypes.Structure):
    """``octet_layer``."""

    _fields_ = [("macs", ctypes.c_int64), ("weight_bytes", ctypes.c_int64),
                ("bytes", ctypes.c_int64), ("node", ctypes.c_uint32),
                ("op", ctypes.c_uint32), ("kernel", ctypes.c_uint32),
                ("precision", ctypes.c_uint32), ("note", ctypes.c_uint32),
                ("shape", ctypes.c_uint32), ("rank", ctypes.c_int32)]


class CVariant(ctypes.Structure):
    """``octet_variant``."""

    _fields_ = [("isa", ctypes.c_char_p), ("needs", ctypes.c_uint64),
                ("arena_size", ctypes.c_int64), ("scratch_size", ctypes.c_int64),
                ("num_layers", ctypes.c_int64), ("layers", ctypes.POINTER(CLayer)),
                ("texts", ctypes.c_void_p), ("shapes", ctypes.POINTER(ctypes.c_int64)),
                ("num_steps", ctypes.c_int64), ("steps", ctypes.c_void_p),
                ("arguments", ctypes.c_void_p), ("wide", ctypes.c_void_p)]


class COptions(ctypes.Structure):
    """``octet_options``."""

    _fields_ = [("isa", ctypes.c_char_p), ("threads", ctypes.c_int32),
                ("parallel_for", ctypes.c_void_p), ("pool", ctypes.c_void_p),
                ("trace", ctypes.c_void_p), ("trace_state", ctypes.c_void_p)]


_OPTIONS = ctypes.POINTER(COptions)
_ADDRESSES = ctypes.POINTER(ctypes.c_void_p)


class CModel(ctypes.Structure):
    """``octet_model``."""

    _fields_ = [("abi_version", ctypes.c_int32), ("num_inputs", ctypes.c_int32),
                ("num_outputs", ctypes.c_int32), ("num_variants", ctypes.c_int32),
                ("num_observed", ctypes.c_int32), ("precision", ctypes.c_char_p),
                ("model_hash", ctypes.c_char_p), ("inputs", ctypes.POINTER(CTensor)),
                ("outputs", ctypes.POINTER(CTensor)),
                ("variants", ctypes.POINTER(CVariant)), ("weights", ctypes.c_void_p),
                ("observed", ctypes.c_void_p),
                ("choose", ctypes.CFUNCTYPE(
                    ctypes.POINTER(CVariant), ctypes.c_void_p, ctypes.c_char_p,
                    ctypes.POINTER(ctypes.c_int))),
                ("context_size", ctypes.CFUNCTYPE(
                    ctypes.c_size_t, ctypes.c_void_p, _OPTIONS)),
                ("context_create", ctypes.CFUNCTYPE(
                    ctypes.c_int, ctypes.c_void_p, _OPTIONS, ctypes.c_void_p,
                    ctypes.c_size_t, _ADDRESSES)),
                ("run", ctypes.CFUNCTYPE(
                    ctypes.c_int, ctypes.c_void_p, _ADDRESSES, _ADDRESSES,
                    ctypes.c_int64))]


def tensors(those: Any, count: int) -> tuple[Tensor, ...]:
    """The first `count` of a C array of tensors."""
    return tuple(Tensor(_text(t.name), tuple(t.shape[:t.rank]), DTYPES[t.dtype],
                        bool(t.symbolic_batch)) for t in those[:count])


def layers(variant: Any) -> list[Layer]:
    """The layers of a ``CVariant``."""
    def text(place: int) -> str:
        return _text(ctypes.string_at(variant.texts + place))

    return [Layer(text(n.node), text(n.op), text(n.kernel), text(n.precision),
                  text(n.note), tuple(variant.shapes[n.shape:n.shape + n.rank]), n.macs,
                  n.weight_bytes)
            for n in variant.layers[:variant.num_layers]]


def _text(name: bytes) -> str:
    return name.decode(errors="backslashreplace")


class CtypesRunner:
    """A `Runner` with a context for each of the calls that are made at a time."""

    def __init__(self, handle: object, address: int, target: str) -> None:
        self._handle, self._address = handle, address
        self._model = CModel.from_address(address)
        self._options = COptions(isa=target.encode())
        self._idle: list[tuple[Array, ctypes.c_void_p]] = []
        self._most = os.cpu_count() or 1

    def run(self, inputs: Sequence[int], outputs: Sequence[int], samples: int,
            threads: int = 1) -> None:
        """Runs samples from and to memory, an address for each tensor."""
        if threads != 1:
            # Python's own take longer to hand over than most kernels compute.
            raise RuntimeError("runs on one thread for each call, without the package "
                               "octet; leave threads out, or call it from several")
        try:
            context = self._idle.pop()
        except IndexError:
            context = self._create()
        try:
            status = self._model.run(
                context[1], (ctypes.c_void_p * len(inputs))(*inputs),
                (ctypes.c_void_p * len(outputs))(*outputs), samples)
            assert status == 0, status
        finally:
            # What is needed when more threads call than there are cores is freed.
            if len(self._idle) < self._most:
                self._idle.append(context)

    def _create(self) -> tuple[Array, ctypes.c_void_p]:
        """A new context and its memory."""
        options = ctypes.byref(self._options)
        size = self._model.context_size(self._address, options)
        memory = np.empty(size + ALIGNMENT, np.uint8)
        start = -(-memory.ctypes.data // ALIGNMENT) * ALIGNMENT
        context = ctypes.c_void_p()
        status = self._model.context_create(self._address, options, start, size,
                                            ctypes.byref(context))
        assert status == 0, status
        return memory, context
