"""Operations that move, choose and mix elements (QS-10, QS-20)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from . import numerics
from .graph import Call, has_scale, operation, scale_of
from .mlir_types import Array
from .numerics import F32, centred, f32, integers, padded
from .scales import by_table

COMPARISONS: dict[str, Callable[..., Any]] = {
    "eq": np.equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal}
UPDATES: dict[str, Callable[..., Any]] = {
    "set": lambda old, new: new, "add": np.add, "mul": np.multiply, "max": np.maximum,
    "min": np.minimum}

# Movement (QS-10) -----------------------------------------------------------


@operation("octet.reshape")
def reshape(call: Call, x: Array) -> Array:
    """QS-10: the same elements in row-major order."""
    return x.reshape(call.result.shape or ())


@operation("octet.copy")
def copy(call: Call, x: Array) -> Array:
    """QS-10: the elements as they are."""
    return x


@operation("octet.transpose")
def transpose(call: Call, x: Array) -> Array:
    """QS-10: dimension d of the result is dimension permutation[d]."""
    return x.transpose(call.get("permutation"))


@operation("octet.slice")
def slice_(call: Call, x: Array) -> Array:
    """QS-10: every stride-th element from an offset on."""
    taken: Array = x[np.ix_(*(offset + stride * np.arange(size)
                      for offset, size, stride in zip(*(
                          call.get(a) for a in ("offsets", "sizes", "strides")),
                          strict=True)))]
    return taken


@operation("octet.pad")
def pad(call: Call, x: Array) -> Array:
    """QS-10: `value` around the elements, in real units."""
    value: Any = F32(call.get("value", 0))
    if call.is_quantized():  # which the scale represents
        scale, zero = call.operand_scale()
        value = int(numerics.rne(value / scale)) + zero
    return np.pad(x, list(zip(call.get("low"), call.get("high"), strict=True)),
                  constant_values=value if x.dtype == F32 else int(value))


@operation("octet.border")
def border(call: Call, x: Array) -> Array:
    """QS-10: `value`, as it is stored, around rows and columns."""
    return padded(x, call.get("pads"), x.dtype.type(call.get("value")))


@operation("octet.concat")
def concat(call: Call, *inputs: Array) -> Array:
    """QS-10: an input of another scale is requantized by a table."""
    parts = list(inputs)
    if call.is_quantized():
        parts = [x if has_scale(t) and scale_of(t) == call.result_scale() else
                 by_table(call, x, t, lambda v: v)
                 for x, t in zip(inputs, call.operand_types, strict=True)]
    return np.concatenate(parts, call.get("axis"))


@operation("octet.broadcast")
def broadcast(call: Call, x: Array) -> Array:
    """QS-10: elements are repeated."""
    return np.broadcast_to(x, call.result.shape or ())


@operation("octet.gather")
def gather(call: Call, x: Array, indices: Array) -> Array:
    """QS-10: indices are moved inside; negative ones count from the end."""
    axis = call.get("axis")
    indices = np.where(indices < 0, indices + x.shape[axis], indices)
    taken: Array = np.take(x, np.clip(indices, 0, x.shape[axis] - 1), axis)
    return taken


# Weighted sums along a dimension (QS-20) -------------------------------------


def weighted_sum(call: Call, x: Array, sources: Array, weights: Array) -> Array:
    """Σ_t x_t · w_t, each product and each sum rounded once, in ascending t."""
    axis = call.get("axis")
    tail = (1,) * (x.ndim - axis - 1)
    parts = (np.take(x, np.clip(source, 0, x.shape[axis] - 1), axis) *
             weight.reshape(-1, *tail)
             for source, weight in zip(sources.T, f32(weights).T, strict=True))
    return functools.reduce(np.add, parts)


@operation("octet.resample")
def resample(call: Call, x: Array, sources: Array, weights: Array) -> Array:
    """QS-20."""
    if not call.is_quantized():
        return weighted_sum(call, x, sources, weights)
    scale, zero = call.operand_scale()
    ratio = scale / call.result_scale()[0]
    return call.stored(weighted_sum(call, centred(x, zero), sources,
                                    f32(weights) * ratio))


@operation("octet.integer_resample")
def integer_resample(call: Call, x: Array, zero_in: Array, sources: Array,
                     multipliers: Array, low: Array, high: Array,
                     zero: Array) -> Array:
    """QS-20, with the numbers that the compiler found."""
    total = weighted_sum(call, centred(x, int(zero_in)), sources, multipliers)
    return numerics.store(total, low, high, int(zero))


# Choices -------------------------------------------------------------------------


@operation("octet.compare")
def compare(call: Call, a: Array, b: Array) -> Array:
    """A truth value for each pair; with NaN all but `eq`'s opposite are false."""
    truth: Array = COMPARISONS[call.kind(COMPARISONS)](a, b)
    return truth


@operation("octet.select")
def select(call: Call, condition: Array, a: Array, b: Array) -> Array:
    """`a` where the condition holds, else `b`."""
    return np.where(condition, a, b)


# Places ---------------------------------------------------------------------


def places(shape: tuple[int, ...], indices: Array, batch: int) -> tuple[Array, ...]:
    """What `indices`, tuples along their last dimension, choose of `shape` (QS-10)."""
    own = np.indices(indices.shape[:-1])[:batch]
    chosen = [np.where(i < 0, i + size, i).clip(0, size - 1) for i, size in zip(
        np.moveaxis(indices, -1, 0), shape[batch:], strict=False)]
    return (*own, *chosen)


@operation("octet.gather_nd")
def gather_nd(call: Call, x: Array, indices: Array) -> Array:
    """QS-10: what tuples of indices choose."""
    taken: Array = x[places(x.shape, indices, call.get("batch_dims"))]
    return taken


@operation("octet.scatter")
def scatter(call: Call, x: Array, indices: Array, updates: Array) -> Array:
    """QS-10: updates are combined one after the other in row-major order."""
    combine = UPDATES[call.kind(UPDATES)]
    where = places(x.shape, indices, call.get("batch_dims"))
    x = x.copy()
    for position in np.ndindex(indices.shape[:-1]):
        at = tuple(w[position] for w in where)
        x[at] = combine(x[at], updates[position])
    return x


@operation("octet.top_indices")
def top_indices(call: Call, x: Array) -> Array:
    """QS-10: the places of the k largest or smallest elements; NaN is the largest."""
    axis = call.get("axis")
    key = integers(x) if x.dtype != F32 else np.nan_to_num(
        x.astype(np.float64), nan=5e38, posinf=4e38, neginf=-4e38)
    order = np.argsort(key if call.get("smallest", False) else -key, axis,
                       kind="stable")
    return integers(order.take(range(call.get("k")), axis))
