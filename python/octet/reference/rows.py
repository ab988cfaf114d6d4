"""Linear layers of rows that are quantized at run time (QS-15)."""

from __future__ import annotations

import numpy as np

from .graph import Call, operation
from .mlir_types import Array
from .numerics import F32, f32, fma, integers


@operation("octet.dynamic_quantize")
def dynamic_quantize(call: Call, x: Array) -> tuple[Array, Array, Array]:
    """Integers, scale and zero point of each row along the last dimension."""
    low = np.minimum(x.min(-1, initial=0), F32(0))
    high = np.maximum(x.max(-1, initial=0), F32(0))
    with np.errstate(all="ignore"):
        scale = high / F32(255) - low / F32(255)
        scale = np.where(scale < F32(1e-30), F32(1), scale)
        inverse = F32(1) / scale
        zero = np.minimum(np.nan_to_num(-low * inverse, nan=0.0), F32(255))
        steps = np.nan_to_num(x * inverse[..., None], nan=0.0)
    zero_point = np.rint(zero).astype(np.int32)
    q = np.rint(steps).astype(np.int64) + zero_point[..., None]
    return np.clip(q, 0, 255), f32(scale), zero_point


@operation("octet.integer_linear")
def integer_linear(call: Call, *operands: Array) -> Array:
    """A linear layer of such rows; its result is f32."""
    (q, weights, sums, multiplier, scale, zero_point, bias,
     residual) = call.segments(operands, 8)
    w = integers(weights).reshape(len(weights), -1)
    acc = integers(q) @ w.T
    acc = acc - integers(zero_point)[..., None] * integers(sums)
    y = f32(acc) * f32(multiplier)
    if bias is None:
        y = y * scale[..., None]
    else:
        scales, shifts = np.broadcast_arrays(scale[..., None], bias, y)[:2]
        y = fma(y, scales, shifts)
    if residual is not None:
        y = y + residual
    return call.clamped(y)
