"""Release verdicts on simulated traffic: false alarms and power. Seeded, so results are reproducible."""

import random

import pytest

from launchready.metrics import compare
from launchready.metrics.collector import MetricsCollector
from launchready.metrics.comparison_schedule import LOOKS
from launchready.metrics.histogram import bucket
from launchready.metrics.report import comparison, releases
from launchready.metrics.timing import Timings

SHAPES = {
    "log-normal 0.6": lambda draw: 0.25 * draw.lognormvariate(0, 0.6),
    "log-normal 0.7": lambda draw: 0.25 * draw.lognormvariate(0, 0.7),
    "bimodal": lambda draw: (0.05 if draw.random() < 0.7 else 0.6) * draw.lognormvariate(0, 0.3),
    "Pareto": lambda draw: 0.05 * draw.paretovariate(1.5),
    "narrow": lambda draw: draw.gauss(0.31, 0.01),
}
LOG_NORMAL = "log-normal 0.6"


def histogram(values):
    counts = {}
    for value in values:
        counts[bucket(value)] = counts.get(bucket(value), 0) + 1
    return counts


def said(draw, change, before, until, shape):
    """The words at each planned look up to a number of requests of the new release."""
    duration = SHAPES[shape]
    old, new, words = histogram(duration(draw) for _ in range(before)), {}, []
    for count in range(1, until + 1):
        index = bucket(change(duration(draw), draw))
        new[index] = new.get(index, 0) + 1
        if count in LOOKS:
            words.append(compare.durations(old, new, count).word)
    return words


def same(value, draw):
    return value


def slower(value, draw):
    return value * 1.3


def faster(value, draw):
    return value / 1.5


def tail(value, draw):
    return value + 2 if draw.random() < 0.06 else value


def rate(change, word, runs, before=200, until=200, shape=LOG_NORMAL):
    draw = random.Random(11)
    return sum(word(said(draw, change, before, until, shape)) for _ in range(runs)) / runs


def alarmed(words):
    return "worse" in words or "better" in words


def worse(words):
    return "worse" in words


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("before", "until", "runs"), [(200, 200, 500), (1000, 1600, 400)])
def test_false_alarms(shape, before, until, runs):
    """Identical releases differ from "same" at most once in a hundred, over all looks together."""
    assert rate(same, alarmed, runs, before, until, shape) <= 0.01


@pytest.mark.parametrize("shape", SHAPES)
def test_thirty_percent_slower(shape):
    """Found in at least 80 % at 200 requests, for every shape."""
    assert rate(slower, worse, 300, shape=shape) >= 0.8


def test_a_slow_tail():
    """2 s more on 6 % of requests is found at 200 requests, where p95 and ranks fail."""
    assert rate(tail, worse, 300) >= 0.8


def test_faster():
    """An improvement is reported."""
    assert rate(faster, lambda words: words[-1] == "better", 60) >= 0.9


def test_errors():
    """1 % to 3 %: rarely at 200 requests, mostly at 1600; identical shares at most once in a hundred."""

    def found(share, count, look, seed):
        draw = random.Random(seed)
        bad = [sum(draw.random() < each for _ in range(count)) for each in (0.01, share)]
        return compare.errors((count, bad[0]), (count, bad[1]), look).word

    assert sum(found(0.01, 800, 800, seed) != "same" for seed in range(400)) <= 4
    assert sum(found(0.03, 1600, 1600, seed) == "worse" for seed in range(50)) >= 25


@pytest.mark.parametrize(
    ("before", "after"), [({}, {}), ({}, {1: 5}), ({1: 5}, {}), ({1: 500}, {1: 500}), ({1: 1}, {2: 1})]
)
def test_nothing_to_compare(before, after):
    """Empty sides and equal values raise neither alarm nor error."""
    assert compare.durations(before, after, 100).word == "same"


@pytest.mark.parametrize(
    ("column", "row", "size"), [(10, 10, 20), (6, 200, 400), (12, 200, 1200), (0, 5, 10), (1, 1, 2)]
)
def test_what_fisher_leaves(column, row, size):
    """Fisher's test uses at most its largest step below the level."""
    steps = [0.0, *(compare.fisher(column - k, size - row - column + k, k, row - k) for k in range(1, column + 1))]
    for level in (0.2, 0.01, 0.002):
        reached = max(step for step in steps if step < level)
        assert compare.attained(column, row, size, level) == pytest.approx(reached)


def test_normal_scores():
    """A hand-computed value: scores of 1/8, 3/8 below and 5/8, 7/8 above; ties share their rank."""
    slower, faster = compare.ranks({1: 1, 2: 1}, {3: 1, 4: 1})
    assert slower == pytest.approx(0.06587, abs=1e-5)  # z = 1.469 / sqrt(0.951): scores of 0.319 and 1.150
    assert faster == pytest.approx(1 - slower)
    assert compare.ranks({1: 3, 2: 3}, {1: 5, 2: 5}) == (pytest.approx(0.5), pytest.approx(0.5))


def test_fisher():
    """A hand-computed value: 2 of 10 against 8 of 10, one-sided."""
    assert compare.fisher(2, 8, 8, 2) == pytest.approx(0.0115068, rel=1e-4)
    assert compare.fisher(0, 10, 0, 10) == 1.0


class Clock:
    def __init__(self):
        self.now = 1_800_000_000.0

    def wall(self):
        return self.now

    monotonic = wall


def test_looks_are_planned(tmp_path):
    """Verdicts change only when a route reaches 100, 200, 400 requests, however often the page is viewed."""
    clock, draw = Clock(), random.Random(3)
    old = MetricsCollector(Timings("r1"), tmp_path / "m.db", clock)
    for _ in range(500):
        old.timings.record("GET", "/a", 200, draw.lognormvariate(-2, 0.5))
    old.close()
    clock.now += 100
    new = MetricsCollector(Timings("r2"), tmp_path / "m.db", clock)
    words = {}
    for count in range(1, 451):
        new.timings.record("GET", "/a", 200, 2 * draw.lognormvariate(-2, 0.5))
        with new.reading() as ledger:
            newest = releases(ledger)[0]
            words[count] = newest["verdict"]
            looks = ledger.rows("SELECT n FROM looks")
    assert set(list(words.values())[:99]) == {"not enough data"}
    assert set(list(words.values())[99:]) == {"worse"}
    assert looks == [(100,), (200,), (400,)]
    (row,) = newest["routes"]
    assert (row["latency"]["before"], row["latency"]["after"]) == (500, 400)  # the latest look that found it
    assert row["sure"] == ["latency"]
    with new.reading() as ledger:
        assert comparison(ledger, 1) == {}


def test_after_a_rollback(tmp_path):
    """The release that serves again stands first."""
    clock = Clock()
    for name in ("r1", "r2", "r1"):
        collector = MetricsCollector(Timings(name), tmp_path / "m.db", clock)
        collector.timings.record("GET", "/a", 200, 0.1)
        with collector.reading() as ledger:
            assert releases(ledger)[0]["release"] == name
        collector.close()
        clock.now += 600
