"""Operations on elements by themselves (QS-6, QS-8, QS-9, QS-18, QS-21, QS-22)."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import functions, numerics
from .graph import Call, UnknownOperation, operation
from .mlir_types import Array, MlirError
from .numerics import F32, centred, f32
from .scales import by_table


@operation("octet.integer_add")
def integer_add(call: Call, a: Array, zero_a: Array, by_a: Array, b: Array,
                zero_b: Array, by_b: Array, low: Array, high: Array,
                zero: Array) -> Array:
    """QS-6, with the numbers that the compiler found."""
    steps = centred(a, int(zero_a)) * f32(by_a) + centred(b, int(zero_b)) * f32(by_b)
    return numerics.store(steps, low, high, int(zero))


@operation("octet.integer_extreme")
def integer_extreme(call: Call, a: Array, zero_a: Array, by_a: Array, b: Array,
                    zero_b: Array, by_b: Array, low: Array, high: Array,
                    zero: Array) -> Array:
    """QS-21, with the numbers that the compiler found."""
    extreme = np.minimum if call.get("smaller", None) is not None else np.maximum
    return numerics.store(extreme(centred(a, int(zero_a)) * f32(by_a),
                                  centred(b, int(zero_b)) * f32(by_b)),
                          low, high, int(zero))


@operation("octet.integer_mul")
def integer_mul(call: Call, a: Array, zero_a: Array, b: Array, zero_b: Array,
                multiplier: Array, low: Array, high: Array, zero: Array) -> Array:
    """QS-8, with the numbers that the compiler found."""
    steps = centred(a, int(zero_a)) * centred(b, int(zero_b)) * f32(multiplier)
    return numerics.store(steps, low, high, int(zero))


@operation("octet.binary")
def binary(call: Call, a: Array, b: Array) -> Array:
    """QS-6, QS-8 and QS-21 on quantized types; on others NumPy's own, and QS-22."""
    kind = call.kind(functions.BINARIES)
    if not call.is_quantized():
        return call.clamped(functions.binary(kind, a, b))
    (s_a, z_a), (s_b, z_b) = call.operand_scale(0), call.operand_scale(1)
    s_out, _ = call.result_scale()
    a, b = centred(a, z_a), centred(b, z_b)
    if kind == "mul":
        return call.stored(a * b * (s_a * s_b / s_out))
    if kind in ("max", "min"):
        extreme = np.maximum if kind == "max" else np.minimum
        return call.stored(extreme(a * (s_a / s_out), b * (s_b / s_out)))
    if kind not in ("add", "sub"):
        raise UnknownOperation(call.op, f"an integer form of '{kind}'")
    return call.stored(a * (s_a / s_out) +
                       b * ((s_b if kind == "add" else -s_b) / s_out))


@operation("octet.lookup")
def lookup(call: Call, x: Array, table: Array) -> Array:
    """QS-9, with the table that the compiler made."""
    entries: Array = table[x.view(np.uint8)]
    return entries


@operation("octet.unary")
def unary(call: Call, x: Array) -> Array:
    """A function of f32 (QS-13), or a table of it (QS-9)."""
    kind = call.kind(functions.KINDS)
    alpha, beta = (F32(call.get(a, 0)) for a in ("alpha", "beta"))
    if not call.is_quantized():
        return functions.activation(kind, x, alpha, beta)
    return by_table(call, x, call.operand_types[0],
                    lambda v: functions.activation(kind, v, alpha, beta))


@operation("octet.map")
def map_body(call: Call, x: Array) -> Array:
    """A function that is a chain of operations, of f32 or as a table (QS-9)."""
    (name,), _, body = call.op.regions[0]

    def evaluate(v: Array) -> Array:
        values: dict[str, Any] = {name: v}
        for op in body:
            operands = [values[o] for o in op.operands]
            if op.name == "octet.yield":
                return np.broadcast_to(operands[0], v.shape)
            if op.name == "arith.constant":
                values[op.results[0]] = v.dtype.type(F32(op.get("value")))
                continue
            if op.name not in functions.STEPS:
                raise UnknownOperation(call.op, f"'{op.name}' of 'octet.map'")
            values[op.results[0]] = functions.scalar(op.name, operands,
                                                     op.get("predicate"))
        raise MlirError("a body without octet.yield")

    if not call.is_quantized():
        return evaluate(f32(x))
    return by_table(call, x, call.operand_types[0], evaluate)


@operation("octet.clamp")
def clamp(call: Call, x: Array) -> Array:
    """min(max(x, clamp_min), clamp_max), or a table of it (QS-9)."""
    if not call.is_quantized():
        return call.clamped(x)
    low, high = (call.get(a) if call.get(a) is None else F32(call.get(a))
                 for a in ("clamp_min", "clamp_max"))
    return by_table(call, x, call.operand_types[0],
                    lambda v: numerics.clamp(v, low, high))


@operation("octet.integer_prelu")
def integer_prelu(call: Call, x: Array, zero_in: Array, positive: Array,
                  negative: Array, low: Array, high: Array, zero: Array) -> Array:
    """QS-18, with the numbers that the compiler found."""
    steps = centred(x, int(zero_in))
    factor = np.where(steps < 0, f32(negative), f32(positive))
    return numerics.store(steps * factor, low, high, int(zero))


@operation("octet.prelu")
def prelu(call: Call, x: Array, slope: Array) -> Array:
    """QS-18."""
    if not call.is_quantized():
        return np.where(x < 0, x * slope, x)
    scale, zero = call.operand_scale()
    steps = centred(x, zero)
    positive = scale / call.result_scale()[0]
    return call.stored(steps * np.where(steps < 0, slope * positive, positive))


@operation("octet.cast")
def cast(call: Call, x: Array) -> Array:
    """Floats to integers truncate and saturate; integers keep their low bits."""
    dtype = call.result.dtype()
    if dtype == np.bool_:
        differs: Array = x != 0
        return differs
    if dtype.kind == "f" or x.dtype.kind != "f":
        return x.astype(dtype)
    info = np.iinfo(dtype)
    x = np.trunc(np.where(np.isnan(x), 0, x).astype(np.float64))
    above, below = x >= float(info.max), x <= float(info.min)
    inside = np.where(above | below, 0, x).astype(dtype)
    return np.where(above, info.max, np.where(below, info.min, inside)).astype(dtype)
