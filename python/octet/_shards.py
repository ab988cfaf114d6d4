"""Samples in files of bounded size, for the compiler to calibrate with."""

from __future__ import annotations

import contextlib
import dataclasses
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import errors
from ._samples import Array, Samples, refuse_not_finite
from .data import Batches

BYTES = 256 << 20
"""Of inputs in one file, if one sample has no more."""
SENT_BYTES = 32 << 20
"""The same at least where files are sent to other machines; and at most `SENT_MORE`
times as much, since each takes the time to compile the model."""
SENT_MORE = 4
WEIGHED = 16
"""Samples that calibration weighs methods with, spread evenly over all."""


@dataclasses.dataclass(frozen=True)
class Shard:
    """Some samples in a file."""

    path: Path
    first: int
    count: int


class Shards:
    """The samples of `batches` in ``.npz`` files, to be iterated over once.

    Where the number of samples is not known ahead, all files are needed to the end,
    since any sample may be one that is weighed.

    Parameters
    ----------
    batches : Batches
        One file has as many samples as one of them at most. NaN and infinities are
        refused.
    folder : path

    Attributes
    ----------
    samples : int
        How many there were so far.
    are_zero : bool
        Whether all inputs were 0 throughout.
    """

    def __init__(self, batches: Batches, folder: Path) -> None:
        self._batches, self._folder = batches, folder
        self._shards: list[Shard] = []
        self.samples = 0
        self.are_zero = True
        # What is weighed, and which samples these are, if that is known.
        self._chosen: list[dict[str, Array]] = []
        self._wanted = (set(weighed(batches.samples)) if batches.samples is not None
                        else None)
        self._shared: dict[str, Array] = {}

    def __iter__(self) -> Iterator[Shard]:
        pieces: list[dict[str, Array]] = []
        capacity, held = self._batches.most or 1, 0
        for batch in self._batches:
            refuse_not_finite(batch.samples, batch.first)
            self.are_zero &= not any(a.any() for a in batch.inputs.values())
            self._keep_shared(batch.samples)
            low, count = 0, batch.samples.count
            while low < count:
                high = min(count, low + capacity - held)
                piece = self._copied(batch.take(low, high).samples)
                self._choose(piece, batch.first + low, high - low)
                pieces.append(piece)
                held, low = held + high - low, high
                if held == capacity:
                    yield self._written(pieces, held)
                    pieces, held = [], 0
        if pieces:
            yield self._written(pieces, held)

    def _keep_shared(self, samples: Samples) -> None:
        if not self._shared:
            self._shared = {name: np.array(a) for name, a in samples.arrays.items()
                            if samples.is_shared(name)}

    def _copied(self, samples: Samples) -> dict[str, Array]:
        """Loaders may write the next batch where this one is."""
        return {name: np.array(a) for name, a in samples.stacked().items()
                if name not in self._shared}

    def _choose(self, piece: Mapping[str, Array], first: int, count: int) -> None:
        if self._wanted is not None:
            self._chosen += [{name: a[i:i + 1].copy() for name, a in piece.items()}
                             for i in range(count) if first + i in self._wanted]

    def _written(self, pieces: Sequence[Mapping[str, Array]], count: int) -> Shard:
        shard = Shard(self._folder / f"shard{self.number}.npz", self.samples, count)
        self._write(shard.path, pieces)
        self._shards.append(shard)
        self.samples += count
        return shard

    @property
    def number(self) -> int:
        """How many files there were so far."""
        return len(self._shards)

    def release(self, shard: Shard) -> None:
        """Removes a file that was read, if nothing in it can be needed again."""
        if self._wanted is not None:
            shard.path.unlink()

    def _write(self, path: Path, pieces: Sequence[Mapping[str, Array]]) -> None:
        write_npz(path, {**{name: [a] for name, a in self._shared.items()},
                         **{name: [p[name] for p in pieces] for name in pieces[0]}})

    def write_chosen(self, path: Path) -> None:
        """Writes the samples that a single run would weigh, once all were iterated."""
        chosen = self._chosen
        if self._wanted is None:
            wanted = weighed(self.samples)
            for shard in self._shards:
                own = [i - shard.first for i in wanted
                       if shard.first <= i < shard.first + shard.count]
                if own:
                    with np.load(shard.path) as arrays:
                        chosen.append({name: arrays[name][own] for name in arrays
                                       if name not in self._shared})
        self._write(path, chosen)


def weighed(samples: int) -> list[int]:
    """The numbers of the samples that a run over `samples` weighs."""
    count = min(WEIGHED, samples)
    return [i * samples // count for i in range(count)]


def write_npz(path: Path, arrays: Mapping[str, Sequence[Array]]) -> None:
    """Writes an ``.npz`` file of arrays that are given in parts, along dimension 0.

    Unlike `numpy.savez` it takes any name and joins nothing in memory.
    """
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
            for name, parts in arrays.items():
                with file.open(f"{name}.npy", "w", force_zip64=True) as member:
                    _write_array(member, parts)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise errors.CannotWrite(
            f"{path}: cannot be written: {error.strerror or error}; set TMPDIR to a "
            "folder with more room", file=str(path)) from error


def _write_array(member: Any, parts: Sequence[Array]) -> None:
    first = parts[0]
    shape = (first.shape if len(parts) == 1
             else (sum(len(p) for p in parts), *first.shape[1:]))
    np.lib.format.write_array_header_2_0(member, {
        "descr": np.lib.format.dtype_to_descr(first.dtype), "fortran_order": False,
        "shape": shape})
    for part in parts:
        member.write(np.ascontiguousarray(part).data)
