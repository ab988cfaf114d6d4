"""Work on a Dask cluster, whose workers may be lost: ``pip install octet[cluster]``."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from . import _driver, errors
from ._files import Named, temporary_folder

if TYPE_CHECKING:
    import distributed

Result = TypeVar("Result")

AHEAD = 2
"""Calls that are under way or wait, for each worker: their arguments are in memory."""


def spread(client: distributed.Client, function: Callable[..., Result], common: Any,
           arguments: Iterable[tuple[Any, ...]]) -> Iterator[Result]:
    """Calls ``function(common, *a)`` on the workers, for each `a` of `arguments`.

    Arguments are part of the calls, so that the scheduler has them when a worker is
    lost and runs its calls elsewhere. `common`, too, is what a call gives; workers take
    it from each other.

    Parameters
    ----------
    client : distributed.Client
    function : callable
        Of a module that workers can import.
    common : Any
        Is sent once.
    arguments : iterable of tuple
        Is read as workers get free.

    Yields
    ------
    Any
        The results, in the order of `arguments`.

    Raises
    ------
    Error
        Workers die of the same call again and again.
    RefusedOptions
        `client` is none.
    """
    count_workers(client)
    import dask
    import distributed

    scheduler: Any = client
    pending: collections.deque[distributed.Future[Result]] = collections.deque()
    shared = client.submit(_itself, common, pure=False)
    try:
        for given in arguments:
            if len(pending) >= AHEAD * count_workers(client):
                yield pending.popleft().result()
            # Dask warns of large arguments, which these are on purpose.
            with dask.config.set({"distributed.admin.large-graph-warning-threshold":
                                  "1TB"}):
                pending.append(client.submit(function, shared, *given, pure=False))
        while pending:
            yield pending.popleft().result()
    except distributed.KilledWorker as error:
        raise errors.Error("the cluster: workers died of the same part of the data "
                           f"again and again ({error}); give workers more memory, or "
                           "see their logs") from error
    finally:
        scheduler.cancel([*pending, shared])


def count_workers(client: distributed.Client) -> int:
    """How many workers there are, at least 1: they may come later.

    Raises
    ------
    RefusedOptions
        `client` is none.
    """
    try:
        import distributed
    except ImportError:
        raise errors.RefusedOptions("cluster= needs Dask, which is not installed; pip "
                                    'install "octet[cluster]"') from None
    if not isinstance(client, distributed.Client) or client.asynchronous:
        kind = type(client).__name__
        raise errors.RefusedOptions(f"cluster cannot be {kind}; give a "
                                    "distributed.Client that is not asynchronous")
    scheduler: Any = client
    return max(1, len(scheduler.nthreads()))


def _itself(value: Result) -> Result:
    return value


def observe(graph: bytes, samples: bytes, flags: Sequence[str]) -> str:
    """Histograms of a graph's values.

    Parameters
    ----------
    graph : bytes
        What ``octet import`` wrote.
    samples : bytes
        An ``.npz`` file.
    flags : sequence of str
        More of the command line.

    Returns
    -------
    str
        The text of a ``ranges.json`` with histograms alone.
    """
    with temporary_folder() as folder:
        model, data, part = (folder / file
                             for file in ("graph.mlir", "data.npz", "part.json"))
        model.write_bytes(graph)
        data.write_bytes(samples)
        _driver.run(["calibrate", Named(model, "the graph"), "--data",
                     Named(data, "the data"), "--part", *flags, "-o", part],
                    data="the data")
        return part.read_text()
