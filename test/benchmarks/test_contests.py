"""Turns, medians and ratios, of contestants that only say what they took."""

import pytest
from suite import contest
from suite.environments import Failed


class Fake:
    def __init__(self, name, ms, log, dies_at=None):
        self.name, self._ms, self._log, self._dies_at = (name, "int8"), ms, log, dies_at
        self._calls = 0

    def time(self, runs):
        self._calls += 1
        self._log.append((self.name[0], runs))
        if self._calls == self._dies_at:
            raise Failed("ended with status -11")
        # The first of each turn finds cold caches.
        return [50 * self._ms] + [self._ms] * (runs - 1)

    def resident(self):
        return 7

    def close(self):
        pass


def timing(*rounds):
    return contest.Timing(rounds, 1.0, 1.0, 1.0, len(rounds), 0)


def test_plan_gives_every_contestant_its_budget():
    rounds, runs = contest.plan([1.0, 10.0], 660)
    assert rounds == contest.ROUNDS
    assert runs == [60, 6]


def test_plan_runs_slow_ones_twice_a_round_in_fewer_rounds():
    rounds, runs = contest.plan([480.0, 50.0], 700)
    assert runs == [2, 2]
    assert rounds == 5
    assert contest.plan([150.0, 100.0], 700)[0] == 10


def test_plan_bounds_the_runs_of_tiny_models():
    assert contest.plan([0.001], 700)[1] == [2000]


def test_first_run_of_a_turn_is_not_counted():
    timings, failures = contest.hold([Fake("octet", 2.0, [])], 700)
    assert not failures
    found = timings["octet", "int8"]
    assert (found.median, found.p95, found.min) == (2.0, 2.0, 2.0)
    assert found.runs == contest.ROUNDS * 31
    assert found.resident_bytes == 7


def test_turns_begin_with_another_contestant_each():
    log = []
    contest.hold([Fake(name, 1.0, log) for name in "abc"], 700)
    turns = [name for name, _ in log[3:]]
    assert turns[:9] == list("abcbcacab")


def test_who_dies_is_left_out_and_others_go_on():
    log = []
    one, other = Fake("a", 1.0, log, dies_at=4), Fake("b", 1.0, log)
    timings, failures = contest.hold([one, other], 700)
    assert failures == {("a", "int8"): "ended with status -11"}
    assert set(timings) == {("b", "int8")}
    assert len(timings["b", "int8"].rounds) == contest.ROUNDS
    assert sum(name == "a" for name, _ in log) == 4


def test_all_die():
    timings, failures = contest.hold([Fake("a", 1.0, [], dies_at=1)], 700)
    assert not timings
    assert len(failures) == 1


def test_ratio_is_of_rounds_and_not_of_medians():
    # The clock slows down by half in the last two rounds, for both.
    found = contest.ratio(timing(2, 2, 4, 4, 4), timing(1, 1, 2, 2, 1))
    assert found == contest.Ratio(2, 2, 2)


def test_quartiles_of_ratios():
    found = contest.ratio(timing(1, 2, 3, 4, 5), timing(1, 1, 1, 1, 1))
    assert (found.low, found.median, found.high) == (2, 3, 4)


def test_rounds_must_match():
    with pytest.raises(ValueError, match="zip"):
        contest.ratio(timing(1, 2), timing(1))
