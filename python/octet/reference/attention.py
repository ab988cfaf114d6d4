"""Attention in tiles of keys (QS-14)."""

from __future__ import annotations

import numpy as np

from . import numerics
from .graph import Call, operation
from .mlir_types import Array
from .numerics import F32

# Keys whose scores are weighed at a time.
TILE = 64


def chain(total: Array, left: Array, right: Array) -> Array:
    """Adds left[..., i, k] · right[..., k, j] to total[..., i, j], term after term."""
    for term in range(left.shape[-1]):
        total = numerics.fma(left[..., term, None], right[..., term, None, :], total)
    return total


def attend(query: Array, key: Array, value: Array, mask: Array | None, scale: float,
           causal: int | None) -> Array:
    """Each query's mean of values, weighed by its scores.

    Parameters
    ----------
    query : array of f32, [batch, heads, queries, size]
    key : array of f32, [batch, shared heads, keys, size]
    value : array of f32, [batch, shared heads, keys, width]
    mask : array of f32 that broadcasts to [batch, heads, queries, keys], or None
        Is added to scores.
    scale : float
        Multiplies scores.
    causal : int or None
        Query i sees keys up to i + causal.

    Returns
    -------
    array of f32, [batch, heads, queries, width]
    """
    shared = query.shape[1] // key.shape[1]
    key, value = np.repeat(key, shared, axis=1), np.repeat(value, shared, axis=1)
    rows, keys = query.shape[:3], key.shape[2]
    largest = np.full(rows, -np.inf, F32)
    total = np.zeros(rows, F32)
    result = np.zeros((*rows, value.shape[-1]), F32)
    places = np.arange(keys) - np.arange(rows[2])[:, None]
    with np.errstate(all="ignore"):
        for at in range(0, keys, TILE):
            tile = slice(at, min(at + TILE, keys))
            scores = chain(np.zeros((*rows, tile.stop - at), F32), query,
                           np.swapaxes(key[:, :, tile], 2, 3)) * F32(scale)
            if mask is not None:
                scores = scores + (mask if mask.shape[3] == 1 else mask[..., tile])
            if causal is not None:
                scores = np.where(places[:, tile] <= causal, scores, F32(-np.inf))
            old, largest = largest, np.maximum(largest, scores.max(-1))
            most = np.where(largest == -np.inf, F32(0), largest)
            factor = np.exp(old - most)
            weights = np.exp(scores - most[..., None])
            total = total * factor + numerics.sum_along(weights, 3)[..., 0]
            result = chain(result * factor[..., None], weights, value[:, :, tile])
        quotient: Array = result / total[..., None] + F32(0)
        return quotient


@operation("octet.attention")
def attention(call: Call, query: Array, key: Array, value: Array,
              mask: Array | None = None) -> Array:
    """QS-14."""
    return attend(query, key, value, mask, call.get("scale"), call.get("causal", None))
