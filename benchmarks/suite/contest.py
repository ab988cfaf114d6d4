"""Times contestants in turns, so that a change of the clock's speed hits all alike."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence

from .environments import Failed
from .processes import Contestant

ROUNDS = 11
_FEWEST_ROUNDS = 5
_MOST_RUNS = 2000
# A contest of slow models has fewer rounds, so that it takes no longer than this.
_LONGEST_MS = 8000.0


@dataclasses.dataclass(frozen=True)
class Timing:
    """What one contestant took, in milliseconds.

    Attributes
    ----------
    rounds : tuple of float
        The median of each round.
    median, p95, min : float
        Of all inferences.
    resident_bytes : int
        Memory when all was done.
    """

    rounds: tuple[float, ...]
    median: float
    p95: float
    min: float
    runs: int
    resident_bytes: int


@dataclasses.dataclass(frozen=True)
class Ratio:
    """How many times as long one takes as another: of the medians of each round.

    Attributes
    ----------
    median : float
        The median of all rounds.
    low, high : float
        Their quartiles.
    """

    median: float
    low: float
    high: float


def ratio(one: Timing, other: Timing) -> Ratio:
    """The time of `one` over that of `other`, which were in one contest."""
    found = [a / b for a, b in zip(one.rounds, other.rounds, strict=True)]
    low, median, high = (statistics.quantiles(found, n=4, method="inclusive")
                         if len(found) > 1 else 3 * found)
    return Ratio(median, low, high)


def plan(first: Sequence[float], budget: float) -> tuple[int, list[int]]:
    """Rounds, and the runs of each contestant in one.

    Parameters
    ----------
    first : sequence of float
        Milliseconds of one inference of each.
    budget : float
        Milliseconds for each in all, where that makes more than two runs a round.
    """
    rounds = ROUNDS
    runs = [max(2, min(_MOST_RUNS, int(budget / rounds / ms))) for ms in first]
    # One more run in each round is not counted.
    one = sum(ms * (n + 1) for ms, n in zip(first, runs, strict=True))
    return max(_FEWEST_ROUNDS, min(rounds, int(_LONGEST_MS / one))), runs


def hold(contestants: Sequence[Contestant], budget: float
         ) -> tuple[dict[tuple[str, str], Timing], dict[tuple[str, str], str]]:
    """Times all; those that die are left out from then on.

    Parameters
    ----------
    contestants : sequence of Contestant
        Their names differ.
    budget : float
        As `plan` takes it.

    Returns
    -------
    dict of str to Timing, dict of str to str
        By name, and why the others have none.
    """
    failures: dict[tuple[str, str], str] = {}
    alive = list(contestants)

    def time(contestant: Contestant, runs: int) -> list[float]:
        try:
            return contestant.time(runs)
        except Failed as failure:
            failures[contestant.name] = str(failure)
            alive.remove(contestant)
            return []

    first = {c.name: time(c, 2) for c in contestants}
    if not alive:
        return {}, failures
    rounds, runs = plan([min(first[c.name]) for c in alive], budget)
    counts = {c.name: n for c, n in zip(alive, runs, strict=True)}
    times: dict[tuple[str, str], list[list[float]]] = {c.name: [] for c in alive}
    for turn in range(rounds):
        # Each begins in its turn: what ran before is never the same.
        start = turn % len(alive) if alive else 0
        for contestant in alive[start:] + alive[:start]:
            # The first finds the caches full of others' data.
            taken = time(contestant, counts[contestant.name] + 1)[1:]
            times[contestant.name].append(taken)
    return {c.name: _summary(times[c.name], c.resident()) for c in alive}, failures


def _summary(rounds: list[list[float]], resident: int) -> Timing:
    times = sorted(ms for taken in rounds for ms in taken)
    return Timing(rounds=tuple(statistics.median(taken) for taken in rounds),
                  median=statistics.median(times),
                  p95=times[min(len(times) - 1, int(0.95 * len(times)))],
                  min=times[0], runs=len(times), resident_bytes=resident)
