"""Finding the ranges of a model's values on data."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _driver, _shards
from ._arguments import number, thread_flags
from ._files import Named, temporary_folder
from ._progress import bar
from ._shards import Shard, Shards
from .compiler import Method, method_flags
from .data import Batches
from .model import Options, Shape, as_model
from .ranges import Ranges

if TYPE_CHECKING:
    import distributed

    from .model import ModelLike


def calibrate(model: ModelLike, data: Any, *,
              method: Method | None = None, percentile: float | None = None,
              min_sqnr: float | None = None,
              shapes: Mapping[str, Shape] | None = None,
              dims: Mapping[str, int] | None = None,
              outputs: str | Sequence[str] = (),
              limit: int | None = None, threads: int | None = None,
              cluster: distributed.Client | None = None,
              progress: bool | None = None) -> Ranges:
    """Finds the range of every value of a model, for `compile` to INT8.

    Data are read once and go through temporary files of some 256 MB in ``TMPDIR``.
    Where their number is not known ahead (a generator), all the files stay until the
    end: they need as much room as the inputs of all samples. The result is the bytes
    that ``octet calibrate`` writes. Histograms depend neither on the order of the data
    nor on their batches; which samples methods are compared on depends on the order.

    Parameters
    ----------
    model : Model, str, path, bytes or onnx.ModelProto
        The network, as it was trained.
    data : DataLoader, array, tuple, dict, Dataset, path of an .npz file, or an iterable
        Some hundred samples like those that will be run: `octet.data`. Labels are not
        needed.
    method : {"minmax", "percentile", "mse"}, optional
        How ranges come from histograms; without it, what values and outputs lose least
        by.
    percentile : float, optional
        Share of values inside a range, above 50 and at most 100; means the method
        "percentile".
    min_sqnr : float, optional
        Keep in f32 what costs outputs most, until each is as many dB above its error; 0
        rounds everything. Without it 20, with a quarter of the values at most.
    shapes, dims, outputs
        As `Model` takes them; they go before the model's own.
    limit : int, optional
        Samples to take at most.
    threads : int, optional
        Threads to run samples on, of each worker where there is a cluster; without it,
        one for each CPU, but one of a worker. The result does not depend on it.
    cluster : distributed.Client, optional
        Calibrates on the workers of a Dask cluster, which have Octet installed. A
        shard whose worker is lost runs again. The result is the same.
    progress : bool, optional
        Whether to show bars; without it, in a terminal or notebook.

    Returns
    -------
    Ranges

    Raises
    ------
    BadData
        Data are empty, endless, of other shapes or types, or NaN or infinite.
    UnsupportedModel
        The model asks for what Octet does not take; `node` says where.
    RefusedOptions
        Arguments that cannot be, or not together.
    CannotWrite
        There is no room for temporary files.

    Examples
    --------
    >>> images = np.random.default_rng(0).random((32, 1, 8, 8), np.float32)
    >>> ranges = octet.calibrate("examples/digits/digits.onnx", images)
    >>> ranges.samples
    32
    """
    # What is wrong with them is said before data are read.
    flags = method_flags(method, percentile)
    if min_sqnr is not None:
        flags += ["--min-sqnr", repr(number(
            "min_sqnr", min_sqnr, lambda db: 0 <= db <= 100,
            "give a number of dB, from 0 to 100"))]
    on = thread_flags(threads)
    options = Options.of(shapes, dims, outputs)
    model = as_model(model)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        show = stack.enter_context(bar(progress))
        batches = Batches(data, model, options=options, limit=limit,
                          nbytes=_shards.BYTES if cluster is None else
                          _shards.SENT_BYTES)
        if cluster is not None:
            _share(batches, cluster)
        shards = Shards(batches, folder)
        path = stack.enter_context(model.file())
        given: list[str | os.PathLike[str]] = [path, *batches.options.flags()]
        written = iter(shards)
        first = list(itertools.islice(written, 2))
        found = folder / "ranges.json"
        if len(first) == 1 and cluster is None:
            _run([*given, *on, *flags], found, first[0].path, batches.name, show)
        else:
            pieces = itertools.chain(first, written)
            parts = (_observe([*given, *on], pieces, shards, folder, batches.name, show)
                     if cluster is None else
                     _observe_on(cluster, given, pieces, shards, folder, show,
                                 on or thread_flags(1)))
            chosen = folder / "chosen.npz"
            shards.write_chosen(chosen)
            _run([*given, "--merge", *parts, *on, *flags], found, chosen,
                 batches.name, show)
        if shards.are_zero:
            warnings.warn(
                f"{batches.name}: every input is 0 throughout, which says nothing of "
                "real inputs; calibrate with samples like those that will be run",
                _driver.Doubt, stacklevel=2)
        return Ranges(found.read_text())


def _share(batches: Batches, cluster: distributed.Client) -> None:
    """Makes shards of such a size that each worker has something to do."""
    from .cluster import AHEAD, count_workers

    least, total = batches.most, batches.samples
    calls = AHEAD * count_workers(cluster)
    if least is not None and total is not None:
        batches.most = min(max(least, -(-total // calls)), _shards.SENT_MORE * least)


def _run(arguments: Sequence[str | os.PathLike[str]], output: Path, data: Path,
         name: str, show: _driver.Progress | None) -> None:
    """Runs ``octet calibrate``; its sentences call the file `data` by `name`."""
    _driver.run(["calibrate", *arguments, "--data", Named(data, name), "-o", output],
                data=name, progress=show)


def _observe(given: Sequence[str | os.PathLike[str]], pieces: Iterator[Shard],
             shards: Shards, folder: Path, name: str,
             show: _driver.Progress | None) -> list[Path]:
    """The histograms of each shard, in files."""
    parts: list[Path] = []
    for shard in pieces:
        parts.append(folder / f"part{len(parts)}.json")
        _run([*given, "--part"], parts[-1], shard.path, name, show)
        shards.release(shard)
    return parts


def _observe_on(cluster: distributed.Client, given: Sequence[str | os.PathLike[str]],
                pieces: Iterator[Shard], shards: Shards, folder: Path,
                show: _driver.Progress | None, flags: Sequence[str]) -> list[Path]:
    """The same, found by the workers of a cluster."""
    from .cluster import observe, spread

    graph = folder / "graph.mlir"
    if str(given[0]).endswith(".mlir"):
        graph = Path(given[0])
    else:
        # One file that stands alone, whatever is beside the model's.
        _driver.run(["import", *given, "-o", graph])
    parts: list[Path] = []

    def arguments() -> Iterator[tuple[bytes]]:
        for shard in pieces:
            yield (shard.path.read_bytes(),)
            shards.release(shard)

    for text in spread(cluster, functools.partial(observe, flags=flags),
                       graph.read_bytes(), arguments()):
        parts.append(folder / f"part{len(parts)}.json")
        parts[-1].write_text(text)
        if show is not None:
            show("shards", len(parts), max(len(parts), shards.number))
    return parts
