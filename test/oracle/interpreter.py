"""An oracle of graphs: interprets the IR behind `simplify`, `quantize` and
`fold-scales` as docs/QuantSpec.md says, sharing nothing with the compiler.

    octet-opt --mlir-print-op-generic g.mlir | interpreter.py

runs each function without arguments and prints its results, for tests;
`run_graph` is for Python. Results equal compiled programs' to the byte, but for
what lies behind exp and tanh (QS-13), see `Value.slack`.

A new operation needs a function with `@operation("octet.name")`. It is given the
`Op`, whose attributes it reads by name with the documented defaults, and its
operands as arrays (None for one that is absent). An array of quantized type holds
the stored integers.
"""

import dataclasses
import functools
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import mlir_text  # noqa: E402
import numerics  # noqa: E402
from mlir_text import MlirError  # noqa: E402
from numerics import F32, f32  # noqa: E402

EXACT, ROUNDED, REQUANTIZED = range(3)
HANDLERS = {}


@dataclasses.dataclass
class Value:
    """An array and how far it may be from a program's. EXACT: not at all.
    ROUNDED: exp or tanh is behind it, a few units in the last place. REQUANTIZED:
    a value like that was rounded to 8 bits since, which may turn by one step."""
    array: np.ndarray
    slack: int = EXACT

    def difference(self, actual):
        """None if `actual` is as close as `slack` demands, else a sentence."""
        expected = self.array
        if actual.shape != expected.shape or actual.dtype != expected.dtype:
            return f"{actual.dtype}{list(actual.shape)}, not " \
                   f"{expected.dtype}{list(expected.shape)}"
        if self.slack == EXACT:
            if actual.tobytes() == expected.tobytes():
                return None
            bits = np.dtype(f"u{expected.itemsize}")
            wrong = np.flatnonzero(actual.view(bits) != expected.view(bits))
            at = np.unravel_index(wrong[0], expected.shape)
            return (f"{wrong.size} of {actual.size} values differ, first at "
                    f"{[int(i) for i in at]}: {actual[at]!r}, not {expected[at]!r}")
        signal = np.square(expected, dtype=np.float64).sum()
        noise = np.square(np.subtract(actual, expected, dtype=np.float64)).sum()
        # 100 dB are 1e-5 of the values: MLIR's exp is good to a few 1e-7.
        bound = 1e-10 if self.slack == ROUNDED else 1e-3
        if noise <= bound * signal:
            return None
        return f"noise is {noise / signal:.2g} of the signal"


def operation(*names):
    def register(handler):
        for name in names:
            HANDLERS[name] = handler
        return handler
    return register


class Graph:
    """One function."""

    def __init__(self, function):
        self.arguments, _, self.ops = function.regions[0]
        self.definitions = {r: op for op in self.ops for r in op.results}
        self.names = [a.get("octet.name") for a in function.get("arg_attrs", [])]
        self.result_names = [a.get("octet.name")
                             for a in function.get("res_attrs", [])]

    def run(self, inputs):
        values = dict(zip(self.arguments, (Value(x) for x in inputs)))
        for op in self.ops:
            operands = [values[o] for o in op.operands]
            if op.name == "func.return":
                return operands
            if op.name not in HANDLERS:
                raise MlirError(f"line {op.line}: the oracle does not know "
                                f"'{op.name}'")
            arrays = [o.array for o in operands]
            try:
                result = HANDLERS[op.name](Call(self, op, values), *arrays)
            except OverflowError as error:
                raise OverflowError(f"line {op.line}: {op.name}: {error}") from None
            if not isinstance(result, tuple):
                result = (result,)
            slack = self.slack(op, operands)
            for name, type, array in zip(op.results, op.result_types, result):
                values[name] = self.checked(op, type, array, slack)
        raise MlirError("a function without func.return")

    @staticmethod
    def slack(op, operands):
        slack = max((o.slack for o in operands), default=EXACT)
        approximate = op.name == "octet.softmax" or kind_of(op) in (
            "sigmoid", "tanh")
        if approximate and op.result_types[0].element == "f32":
            slack = max(slack, ROUNDED)
        if slack == ROUNDED and op.result_types[0].storage():
            slack = REQUANTIZED
        return slack

    @staticmethod
    def checked(op, type, array, slack):
        if type.shape is not None and tuple(array.shape) != type.shape:
            raise MlirError(f"line {op.line}: {op.name} gives {array.shape}, "
                            f"not {type.shape}")
        storage = type.storage()
        if storage:
            low, high = numerics.STORAGE[storage]
            if array.size and not (low <= array.min() and array.max() <= high):
                raise OverflowError(f"line {op.line}: {op.name} leaves {storage}")
            array = array.astype({"u8": np.uint8, "i8": np.int8}[storage])
        return Value(array, slack)


def kind_of(op):
    kind = op.get("kind", "")
    return kind if isinstance(kind, str) else ""


class Call:
    """What a handler sees of the operation."""

    def __init__(self, graph, op, values):
        self.graph, self.op, self.values = graph, op, values
        self.get = op.get
        self.result = op.result_types[0]
        self.operand_types = op.operand_types

    def segments(self, operands, count):
        """`operands` with None for each of `count` that is absent."""
        sizes = self.get("operandSegmentSizes") or self.get(
            "operand_segment_sizes")
        if sizes is None:
            return list(operands) + [None] * (count - len(operands))
        rest = iter(operands)
        return [next(rest) if size else None for size in sizes]

    def types(self, count):
        return self.segments(self.operand_types, count)

    def scale(self, type):
        """(scale, zero point) of a per-tensor type, or None."""
        found = type.quantization() if type else None
        if not found or found[2] is not None:
            return None
        return found[0][0], int(found[1][0])

    def bounds(self):
        """Bounds of the result relative to its zero point (QS-5)."""
        scale, zero = self.scale(self.result)
        least, most = numerics.STORAGE[self.result.storage()]
        low, high = f32(least - zero), f32(most - zero)
        least, most = low, high
        # A clamp is min(max(x, clamp_min), clamp_max): the second bound wins.
        if self.get("clamp_min") is not None:
            low = np.clip(numerics.rne(F32(self.get("clamp_min")) / scale),
                          least, most)
        if self.get("clamp_max") is not None:
            high = np.clip(numerics.rne(F32(self.get("clamp_max")) / scale),
                           least, most)
        return low, high

    def clamped(self, x):
        """`x`, f32, after an attached clamp; a NaN stays one."""
        if self.get("clamp_min") is not None:
            x = np.maximum(x, F32(self.get("clamp_min")))
        if self.get("clamp_max") is not None:
            x = np.minimum(x, F32(self.get("clamp_max")))
        return x

    def stored(self, x):
        """`x`, in steps of the result's scale, as what is stored."""
        return numerics.store(x, *self.bounds(), self.scale(self.result)[1])


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


# Programs -------------------------------------------------------------------


def run_graph(text, data):
    """Interprets `main` of a module in generic form on arrays by name, with any
    number of samples along a first dimension that is symbolic: {name: Value}."""
    graph = Graph(mlir_text.functions(text)["main"])
    block = mlir_text.functions(text)["main"].regions[0][1]
    steps = [t.shape[0] for t in block]
    count = len(data[graph.names[0]]) // steps[0]
    runs = [graph.run([data[n][i * s:(i + 1) * s]
                       for n, s in zip(graph.names, steps)]) for i in range(count)]
    return {name: Value(np.concatenate([r[k].array for r in runs]),
                        max(r[k].slack for r in runs))
            for k, name in enumerate(graph.result_names)}


def main():
    for name, function in mlir_text.functions(sys.stdin.read()).items():
        for value in Graph(function).run([]):
            print(f"{name}: {value.array.tolist()}")


if __name__ == "__main__":
    main()
