"""Progress bars, where someone watches."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from typing import Any

from ._driver import Progress


@contextlib.contextmanager
def bar(show: bool | None = None) -> Iterator[Progress | None]:
    """A callable for `_driver.run` that draws, or None. A total of 0 is an unknown one.

    Parameters
    ----------
    show : bool, optional
        Without it, bars are drawn in a terminal or notebook where tqdm is installed.
    """
    kind = _tqdm() if show or (show is None and _is_watched()) else None
    if kind is None:
        yield None
        return
    current: dict[str, Any] = {}

    def progress(what: str, done: int, total: int) -> None:
        if what not in current:
            current[what] = kind(total=total or None, desc=what, leave=False)
        drawn = current[what]
        drawn.update(done - drawn.n)
        if total and done >= total:
            drawn.close()
            del current[what]

    try:
        yield progress
    finally:
        for drawn in current.values():
            drawn.close()


def _tqdm() -> Any:
    """Tqdm's bar: of text, where a notebook cannot show its own."""
    try:
        from tqdm.std import tqdm
    except ImportError:
        return None
    if "ipykernel" in sys.modules and importlib.util.find_spec("ipywidgets"):
        from tqdm.auto import tqdm
    return tqdm


def _is_watched() -> bool:
    """True in a terminal and in Jupyter's kernel."""
    return sys.stderr.isatty() or "ipykernel" in sys.modules
