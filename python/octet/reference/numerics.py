"""The numerics contract (docs/QuantSpec.md) in NumPy, written from its text alone.

Integers are int64, so nothing wraps; what must stay within 32 bits is checked.
Floats are float32 arrays, and each operation on them rounds once, to nearest even,
as NumPy's do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .mlir_types import Array

F32 = np.float32
STORAGE = {"u8": (0, 255), "i8": (-128, 127)}
Number = float | np.generic


def f32(x: npt.ArrayLike) -> Array:
    """`x` as float32, rounded to nearest even."""
    return np.asarray(x, F32)


def integers(array: npt.ArrayLike) -> Array:
    """`array` as int64, in which nothing below wraps."""
    return np.asarray(array).astype(np.int64)


def centred(array: Array, zero: int) -> Array:
    """f32(q - z): how many steps of the scale a stored integer is from zero (QS-1)."""
    return f32(integers(array) - zero)


def rne(x: Any) -> Any:
    """Round to nearest, halves to even."""
    return np.rint(x)


def clamp(x: Any, low: Any = None, high: Any = None) -> Any:
    """min(max(x, low), high).

    A NaN stays one, and so does a zero its sign where a bound is zero too.
    """
    real = x.dtype.type
    if low is not None:
        x = np.where(x < real(low), real(low), x)
    if high is not None:
        x = np.where(x > real(high), real(high), x)
    return x


def fma(a: Array, b: Array, c: npt.ArrayLike) -> Array:
    """The sum a · b + c, rounded once to f32.

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
        total: Array = s.astype(F32)
        return total


# Sums and extremes (QS-12) ----------------------------------------------------------


def by_lanes(terms: Array, combine: Callable[[Array, Array], Array]) -> Array:
    """QS-12: the terms along the first axis, combined in 16 lanes and a tree."""
    lanes = np.array(terms[:16], F32)
    for start in range(16, len(terms), 16):
        row = terms[start:start + 16]
        lanes[:len(row)] = combine(lanes[:len(row)], row)
    for apart in (8, 4, 2, 1):
        pairs = max(0, min(apart, len(lanes) - apart))
        lanes[:pairs] = combine(lanes[:pairs], lanes[apart:apart + pairs])
    found: Array = lanes[0]
    return found


def sum_terms(terms: Array) -> Array:
    """QS-12: the sum over the first axis."""
    return by_lanes(terms, np.add)


def sum_along(x: Array, axis: int) -> Array:
    """QS-12: the sums along `axis`, which keeps a size of 1."""
    return np.expand_dims(sum_terms(np.moveaxis(x, axis, 0)), axis)


def sum_windows(x: Array, axis: int, kernel: int, stride: int,
                dilation: int) -> Array:
    """The sums of all windows along `axis`."""
    x = np.moveaxis(x, axis, 0)
    count = (len(x) - (kernel - 1) * dilation - 1) // stride + 1
    taps = [x[k * dilation:][:(count - 1) * stride + 1:stride]
            for k in range(kernel)]
    return np.moveaxis(sum_terms(np.stack(taps)), 0, axis)


def larger(found: Array, term: Array, sign: int = 1) -> Array:
    """The larger of two values, of equal ones the first, NaN if one of them is.

    It is the smaller with a `sign` of -1.
    """
    return np.where((term * sign > found * sign) | np.isnan(term), term, found)


def largest(terms: Array, sign: int = 1) -> Array:
    """The largest value over the first axis, taken in order.

    It is NaN if there is one; the smallest with a `sign` of -1.
    """
    found: Array = np.full(terms.shape[1:], -np.inf * sign, terms.dtype)
    for term in terms:
        found = larger(found, term, sign)
    return found


def extreme_along(x: Array, axis: int, sign: int = 1) -> Array:
    """QS-12: the largest values along `axis`, which keeps a size of 1, in lanes."""
    found = by_lanes(np.moveaxis(x, axis, 0), lambda a, b: larger(a, b, sign))
    return np.expand_dims(found, axis)


# Quantization -----------------------------------------------------------------------


def to_i32(acc: Array) -> Array:
    """`acc` unchanged; QS-11 promises that it fits."""
    if np.abs(acc).max(initial=0) >= 2 ** 31:
        raise OverflowError("an accumulator leaves 32 bits")
    return acc


def quantize(x: npt.ArrayLike, offset: npt.ArrayLike, divisor: npt.ArrayLike,
             low: Any, high: Any, zero_point: Any) -> Array:
    """QS-3."""
    with np.errstate(all="ignore"):
        scaled = (f32(x) - f32(offset)) / f32(divisor)
    q = rne(clamp(scaled, low, high)).astype(F32)
    stored: Array = integers(np.where(np.isnan(q), 0, q)) + zero_point
    return stored


def store(x: Array, low: Any, high: Any, zero_point: int) -> Array:
    """The last steps of QS-5 to QS-8: f32 in real steps to a stored integer."""
    return integers(rne(clamp(x, low, high))) + zero_point


# Contractions -----------------------------------------------------------------------


def padded(x: Array, pads: Sequence[int], value: Any) -> Array:
    """[N, H, W, C] with `value` around its rows and columns."""
    top, left, bottom, right = pads
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)),
                  constant_values=value)


def windows(x: Array, kernel: Sequence[int], strides: Sequence[int],
            dilations: Sequence[int]) -> Array:
    """[N, OH, OW, KH, KW, C] from [N, H, W, C], without a copy."""
    (n, h, w, c), (kh, kw) = x.shape, kernel
    (sy, sx), (dy, dx) = strides, dilations
    oh = (h - (kh - 1) * dy - 1) // sy + 1
    ow = (w - (kw - 1) * dx - 1) // sx + 1
    a, b, d, e = x.strides
    return np.lib.stride_tricks.as_strided(
        x, (n, oh, ow, kh, kw, c), (a, b * sy, d * sx, b * dy, d * dx, e),
        writeable=False)


def grouped(x: Array, weights: Array, strides: Sequence[int], dilations: Sequence[int],
            groups: int) -> tuple[Array, Array, tuple[int, ...]]:
    """Two matrices for each group whose product is the convolution.

    Returns
    -------
    rows : [G, N·OH·OW, KH·KW·I]
    columns : [G, KH·KW·I, O / G]
        Terms in ascending (kh, kw, i).
    shape : [N, OH, OW]
    """
    o, kh, kw, i = weights.shape
    taken = windows(x, (kh, kw), strides, dilations)
    shape = taken.shape[:3]
    rows = taken.reshape(-1, kh * kw, groups, i).transpose(2, 0, 1, 3)
    columns = weights.reshape(groups, o // groups, kh * kw * i).transpose(0, 2, 1)
    return rows.reshape(groups, -1, kh * kw * i), columns, shape


def ungrouped(result: Array, shape: tuple[int, ...]) -> Array:
    """[G, N·OH·OW, O / G] as [N, OH, OW, O]."""
    return result.transpose(1, 0, 2).reshape(*shape, -1)


def integer_contraction(x: Array, weights: Array, bias: Array, strides: Sequence[int],
                        dilations: Sequence[int], groups: int) -> Array:
    """QS-5: b[o] + Σ q · w. Sums below 2^53 are exact in f64."""
    rows, columns, shape = grouped(x.astype(np.float64), weights.astype(np.float64),
                                   strides, dilations, groups)
    acc = integers(ungrouped(np.matmul(rows, columns), shape))
    return to_i32(acc + bias)


def float_contraction(x: Array, weights: Array, bias: Array | None,
                      strides: Sequence[int], dilations: Sequence[int],
                      groups: int) -> Array:
    """QS-12: one chain of fma for each output that starts from the bias."""
    rows, columns, shape = grouped(f32(x), f32(weights), strides, dilations, groups)
    start = f32(0) if bias is None else f32(bias).reshape(groups, 1, -1)
    acc = np.broadcast_to(start, (groups, rows.shape[1], columns.shape[2]))
    for k in range(rows.shape[2]):
        acc = fma(rows[:, :, k, None], columns[:, None, k], acc)
    return ungrouped(acc, shape)


def float_matmul(lhs: Array, rhs: Array, bias: Array | None) -> Array:
    """QS-12 for two computed matrices [..., M, K] and [..., K, N]."""
    acc = np.zeros((*np.broadcast_shapes(lhs.shape[:-2], rhs.shape[:-2]),
                    lhs.shape[-2], rhs.shape[-1]), F32)
    acc = acc + (f32(bias) if bias is not None else F32(0))
    for k in range(lhs.shape[-1]):
        acc = fma(lhs[..., :, k, None], rhs[..., None, k, :], acc)
    return acc
