"""Constants, and the borders between f32 and 8 bits (QS-1 to QS-4)."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import numerics
from .graph import Call, operation, scale_of, storage_bounds
from .mlir_types import Array, MlirError, Op, Type
from .numerics import F32, centred, f32, integers


@operation("arith.constant")
def constant(call: Call) -> Array:
    """The attribute's value."""
    value = call.get("value")
    if value is None:
        raise MlirError(f"line {call.op.line}: a constant that was left out")
    return value if isinstance(value, np.ndarray) else np.array(
        value, call.result.dtype())


@operation("octet.quantize")
def quantize(call: Call, x: Array, offset: Array, divisor: Array, low: Array,
             high: Array, zero_point: Array) -> Array:
    """QS-3, with the normalization of the input folded in."""
    x = x.transpose(call.get("permutation", range(x.ndim)))
    return numerics.quantize(x, offset, divisor, low, high, int(zero_point))


@operation("octet.dequantize")
def dequantize(call: Call, q: Array, scale: Array, zero_point: Array) -> Array:
    """QS-1: s · f32(q - z)."""
    y: Array = f32(scale) * centred(q, int(zero_point))
    return y


@operation("quant.dcast")
def dcast(call: Call, q: Array) -> Array:
    """QS-1, by the type's scale."""
    scale, zero = call.operand_scale()
    y: Array = scale * centred(q, zero)
    return y


@operation("quant.qcast")
def qcast(call: Call, x: Array) -> Array:
    """QS-3 for activations, QS-4 for weights, by the type's scales."""
    found = call.result.quantization()
    if found is None:
        raise MlirError(f"line {call.op.line}: a result without a scale")
    scales, zeros, axis = found
    if axis is not None:
        shape = [-1 if d == axis else 1 for d in range(x.ndim)]
        return numerics.quantize(x, F32(0), scales.reshape(shape), -127, 127,
                                 zeros.reshape(shape))
    offset, divisor = f32(0), scales[0]
    steps = normalization(call)
    if steps:
        x, factor, shift = steps
        offset = f32(-shift / factor)
        divisor = f32(np.float64(scales[0]) / factor)
    least, most = storage_bounds(call.result)
    zero = int(zeros[0])
    return numerics.quantize(x, offset, divisor, least - zero, most - zero, zero)


def affine(kind: str, side: int, k: Array) -> tuple[Array, Array]:
    """(factor, shift) of a step whose operand `side` is the value, the other `k`."""
    one, zero = np.ones_like(k), np.zeros_like(k)
    if kind == "mul":
        return k, zero
    if kind == "div":
        with np.errstate(all="ignore"):
            return one / k, zero
    if kind == "add":
        return one, k
    return (one, -k) if side == 0 else (-one, k)


def affine_step(call: Call, op: Op | None) -> tuple[str, Array, Array] | None:
    """(source, factor, shift) if `op` is factor · source + shift, else None."""
    if op is None or op.name != "octet.binary" or \
            {"clamp_min", "clamp_max"} & op.attributes.keys():
        return None
    kind, shape = op.kind(), op.result_types[0].shape
    if kind not in ("add", "mul", "div", "sub"):
        return None
    channels = shape[-1] if shape else 1
    for side in (0, 1):
        by = call.graph.definitions.get(op.operands[1 - side])
        if by is None or by.name != "arith.constant" or \
                op.operand_types[side].shape != shape or (side, kind) == (1, "div"):
            continue
        k = call.values[op.operands[1 - side]].array
        if k.size != 1 and (k.size != channels or k.shape[-1] != channels):
            return None
        k = np.broadcast_to(k.reshape(-1).astype(np.float64), channels)
        factor, shift = affine(kind, side, k)
        usable = np.isfinite(factor).all() and factor.all() and \
            np.isfinite(shift).all()
        return (op.operands[side], factor, shift) if usable else None
    return None


def normalization(call: Call) -> tuple[Array, Any, Any] | None:
    """(source, factor, shift) of the steps in front of a qcast.

    They are numbers for each channel; QS-3 makes them part of it. None if there are
    none.
    """
    name = call.op.operands[0]
    factor: Any = 1.0
    shift: Any = 0.0
    while step := affine_step(call, call.graph.definitions.get(name)):
        name, by, plus = step
        shift = shift + factor * plus
        factor = factor * by
    if name == call.op.operands[0]:
        return None
    return call.values[name].array, factor, shift


def by_table(call: Call, q: Array, tensor: Type, function: Any) -> Array:
    """QS-9: `function` of what each of the 256 integers stands for.

    It is evaluated in double, rounded to f32 and quantized by QS-3.
    """
    scale, zero = scale_of(tensor)
    least, most = storage_bounds(tensor)
    x = (scale * f32(np.arange(least, most + 1) - zero)).astype(np.float64)
    out_scale, out_zero = call.result_scale()
    low, high = storage_bounds(call.result)
    table = numerics.quantize(f32(function(x)), F32(0), out_scale, low - out_zero,
                              high - out_zero, out_zero)
    entries: Array = table[integers(q) - least]
    return entries
