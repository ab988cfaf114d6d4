"""The numerics contract (docs/QuantSpec.md) in NumPy, written from its text alone.

Integers are int64, so nothing wraps; what must stay within 32 bits is checked.
Floats are float32 arrays, and each operation on them rounds once, to nearest even,
as NumPy's do.
"""

import math

import numpy as np

F32 = np.float32
STORAGE = {"u8": (0, 255), "i8": (-128, 127)}


def f32(x):
    return np.asarray(x, F32)


def rne(x):
    return np.rint(x)


def clamp(x, low=None, high=None):
    """A NaN stays one, and so does a zero its sign where a bound is zero too."""
    real = x.dtype.type
    if low is not None:
        x = np.where(x < real(low), real(low), x)
    if high is not None:
        x = np.where(x > real(high), real(high), x)
    return x


def fma(a, b, c):
    """a · b + c, rounded once to f32.

    The product is exact in f64. The sum is rounded to odd there (Boldo and
    Melquiond): rounding that to f32 is as good as rounding the exact value.
    """
    with np.errstate(all="ignore"):
        p = np.multiply(a, b, dtype=np.float64)
        c = np.asarray(c, np.float64)
        s = p + c
        # Only a sum whose low bits are zero may lie on a tie between two f32, and
        # only a small one can be subnormal there.
        near = ((s.view(np.uint64) & np.uint64(0x0FFFFFFF)) == 0) | (
            np.abs(s) < 2.0 ** -125)
        if near.any():
            p, c = np.broadcast_arrays(p, c)
            p, c, t = p[near], c[near], s[near]
            v = t - p
            error = (p - (t - v)) + (c - v)
            even = (t.view(np.uint64) & np.uint64(1)) == 0
            away = np.nextafter(t, np.where(error > 0, np.inf, -np.inf))
            s[near] = np.where((error != 0) & np.isfinite(error) & even, away, t)
        return s.astype(F32)


def sum_terms(terms):
    """QS-12: the sum over the first axis, by 16 lanes and a tree over them."""
    lanes = np.array(terms[:16], F32)
    for start in range(16, len(terms), 16):
        row = terms[start:start + 16]
        lanes[:len(row)] += row
    for apart in (8, 4, 2, 1):
        pairs = max(0, min(apart, len(lanes) - apart))
        lanes[:pairs] += lanes[apart:apart + pairs]
    return lanes[0]


def sum_along(x, axis):
    return np.expand_dims(sum_terms(np.moveaxis(x, axis, 0)), axis)


def sum_windows(x, axis, kernel, stride, dilation):
    """The sums of all windows along `axis`."""
    x = np.moveaxis(x, axis, 0)
    count = (len(x) - (kernel - 1) * dilation - 1) // stride + 1
    taps = [x[k * dilation:][:(count - 1) * stride + 1:stride]
            for k in range(kernel)]
    return np.moveaxis(sum_terms(np.stack(taps)), 0, axis)


def largest(terms, sign=1):
    """The largest value over the first axis, of equal ones the first; NaN if there
    is one. The smallest with a `sign` of -1."""
    found = np.full(terms.shape[1:], -np.inf * sign, terms.dtype)
    for term in terms:
        found = np.where((term * sign > found * sign) | np.isnan(term), term, found)
    return found


def to_i32(acc):
    """`acc` unchanged; QS-11 promises that it fits."""
    if np.abs(acc).max(initial=0) >= 2 ** 31:
        raise OverflowError("an accumulator leaves 32 bits")
    return acc


def quantize(x, offset, divisor, low, high, zero_point):
    """QS-3."""
    with np.errstate(all="ignore"):
        scaled = (f32(x) - f32(offset)) / f32(divisor)
    q = rne(clamp(scaled, low, high)).astype(F32)
    return np.where(np.isnan(q), 0, q).astype(np.int64) + zero_point


def store(x, low, high, zero_point):
    """The last steps of QS-5 to QS-8: f32 in real steps to a stored integer."""
    return rne(clamp(x, low, high)).astype(np.int64) + zero_point


def windows(x, kernel, strides, dilations):
    """[N, OH, OW, KH, KW, C] from [N, H, W, C], without a copy."""
    (n, h, w, c), (kh, kw) = x.shape, kernel
    (sy, sx), (dy, dx) = strides, dilations
    oh = (h - (kh - 1) * dy - 1) // sy + 1
    ow = (w - (kw - 1) * dx - 1) // sx + 1
    a, b, d, e = x.strides
    return np.lib.stride_tricks.as_strided(
        x, (n, oh, ow, kh, kw, c), (a, b * sy, d * sx, b * dy, d * dx, e),
        writeable=False)


def grouped(x, filter, strides, dilations, groups):
    """Rows [G, N·OH·OW, KH·KW·I] and columns [G, KH·KW·I, O / G] whose product is
    the convolution, and the shape [N, OH, OW]; terms in ascending (kh, kw, i)."""
    o, kh, kw, i = filter.shape
    taken = windows(x, (kh, kw), strides, dilations)
    shape = taken.shape[:3]
    rows = taken.reshape(-1, kh * kw, groups, i).transpose(2, 0, 1, 3)
    columns = filter.reshape(groups, o // groups, kh * kw * i).transpose(0, 2, 1)
    return rows.reshape(groups, -1, kh * kw * i), columns, shape


def ungrouped(result, shape):
    """[G, N·OH·OW, O / G] as [N, OH, OW, O]."""
    return result.transpose(1, 0, 2).reshape(*shape, -1)


def integer_contraction(x, filter, bias, strides, dilations, groups):
    """QS-5: b[o] + Σ q · w. Sums below 2^53 are exact in f64."""
    rows, columns, shape = grouped(x.astype(np.float64), filter.astype(np.float64),
                                   strides, dilations, groups)
    acc = ungrouped(np.matmul(rows, columns), shape).astype(np.int64)
    return to_i32(acc + bias)


def float_contraction(x, filter, bias, strides, dilations, groups):
    """QS-12: one chain of fma for each output that starts from the bias."""
    rows, columns, shape = grouped(f32(x), f32(filter), strides, dilations, groups)
    acc = np.broadcast_to(f32(bias).reshape(groups, 1, -1) if bias is not None
                          else F32(0), (groups, rows.shape[1], columns.shape[2]))
    for k in range(rows.shape[2]):
        acc = fma(rows[:, :, k, None], columns[:, None, k], acc)
    return ungrouped(acc, shape)


def float_matmul(lhs, rhs, bias):
    acc = np.zeros(np.broadcast_shapes(lhs.shape[:-2], rhs.shape[:-2]) +
                   (lhs.shape[-2], rhs.shape[-1]), F32)
    acc = acc + (f32(bias) if bias is not None else F32(0))
    for k in range(lhs.shape[-1]):
        acc = fma(lhs[..., :, k, None], rhs[..., None, k, :], acc)
    return acc


def erf(x):
    return np.vectorize(math.erf, [np.float64])(x).astype(x.dtype)


# Functions of octet.unary that are approximated in f32 (QS-13).
TRANSCENDENTAL = {"sigmoid": lambda x: 1 / (1 + np.exp(-x)), "tanh": np.tanh,
                  "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
                  "elu": np.expm1, "sin": np.sin, "atan": np.arctan,
                  "asinh": np.arcsinh, "exp": np.exp, "log": np.log, "selu": np.expm1,
                  "erf": erf}


def activation(kind, x, alpha, beta):
    """The functions of octet.unary in the precision of `x`."""
    real = x.dtype.type
    alpha, beta = real(alpha), real(beta)

    def hard_sigmoid():
        return clamp(alpha * x + beta, 0, 1)
    with np.errstate(all="ignore"):
        return {"leaky_relu": lambda: np.where(x < 0, alpha * x, x),
                **{name: lambda f=f: f(x) for name, f in TRANSCENDENTAL.items()},
                "elu": lambda: np.where(x < 0, alpha * np.expm1(x), x),
                "selu": lambda: beta * np.where(x < 0, alpha * np.expm1(x), x),
                "softsign": lambda: x / (real(1) + np.abs(x)),
                "neg": lambda: -x,
                "relu": lambda: np.where(x > 0, x, 0 * x),
                "sqrt": lambda: np.sqrt(x),
                "abs": lambda: np.abs(x),
                "reciprocal": lambda: real(1) / x,
                "hard_sigmoid": hard_sigmoid,
                "hard_swish": lambda: x * hard_sigmoid()}[kind]()


COMPARISONS = {1: np.equal, 2: np.greater, 3: np.greater_equal, 4: np.less,
               5: np.less_equal}
SCALARS = {"arith.addf": np.add, "arith.subf": np.subtract,
           "arith.mulf": np.multiply, "arith.divf": np.divide,
           "arith.negf": np.negative, "arith.remf": np.fmod,
           "arith.maximumf": np.maximum, "arith.minimumf": np.minimum,
           "arith.select": np.where, "arith.andi": np.logical_and,
           "arith.ori": np.logical_or, "arith.xori": np.logical_xor,
           "math.absf": np.abs, "math.sqrt": np.sqrt, "math.exp": np.exp,
           "math.log": np.log, "math.expm1": np.expm1,
           "math.log1p": np.log1p, "math.powf": np.power, "math.atan": np.arctan,
           "math.asinh": np.arcsinh, "math.tanh": np.tanh, "math.sin": np.sin,
           "math.cos": np.cos, "math.erf": erf, "math.floor": np.floor, "math.ceil": np.ceil,
           "math.roundeven": np.rint, "math.copysign": np.copysign}
# What programs compute to a few units in the last place (QS-13).
APPROXIMATE = {f"math.{name}" for name in (
    "exp", "log", "expm1", "log1p", "powf", "tanh", "sin", "cos", "atan", "asinh", "erf")}


def scalar(name, operands, predicate):
    """One operation of a map's body in the precision of its operands."""
    with np.errstate(all="ignore"):
        if name == "arith.cmpf":
            unordered = np.isnan(operands[0]) | np.isnan(operands[1])
            if predicate in (7, 14):  # ord, uno
                return unordered == (predicate == 14)
            if predicate in (6, 13):  # one, une
                return (operands[0] != operands[1]) & (unordered <= (predicate == 13))
            ordered = COMPARISONS[predicate if predicate < 8 else predicate - 7]
            return (ordered(*operands) & ~unordered) | (unordered & (predicate > 7))
        return SCALARS[name](*operands)
