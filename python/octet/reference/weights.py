"""Weights in 8 bits, and the scales that are chosen for them (QS-4)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import BadData, RefusedOptions
from . import numerics
from .mlir_types import Array
from .numerics import F32, f32

LARGEST = 127
FEWEST_STEPS = 32
PROBE = 32
SMALLEST_SCALE = F32(1e-30)
BIAS_LIMIT = F32(2 ** 30)


def quantize_array(weights: npt.ArrayLike, scale: npt.ArrayLike | None = None, *,
                   axis: int = 0) -> npt.NDArray[np.int8]:
    """Weights as signed 8-bit integers: ``(w / s_w).round().clip(-127, 127)`` (QS-4).

    Parameters
    ----------
    weights : array of any shape
        Real numbers, which are rounded to float32 first.
    scale : float or array [channels], optional
        One for all, or one for each channel along `axis`; in real units for one
        step. Without it, what `weight_scales` says.
    axis : int
        The dimension of output channels: 0 for ``[O, I, kh, kw]``, 1 for ``[in, out]``.

    Returns
    -------
    array of int8, like `weights`
        Halves are rounded to even. NaN gives 0.

    Raises
    ------
    BadData
        `weights` are no numbers.
    RefusedOptions
        `scale` or `axis` do not fit `weights`.
    """
    w = _numbers(weights)
    if scale is None:
        scale = weight_scales(w, axis=axis)
    s = f32(scale)
    if not (np.isfinite(s).all() and (s > 0).all()):
        raise RefusedOptions("a scale is not positive and finite; give real units for "
                             "one step, such as octet.reference.weight_scales(w)")
    if s.ndim:
        channels = _along(w, axis).shape[0]
        if s.shape != (channels,):
            raise RefusedOptions(f"scales have shape {list(s.shape)}; give one number, "
                                 f"or {channels} for the channels along axis {axis}")
        s = s.reshape([-1 if d == axis % w.ndim else 1 for d in range(w.ndim)])
    return numerics.quantize(w, F32(0), s, -LARGEST, LARGEST, 0).astype(np.int8)


def weight_scales(weights: npt.ArrayLike, *, axis: int = 0,
                  bias: npt.ArrayLike | None = None,
                  input_scale: float | None = None) -> npt.NDArray[np.float32]:
    """The scale of each output channel, as the compiler chooses it (QS-4).

    That is ``max|w| / k``. `k` is 127 but for weights on a coarser grid, such as those
    of a network that was quantized before.

    Parameters
    ----------
    weights : array of any shape
        Real numbers.
    axis : int
        The dimension of output channels.
    bias : array [channels], optional
    input_scale : float, optional
        With both, scales are enlarged where the bias would not fit 30 bits.

    Returns
    -------
    array [channels] of float32
        Real units for one step; 1 for a channel of zeros.

    Raises
    ------
    BadData
        `weights` are no finite numbers.
    RefusedOptions
        `axis` is none of theirs, or `bias` does not fit.
    """
    w = _numbers(weights)
    if not np.isfinite(w).all():
        raise BadData("weights hold NaN or infinity; give finite numbers")
    channels = _along(w, axis)
    if channels.ndim > 2:
        # Where the order counts it is that of a convolution's sum: (kh, kw, i).
        channels = np.moveaxis(channels, 1, -1)
    rows = channels.reshape(len(channels), -1)
    largest = np.abs(rows).max(1, initial=0).astype(F32)
    scales = largest / F32(LARGEST)
    probe = rows[:, :PROBE]
    suspicious = 0.5 * _rounding_errors(probe, scales)
    best = _rounding_errors(rows, scales)
    for steps in range(LARGEST - 1, FEWEST_STEPS - 1, -1):
        candidates = largest / F32(steps)
        # A few weights tell that most channels are not worth a closer look.
        close = np.flatnonzero((scales >= SMALLEST_SCALE) & (
            _rounding_errors(probe, candidates) <= suspicious))
        errors = _rounding_errors(rows[close], candidates[close])
        better = close[errors < best[close]]
        best[better] = errors[errors < best[close]]
        scales[better] = candidates[better]
    if bias is not None and input_scale is not None:
        b = np.abs(f32(bias))
        if b.shape != scales.shape:
            raise RefusedOptions(f"bias has shape {list(b.shape)}; give one number for "
                                 f"each of {len(scales)} channels")
        scales = np.maximum(scales, b / (F32(input_scale) * BIAS_LIMIT))
    return np.where(scales >= SMALLEST_SCALE, scales, F32(1))


def _rounding_errors(rows: Array, scales: Array) -> Array:
    """Σ (w - s · rne(w / s))² of each row, added up in order in f64."""
    s = scales[:, None]
    with np.errstate(all="ignore"):
        differences = (rows - s * np.rint(rows / s)).astype(np.float64)
    if not rows.shape[1]:
        return np.zeros(len(rows))
    sums: Array = np.cumsum(differences * differences, axis=1)[:, -1]
    return sums


def _numbers(weights: npt.ArrayLike) -> Array:
    w = np.asarray(weights)
    if w.dtype.kind not in "fiub":
        raise BadData(f"weights have the data type {w.dtype}; give real numbers")
    return f32(w)


def _along(weights: Array, axis: int) -> Array:
    """`weights` with `axis` in front."""
    if not -weights.ndim <= axis < weights.ndim:
        raise RefusedOptions(f"axis {axis} is none of weights of shape "
                             f"{list(weights.shape)}; give that of output channels")
    return np.moveaxis(weights, axis, 0)
