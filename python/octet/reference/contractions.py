"""Convolutions, matrix products, pools and reductions (QS-5, QS-7, QS-12)."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from . import numerics
from .graph import Call, has_scale, operation, scale_of
from .mlir_types import Array, MlirError
from .numerics import F32, centred, f32, integers, padded


@operation("octet.integer_conv2d")
def integer_conv2d(call: Call, *operands: Array) -> Array:
    """QS-5, with the numbers that the compiler found."""
    (x, weights, bias, multiplier, low, high, zero, residual, residual_multiplier,
     residual_zero, table) = call.segments(operands, 11)
    acc = numerics.integer_contraction(
        integers(x), integers(weights), integers(bias), call.get("strides", [1, 1]),
        call.get("dilations", [1, 1]), call.get("groups", 1))
    steps = f32(acc) * f32(multiplier)
    if residual is not None:
        steps = steps + centred(residual, int(residual_zero)) * f32(
            residual_multiplier)
    q = numerics.store(steps, low, high, int(zero))
    if table is not None:
        q = table[q & 255]  # by the byte's bits
    return q


@operation("octet.conv2d")
def conv2d(call: Call, *operands: Array) -> Array:
    """QS-5 on quantized types, QS-12 on f32."""
    x, weights, bias, residual = call.segments(operands, 4)
    x_type, _, _, residual_type = call.segments(call.operand_types, 4)
    strides, dilations = (call.get(a, [1, 1]) for a in ("strides", "dilations"))
    pads, groups = call.get("pads", [0] * 4), call.get("groups", 1)
    if not has_scale(x_type):
        y = numerics.float_contraction(padded(x, pads, 0), weights, bias, strides,
                                       dilations, groups)
        return call.clamped(y if residual is None else y + residual)
    _, z_in = scale_of(x_type)
    b = bias_of(call, weights, bias)
    acc = numerics.integer_contraction(integers(padded(x, pads, z_in)),
                                       integers(weights), b, strides, dilations, groups)
    s_out, _ = call.result_scale()
    steps = f32(acc) * (scale_products(call) / s_out)
    if residual is not None:
        s, z = scale_of(residual_type)
        steps = steps + centred(residual, z) * (s / s_out)
    return call.stored(steps)


def scale_products(call: Call) -> Array:
    """QS-5: s_in · s_w[o] of a quantized convolution, in f32."""
    s_in, _ = call.operand_scale(0)
    found = call.operand_types[1].quantization()
    if found is None:
        raise MlirError(f"line {call.op.line}: weights without scales")
    products: Array = s_in * found[0]
    return products


def bias_of(call: Call, weights: Array, bias: Array | None) -> Array:
    """QS-5: b[o] = rne(bias[o] / (s_in · s_w[o])) - z_in · Σ w, in i32."""
    _, z_in = call.operand_scale(0)
    b: Any = -z_in * integers(weights).reshape(len(weights), -1).sum(1)
    if bias is not None:
        b = b + integers(numerics.rne(bias.astype(np.float64) / scale_products(call)))
    return numerics.to_i32(b)


@operation("octet.matmul")
def matmul(call: Call, *operands: Array) -> Array:
    """QS-12: the product of two computed matrices."""
    lhs, rhs, bias = call.segments(operands, 3)
    return numerics.float_matmul(lhs, rhs, bias)


# Pools ------------------------------------------------------------------------------


def pool_windows(call: Call, x: Array) -> Array:
    """[KH·KW, N, OH, OW, C]."""
    taken = numerics.windows(x, call.get("kernel"), call.get("strides", [1, 1]),
                             call.get("dilations", [1, 1]))
    n, oh, ow, kh, kw, c = taken.shape
    return taken.transpose(3, 4, 0, 1, 2, 5).reshape(kh * kw, n, oh, ow, c)


@operation("octet.max_pool2d")
def max_pool2d(call: Call, x: Array) -> Array:
    """QS-10: the largest element of each window; padding is never it."""
    least = -np.inf if x.dtype == F32 else np.iinfo(x.dtype).min
    taken = pool_windows(call, padded(x, call.get("pads", [0] * 4), least))
    if x.dtype == F32:
        return numerics.largest(taken)
    found: Array = taken.max(0)
    return found


@operation("octet.avg_pool2d")
def avg_pool2d(call: Call, *operands: Array) -> Array:
    """QS-7 on quantized types, QS-12 on f32."""
    x, divisor = call.segments(operands, 2)
    pads = call.get("pads", [0] * 4)
    if divisor is None:
        inside = np.ones((1, *x.shape[1:3], 1), np.float32)
        around = 1 if call.get("count_include_pad", False) else 0
        divisor = pool_windows(call, padded(inside, pads, around)).sum(0)[0]
    else:
        divisor = divisor[..., None]
    if not has_scale(call.operand_types[0]):
        sums = padded(x, pads, 0)
        for d in (1, 0):
            kernel, stride, dilation = (call.get(a, [1, 1])[d] for a in (
                "kernel", "strides", "dilations"))
            sums = numerics.sum_windows(sums, d + 1, kernel, stride, dilation)
        return sums / f32(divisor)
    (s_in, z_in), (s_out, _) = call.operand_scale(), call.result_scale()
    acc = (pool_windows(call, padded(integers(x), pads, z_in)) - z_in).sum(0)
    return call.stored(f32(numerics.to_i32(acc)) * (s_in / (s_out * f32(divisor))))


@operation("octet.integer_avg_pool2d")
def integer_avg_pool2d(call: Call, x: Array, zero_in: Array, multiplier: Array,
                       low: Array, high: Array, zero: Array) -> Array:
    """QS-7, with the numbers that the compiler found."""
    acc = (pool_windows(call, integers(x)) - int(zero_in)).sum(0)
    steps = f32(numerics.to_i32(acc)) * multiplier[None, ..., None]
    return numerics.store(steps, low, high, int(zero))


# Reductions -------------------------------------------------------------------------

REDUCTIONS = ("sum", "mean", "prod", "max", "min")


@operation("octet.reduce")
def reduce(call: Call, x: Array) -> Array:
    """QS-12: sums along one axis after another, the last one first."""
    kind, axes = call.kind(REDUCTIONS), call.get("axes")
    if x.dtype != F32:
        whole: Any = {"sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min}
        result: Array = whole[kind](x, tuple(axes), keepdims=True).astype(x.dtype)
        return result
    if kind in ("sum", "mean"):
        count = np.prod([x.shape[d] for d in axes], dtype=np.float64)
        for axis in reversed(axes):
            x = numerics.sum_along(x, axis)
        return x / F32(count) if kind == "mean" else x
    sign = -1 if kind == "min" else 1
    if kind != "prod" and x.ndim - 1 in axes:
        x = numerics.extreme_along(x, x.ndim - 1, sign)
    kept = [d for d in range(x.ndim) if d not in axes]
    terms = x.transpose(*axes, *kept).reshape(-1, *(x.shape[d] for d in kept))
    if kind == "prod":
        one = np.ones(terms.shape[1:], F32)
        with np.errstate(all="ignore"):
            found = functools.reduce(np.multiply, terms, one)
    else:
        found = numerics.largest(terms, sign)
    return found.reshape([1 if d in axes else size for d, size in enumerate(x.shape)])


@operation("octet.layer_norm")
def layer_norm(call: Call, x: Array, *parameters: Array) -> Array:
    """QS-23: the steps of a normalization along the last dimension."""
    _, scale, shift = call.segments((x, *parameters), 3)

    def mean(values: Array) -> Array:
        sums = numerics.sum_along(values, values.ndim - 1)
        found: Array = sums / F32(values.shape[-1])
        return found
    with np.errstate(all="ignore"):
        centered = x if call.get("rms") is not None else x - mean(x)
        variance = mean(centered * centered)
        y: Array = centered * (F32(1) / np.sqrt(variance + F32(call.get("epsilon"))))
        if scale is not None:
            y = y * scale
        return y if shift is None else y + shift


@operation("octet.softmax")
def softmax(call: Call, x: Array) -> Array:
    """exp(x - max) / Σ exp(x - max), the sum as QS-12 says."""
    axis = call.get("axis")
    with np.errstate(all="ignore"):
        e = np.exp(x - x.max(axis, keepdims=True))
        y: Array = e / numerics.sum_along(e, axis)
        return y
