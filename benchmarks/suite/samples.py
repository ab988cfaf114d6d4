"""Inputs that nets of unknown purpose are calibrated and compared on."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]


def images(count: int, channels: int, size: int, seed: int,
           columns: int | None = None) -> npt.NDArray[np.float32]:
    """Pictures such as photographs are: the larger, the stronger.

    Parameters
    ----------
    count, channels, size : int
        The shape is [count, channels, size, columns or size].
    seed : int
        Others for another.

    Returns
    -------
    array of float32
        Amplitudes fall with the frequency; each picture has mean 0, variance 1.
    """
    rng = np.random.default_rng(seed)
    shape = (count, channels, size, columns or size)
    spectrum = np.fft.rfft2(rng.standard_normal(shape))
    rows = np.fft.fftfreq(shape[2])[:, None]
    frequency = np.hypot(rows, np.fft.rfftfreq(shape[3])[None])
    pictures = np.fft.irfft2(spectrum / np.maximum(frequency, 1 / max(shape[2:])),
                             s=shape[2:])
    pictures -= pictures.mean(axis=(1, 2, 3), keepdims=True)
    pictures /= pictures.std(axis=(1, 2, 3), keepdims=True)
    return pictures.astype(np.float32)


def make(shape: tuple[int, ...], dtype: np.dtype[np.generic], count: int,
         seed: int) -> Array:
    """Samples of an input: pictures where it may be one, else noise.

    Parameters
    ----------
    shape : tuple of int
        Of one sample.
    dtype : numpy.dtype
        Integers are 0 and 1, which index nearly everything; others are normally
        distributed.

    Returns
    -------
    array
        [count, *shape].
    """
    if dtype.kind == "f":
        if len(shape) >= 3 and min(shape[-2:]) >= 16:
            channels = math.prod(shape[:-2])
            made = images(count, channels, shape[-2], seed, shape[-1])
            return made.reshape(count, *shape).astype(dtype)
        rng = np.random.default_rng(seed)
        return rng.standard_normal((count, *shape)).astype(dtype)
    return np.random.default_rng(seed).integers(0, 2, (count, *shape)).astype(dtype)
