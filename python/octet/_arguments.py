"""What functions take, checked before anything is done with it."""

from __future__ import annotations

import numbers
import operator
from collections.abc import Callable, Iterable
from typing import Any

from .errors import RefusedOptions


def whole_number(what: str, given: Any, unit: str = "samples") -> int:
    """`given` as a number of `unit`, at least 1, of the argument `what`."""
    try:
        number = operator.index(given)
    except TypeError:
        number = 0
    if number < 1:
        raise RefusedOptions(f"{what} cannot be {given!r}; give a number of {unit}, at "
                             "least 1")
    return number


def thread_flags(given: Any) -> list[str]:
    """The driver's flag for the argument ``threads``; none where it is None."""
    return [] if given is None else ["--threads",
                                     str(whole_number("threads", given, "threads"))]


def number(what: str, given: Any, fits: Callable[[float], bool], mend: str) -> float:
    """`given` as a number that `fits`, of the argument `what`."""
    if not (isinstance(given, numbers.Real) and fits(float(given))):
        raise RefusedOptions(f"{what} cannot be {given!r}; {mend}")
    return float(given)


def texts(what: str, given: Any, mend: str) -> tuple[str, ...]:
    """One text or several of the argument `what`."""
    several = (given,) if isinstance(given, str) else given
    if isinstance(several, Iterable):
        several = tuple(several)
        if all(isinstance(each, str) for each in several):
            return several
    raise RefusedOptions(f"{what} cannot be {given!r}; {mend}")
