"""What each operation computes: one function each, see `interpreter.py`."""

import functools
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


def normalization(call):
    """(source, factor, shift) of the steps in front of a qcast, as numbers for
    each channel: QS-3 makes them part of it. None if there are none."""
    name, steps = call.op.operands[0], []
    channels = call.op.operand_types[0].shape[-1:] or (1,)
    while True:
        op = call.graph.definitions.get(name)
        kind = kind_of_binary(op)
        if kind is None or op.get("clamp_min") is not None or op.get(
                "clamp_max") is not None:
            break
        by = call.graph.definitions.get(op.operands[1])
        if by is None or by.name != "arith.constant" or \
                op.operand_types[0].shape != op.result_types[0].shape:
            break
        k = call.values[op.operands[1]].array
        if k.size != 1 and (k.size,) != channels or \
                k.size != 1 and k.shape[-1] != k.size:
            break
        k = k.reshape(-1).astype(np.float64)
        if kind in ("mul", "div") and not (np.isfinite(k) & (k != 0)).all():
            break
        steps.append((kind, k))
        name = op.operands[0]
    if not steps:
        return None
    factor, shift = np.ones(channels), np.zeros(channels)
    for kind, k in steps:  # y = factor · step(x) + shift, the last step first
        if kind in ("add", "sub"):
            shift = shift + factor * (k if kind == "add" else -k)
        else:
            factor = factor * k if kind == "mul" else factor / k
    return call.values[name].array, factor, shift


# Contractions ---------------------------------------------------------------


def padded(x, pads, value):
    top, left, bottom, right = pads
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)),
                  constant_values=value)


@operation("octet.integer_conv2d")
def integer_conv2d(call, *operands):
    (x, filter, bias, multiplier, low, high, zero, residual, residual_multiplier,
     residual_zero) = call.segments(operands, 10)
    acc = numerics.integer_contraction(
        integers(x), integers(filter), integers(bias), call.get("strides", [1, 1]),
        call.get("dilations", [1, 1]), call.get("groups", 1))
    steps = f32(acc) * f32(multiplier)
    if residual is not None:
        steps = steps + centred(residual, int(residual_zero)) * f32(
            residual_multiplier)
    return numerics.store(steps, low, high, int(zero))


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
    return integers(numerics.rne(f32(bias) / product))


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
    padded_x = padded(x, call.get("pads", [0] * 4), least)
    return functools.reduce(np.maximum, pool_windows(call, padded_x))


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
        return numerics.accumulate(pool_windows(call, padded(x, pads, 0))) / f32(
            divisor)
    (s_in, z_in), (s_out, _) = map(call.scale, (call.operand_types[0],
                                                call.result))
    acc = (pool_windows(call, padded(integers(x), pads, z_in)) - z_in).sum(0)
    return call.stored(f32(numerics.to_i32(acc)) * (s_in / (s_out * f32(divisor))))


@operation("octet.integer_avg_pool2d")
def integer_avg_pool2d(call, x, zero_in, multiplier, low, high, zero):
    acc = (pool_windows(call, integers(x)) - int(zero_in)).sum(0)
    steps = f32(numerics.to_i32(acc)) * multiplier[None, ..., None]
    return numerics.store(steps, low, high, int(zero))


@operation("octet.reduce_mean")
def reduce_mean(call, x):
    axes = call.get("axes")
    kept = [d for d in range(x.ndim) if d not in axes]
    terms = x.transpose(*axes, *kept).reshape(-1, *(x.shape[d] for d in kept))
    mean = numerics.accumulate(terms) / F32(len(terms))
    return np.expand_dims(mean, tuple(axes))


@operation("octet.softmax")
def softmax(call, x):
    x = np.moveaxis(x, call.get("axis"), 0)
    with np.errstate(all="ignore"):
        e = np.exp(x - x.max(0))
        return np.moveaxis(e / numerics.accumulate(e), 0, call.get("axis"))


# Elementwise ----------------------------------------------------------------

BINARY = {f"octet.{k}": k for k in ("add", "sub", "mul", "div")}


def kind_of_binary(op):
    if op is None:
        return None
    return kind_of(op) if op.name == "octet.binary" else BINARY.get(op.name)


@operation("octet.integer_add")
def integer_add(call, a, zero_a, by_a, b, zero_b, by_b, low, high, zero):
    steps = centred(a, int(zero_a)) * f32(by_a) + centred(b, int(zero_b)) * f32(
        by_b)
    return numerics.store(steps, low, high, int(zero))


@operation("octet.integer_mul")
def integer_mul(call, a, zero_a, b, zero_b, multiplier, low, high, zero):
    steps = centred(a, int(zero_a)) * centred(b, int(zero_b)) * f32(multiplier)
    return numerics.store(steps, low, high, int(zero))


@operation("octet.binary", *BINARY)
def binary(call, a, b):
    kind = kind_of_binary(call.op)
    if not call.scale(call.result):
        with np.errstate(all="ignore"):
            return call.clamped({"add": np.add, "sub": np.subtract,
                                 "mul": np.multiply, "div": np.divide}[kind](a, b))
    (s_a, z_a), (s_b, z_b) = map(call.scale, call.operand_types)
    s_out, _ = call.scale(call.result)
    a, b = centred(a, z_a), centred(b, z_b)
    if kind == "mul":
        return call.stored(a * b * (s_a * s_b / s_out))
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


@operation("octet.activation", "octet.unary")
def unary(call, x):
    kind = kind_of(call.op)
    alpha, beta = {"hard_swish": (F32(1 / 6), 0.5),
                   "hard_sigmoid": (F32(0.2), 0.5),
                   "leaky_relu": (F32(0.01), 0)}.get(kind, (0, 0))
    alpha, beta = F32(call.get("alpha", alpha)), F32(call.get("beta", beta))
    if not call.scale(call.result):
        return numerics.activation(kind, x, alpha, beta)
    return by_table(call, x, call.operand_types[0],
                    lambda v: numerics.activation(kind, v, alpha, beta))


@operation("octet.clamp")
def clamp(call, x):
    if not call.scale(call.result):
        return call.clamped(x)

    def function(v):
        if call.get("clamp_min") is not None:
            v = np.maximum(v, float(F32(call.get("clamp_min"))))
        if call.get("clamp_max") is not None:
            v = np.minimum(v, float(F32(call.get("clamp_max"))))
        return v
    return by_table(call, x, call.operand_types[0], function)


@operation("octet.cast")
def cast(call, x):
    dtype = call.result.dtype()
    if dtype.kind == "f":
        return x.astype(dtype)
    info = np.iinfo(dtype)
    return np.clip(np.trunc(x.astype(np.float64)), info.min, info.max).astype(dtype)


# Movement (QS-10) -----------------------------------------------------------


@operation("octet.reshape")
def reshape(call, x):
    return x.reshape(call.result.shape)


@operation("octet.copy")
def copy(call, x):
    return x


@operation("octet.transpose")
def transpose(call, x):
    return x.transpose(call.get("permutation"))


@operation("octet.slice")
def slice_(call, x):
    return x[np.ix_(*(offset + stride * np.arange(size)
                      for offset, size, stride in zip(*(
                          call.get(a) for a in ("offsets", "sizes", "strides")))))]


@operation("octet.pad")
def pad(call, x):
    value = F32(call.get("value", 0))
    found = call.scale(call.operand_types[0])
    if found:  # in real units, which the scale represents
        value = int(numerics.rne(value / found[0])) + found[1]
    return np.pad(x, list(zip(call.get("low"), call.get("high"))),
                  constant_values=value if x.dtype == F32 else int(value))


@operation("octet.concat")
def concat(call, *inputs):
    if call.scale(call.result):
        inputs = [x if call.scale(t) == call.scale(call.result) else
                  by_table(call, x, t, lambda v: v)
                  for x, t in zip(inputs, call.operand_types)]
    return np.concatenate(inputs, call.get("axis"))
