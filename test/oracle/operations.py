"""What each operation computes: one function each, see `interpreter.py`."""

import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import numerics  # noqa: E402
from graph import kind_of, operation  # noqa: E402
from mlir_text import MlirError  # noqa: E402
from numerics import F32, f32  # noqa: E402


def integers(array):
    return array.astype(np.int64)


def centred(array, zero):
    return f32(integers(array) - zero)


# Constants and borders ------------------------------------------------------


@operation("arith.constant")
def constant(call):
    value = call.get("value")
    if isinstance(value, np.ndarray):
        return value
    return np.array(value, call.result.dtype())


@operation("octet.quantize")
def quantize(call, x, offset, divisor, low, high, zero_point):
    x = x.transpose(call.get("permutation", range(x.ndim)))
    return numerics.quantize(x, offset, divisor, low, high, int(zero_point))


@operation("octet.dequantize")
def dequantize(call, q, scale, zero_point):
    return f32(scale) * centred(q, int(zero_point))


@operation("quant.dcast")
def dcast(call, q):
    scale, zero = call.scale(call.operand_types[0])
    return scale * centred(q, zero)


@operation("quant.qcast")
def qcast(call, x):
    scales, zeros, axis = call.result.quantization()
    if axis is not None:  # weights, QS-4
        shape = [-1 if d == axis else 1 for d in range(x.ndim)]
        return numerics.quantize(x, F32(0), scales.reshape(shape), -127, 127,
                                 zeros.reshape(shape))
    offset, divisor = F32(0), scales[0]
    found = normalization(call)
    if found:
        x, factor, shift = found
        offset = f32(-shift / factor)
        divisor = f32(np.float64(scales[0]) / factor)
    least, most = numerics.STORAGE[call.result.storage()]
    zero = int(zeros[0])
    return numerics.quantize(x, offset, divisor, least - zero, most - zero, zero)


def affine_step(call, op):
    """(source, factor, shift) if `op` is factor · source + shift, else None."""
    if op is None or op.name != "octet.binary" or \
            {"clamp_min", "clamp_max"} & op.attributes.keys():
        return None
    kind, shape = kind_of(op), op.result_types[0].shape
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
        one = np.ones(channels)
        with np.errstate(all="ignore"):
            factor, shift = {
                "add": lambda: (one, k), "mul": lambda: (k, 0 * one),
                "div": lambda: (one / k, 0 * one),
                "sub": lambda: (one, -k) if side == 0 else (-one, k)}[kind]()
        usable = np.isfinite(factor).all() and factor.all() and \
            np.isfinite(shift).all()
        return (op.operands[side], factor, shift) if usable else None
    return None


def normalization(call):
    """(source, factor, shift) of the steps in front of a qcast, as numbers for
    each channel: QS-3 makes them part of it. None if there are none."""
    name, factor, shift = call.op.operands[0], 1.0, 0.0
    while step := affine_step(call, call.graph.definitions.get(name)):
        name, by, plus = step
        shift = shift + factor * plus
        factor = factor * by
    if name == call.op.operands[0]:
        return None
    return call.values[name].array, factor, shift


# Contractions ---------------------------------------------------------------


def padded(x, pads, value):
    top, left, bottom, right = pads
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)),
                  constant_values=value)


@operation("octet.integer_conv2d")
def integer_conv2d(call, *operands):
    (x, filter, bias, multiplier, low, high, zero, residual, residual_multiplier,
     residual_zero, table) = call.segments(operands, 11)
    acc = numerics.integer_contraction(
        integers(x), integers(filter), integers(bias), call.get("strides", [1, 1]),
        call.get("dilations", [1, 1]), call.get("groups", 1))
    steps = f32(acc) * f32(multiplier)
    if residual is not None:
        steps = steps + centred(residual, int(residual_zero)) * f32(
            residual_multiplier)
    q = numerics.store(steps, low, high, int(zero))
    return q if table is None else table[q & 255]  # the byte's bits


@operation("octet.conv2d")
def conv2d(call, *operands):
    x, filter, bias, residual = call.segments(operands, 4)
    x_type, filter_type, _, residual_type = call.types(4)
    strides, dilations = (call.get(a, [1, 1]) for a in ("strides", "dilations"))
    pads, groups = call.get("pads", [0] * 4), call.get("groups", 1)
    if not call.scale(x_type):
        y = numerics.float_contraction(padded(x, pads, 0), filter, bias, strides,
                                       dilations, groups)
        return call.clamped(y if residual is None else y + residual)
    s_in, z_in = call.scale(x_type)
    s_out, _ = call.scale(call.result)
    product = s_in * filter_type.quantization()[0]
    filter = integers(filter)
    b = -z_in * filter.reshape(len(filter), -1).sum(1)
    if bias is not None:
        b = b + bias_steps(bias, product)
    acc = numerics.integer_contraction(integers(padded(x, pads, z_in)), filter,
                                       numerics.to_i32(b), strides, dilations,
                                       groups)
    steps = f32(acc) * (product / s_out)
    if residual is not None:
        s, z = call.scale(residual_type)
        steps = steps + centred(residual, z) * (s / s_out)
    return call.stored(steps)


def bias_steps(bias, product):
    """QS-5: rne(bias[o] / (s_in · s_w[o]))."""
    return integers(numerics.rne(bias.astype(np.float64) / product))


@operation("octet.matmul")
def matmul(call, *operands):
    return numerics.float_matmul(*call.segments(operands, 3))


# Pools and reductions -------------------------------------------------------


def pool_windows(call, x):
    """[KH·KW, N, OH, OW, C]."""
    taken = numerics.windows(x, call.get("kernel"), call.get("strides", [1, 1]),
                             call.get("dilations", [1, 1]))
    n, oh, ow, kh, kw, c = taken.shape
    return taken.transpose(3, 4, 0, 1, 2, 5).reshape(kh * kw, n, oh, ow, c)


@operation("octet.max_pool2d")
def max_pool2d(call, x):
    least = -np.inf if x.dtype == F32 else np.iinfo(x.dtype).min
    windows = pool_windows(call, padded(x, call.get("pads", [0] * 4), least))
    return numerics.largest(windows) if x.dtype == F32 else windows.max(0)


@operation("octet.avg_pool2d")
def avg_pool2d(call, *operands):
    x, divisor = call.segments(operands, 2)
    pads = call.get("pads", [0] * 4)
    if divisor is None:
        inside = np.ones((1, *x.shape[1:3], 1), np.float32)
        around = 1 if call.get("count_include_pad", False) else 0
        divisor = pool_windows(call, padded(inside, pads, around)).sum(0)[0]
    else:
        divisor = divisor[..., None]
    if not call.scale(call.operand_types[0]):
        sums = padded(x, pads, 0)
        for d in (1, 0):
            sums = numerics.sum_windows(sums, d + 1, *(
                call.get(a, [1, 1])[d] for a in ("kernel", "strides", "dilations")))
        return sums / f32(divisor)
    (s_in, z_in), (s_out, _) = map(call.scale, (call.operand_types[0],
                                                call.result))
    acc = (pool_windows(call, padded(integers(x), pads, z_in)) - z_in).sum(0)
    return call.stored(f32(numerics.to_i32(acc)) * (s_in / (s_out * f32(divisor))))


@operation("octet.integer_avg_pool2d")
def integer_avg_pool2d(call, x, zero_in, multiplier, low, high, zero):
    acc = (pool_windows(call, integers(x)) - int(zero_in)).sum(0)
    steps = f32(numerics.to_i32(acc)) * multiplier[None, ..., None]
    return numerics.store(steps, low, high, int(zero))


@operation("octet.reduce")
def reduce(call, x):
    kind, axes = kind_of(call.op), call.get("axes")
    count = np.prod([x.shape[d] for d in axes], dtype=np.float64)
    if kind in ("max", "min"):
        kept = [d for d in range(x.ndim) if d not in axes]
        terms = x.transpose(*axes, *kept).reshape(-1, *(x.shape[d] for d in kept))
        extreme = numerics.largest(terms, 1 if kind == "max" else -1)
        return np.expand_dims(extreme, tuple(axes)) if axes else x
    for axis in reversed(axes):
        x = numerics.sum_along(x, axis)
    return {"sum": x, "mean": x / F32(count)}[kind]


@operation("octet.softmax")
def softmax(call, x):
    axis = call.get("axis")
    with np.errstate(all="ignore"):
        e = np.exp(x - x.max(axis, keepdims=True))
        return e / numerics.sum_along(e, axis)


# Elementwise ----------------------------------------------------------------


@operation("octet.integer_add")
def integer_add(call, a, zero_a, by_a, b, zero_b, by_b, low, high, zero):
    steps = centred(a, int(zero_a)) * f32(by_a) + centred(b, int(zero_b)) * f32(
        by_b)
    return numerics.store(steps, low, high, int(zero))


@operation("octet.integer_extreme")
def integer_extreme(call, a, zero_a, by_a, b, zero_b, by_b, low, high, zero):
    steps = np.minimum if call.get("smaller", None) is not None else np.maximum
    return numerics.store(steps(centred(a, int(zero_a)) * f32(by_a),
                                centred(b, int(zero_b)) * f32(by_b)),
                          low, high, int(zero))


@operation("octet.integer_mul")
def integer_mul(call, a, zero_a, b, zero_b, multiplier, low, high, zero):
    steps = centred(a, int(zero_a)) * centred(b, int(zero_b)) * f32(multiplier)
    return numerics.store(steps, low, high, int(zero))


def divided(a, b):
    """Integers, truncated toward zero; 0 where that is not defined."""
    undefined = b == 0
    if a.dtype.kind == "i":
        undefined |= (a == np.iinfo(a.dtype).min) & (b == -1)
    b = np.where(undefined, 1, b).astype(a.dtype)
    quotient = a // b
    quotient += ((a % b != 0) & ((a < 0) != (b < 0))).astype(a.dtype)
    return np.where(undefined, 0, quotient).astype(a.dtype)


@operation("octet.binary")
def binary(call, a, b):
    kind = kind_of(call.op)
    if not call.scale(call.result):
        if kind == "div" and a.dtype.kind != "f":
            return divided(a, b)
        with np.errstate(all="ignore"):
            return call.clamped({"add": np.add, "sub": np.subtract,
                                 "mul": np.multiply, "div": np.divide,
                                 "max": np.maximum, "min": np.minimum,
                                 "pow": np.power}[kind](a, b))
    (s_a, z_a), (s_b, z_b) = map(call.scale, call.operand_types)
    s_out, _ = call.scale(call.result)
    a, b = centred(a, z_a), centred(b, z_b)
    if kind == "mul":
        return call.stored(a * b * (s_a * s_b / s_out))
    if kind in ("max", "min"):
        extreme = np.maximum if kind == "max" else np.minimum
        return call.stored(extreme(a * (s_a / s_out), b * (s_b / s_out)))
    if kind not in ("add", "sub"):
        raise MlirError(f"line {call.op.line}: no integer form of {kind}")
    return call.stored(a * (s_a / s_out) +
                       b * ((s_b if kind == "add" else -s_b) / s_out))


@operation("octet.lookup")
def lookup(call, x, table):
    return table[x.view(np.uint8)]


def by_table(call, q, type, function):
    """QS-9: the function of what each of the 256 integers stands for, evaluated
    in double, rounded to f32, quantized by QS-3."""
    scale, zero = call.scale(type)
    least, most = numerics.STORAGE[type.storage()]
    x = (scale * f32(np.arange(least, most + 1) - zero)).astype(np.float64)
    out_scale, out_zero = call.scale(call.result)
    low, high = numerics.STORAGE[call.result.storage()]
    table = numerics.quantize(f32(function(x)), F32(0), out_scale, low - out_zero,
                              high - out_zero, out_zero)
    return table[integers(q) - least]


@operation("octet.unary")
def unary(call, x):
    kind = kind_of(call.op)
    alpha, beta = (F32(call.get(a, 0)) for a in ("alpha", "beta"))
    if not call.scale(call.result):
        return numerics.activation(kind, x, alpha, beta)
    return by_table(call, x, call.operand_types[0],
                    lambda v: numerics.activation(kind, v, alpha, beta))


@operation("octet.map")
def map_body(call, x):
    (name,), _, body = call.op.regions[0]

    def evaluate(v):
        values = {name: v}
        for op in body:
            operands = [values[o] for o in op.operands]
            if op.name == "octet.yield":
                return np.broadcast_to(operands[0], v.shape)
            if op.name == "arith.constant":
                values[op.results[0]] = v.dtype.type(F32(op.get("value")))
                continue
            values[op.results[0]] = numerics.scalar(op.name, operands,
                                                    op.get("predicate"))
        raise MlirError("a body without octet.yield")

    if not call.scale(call.result):
        return evaluate(f32(x))
    return by_table(call, x, call.operand_types[0], evaluate)


@operation("octet.clamp")
def clamp(call, x):
    if not call.scale(call.result):
        return call.clamped(x)

    low, high = (call.get(a) if call.get(a) is None else F32(call.get(a))
                 for a in ("clamp_min", "clamp_max"))
    return by_table(call, x, call.operand_types[0],
                    lambda v: numerics.clamp(v, low, high))


@operation("octet.integer_prelu")
def integer_prelu(call, x, zero_in, positive, negative, low, high, zero):
    steps = centred(x, int(zero_in))
    factor = np.where(steps < 0, f32(negative), f32(positive))
    return numerics.store(steps * factor, low, high, int(zero))


@operation("octet.prelu")
def prelu(call, x, slope):
    if not call.scale(call.result):
        return np.where(x < 0, x * slope, x)
    scale, zero = call.scale(call.operand_types[0])
    steps = centred(x, zero)
    positive = scale / call.scale(call.result)[0]
    return call.stored(steps * np.where(steps < 0, slope * positive, positive))


@operation("octet.cast")
def cast(call, x):
    dtype = call.result.dtype()
    if dtype == np.bool_:
        return x != 0
    if dtype.kind == "f" or x.dtype.kind != "f":
        return x.astype(dtype)
    info = np.iinfo(dtype)
    x = np.trunc(np.where(np.isnan(x), 0, x).astype(np.float64))
    above, below = x >= float(info.max), x <= float(info.min)
    inside = np.where(above | below, 0, x).astype(dtype)
    return np.where(above, info.max, np.where(below, info.min, inside)).astype(dtype)
