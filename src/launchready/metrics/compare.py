"""Better, same, worse, or not enough data: one route in two releases.

Three questions, each a test that needs no shape of the durations, since durations have none:

- are the requests as a whole slower? Van der Waerden's test on the normal scores of their ranks, ties corrected: for a
  log-normal shape it loses nothing against the best test there is, where a plain rank sum (Mann-Whitney) loses 5 %;
- are there more slow ones, and far slower ones? Fisher's exact test on the share above the 97th percentile, and above
  seven times the median. Both thresholds come from all requests whatever their release, so that under "no change" each
  of them is as likely to be above, and the test is exact. Ranks do not see a tail: 6 % of requests that take 2 s longer
  pass them.

Identical releases are called worse or better at most once in a hundred comparisons, over all planned looks together
(looks.py); the share of each look is fixed beforehand, most of it where a small site gets to: 200 requests. Within a
look, Fisher's tests go in steps and rarely use up their share; what they leave, the ranks have. How much that is hangs
on all requests together and not on their release, so the sum holds. tests/metrics/test_compare.py simulates it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import erfc, exp, inf, lgamma, sqrt
from statistics import NormalDist
from typing import NamedTuple

from launchready.metrics.histogram import Counts, bucket, midpoint

ALPHA = 0.0065
ALPHA_BETTER = 0.0015
"""Of identical releases, how many may be called worse, and how many better: nobody is woken by good news."""

SPENT = {100: 0.1, 200: 0.55, 400: 0.12, 800: 0.08}
SPENT_LATER = 0.03
"""Each look's share of ALPHA; the looks add up to one."""

FAR, SLOW = 0.5, 0.1
"""The most of a look that each of Fisher's tests may use."""

_NORMAL = NormalDist()

TIMES_MEDIAN = 7
SLOWEST = 0.97


@dataclass(frozen=True)
class Verdict:
    """What a comparison says, and on what.

    - ``word``: "better", "same", "worse" or "not enough data". Same means: no difference was found that would be rarer
      than the looks allow; with ``before`` and ``after`` requests a small one may be there.
    - ``test``: the test that decided, or the one that came nearest; ``p``: its one-sided probability, before the share
      of this look is taken.
    """

    word: str
    test: str
    p: float
    before: int
    after: int
    odds: float
    """``p`` over what this test may spend at this look: below 1 it counts, and below 1 / k among k routes."""


NOT_ENOUGH = "not enough data"
WORSE, BETTER, SAME = "worse", "better", "same"


def durations(before: Counts, after: Counts, look: int) -> Verdict:
    """At one planned look. ``look``: the requests of the new release that it was planned for."""
    n, m = sum(before.values()), sum(after.values())
    whole: Counts = {index: before.get(index, 0) + after.get(index, 0) for index in before.keys() | after.keys()}
    far = bucket(TIMES_MEDIAN * midpoint(_quantile(whole, 0.5))) if whole else 0
    level = ALPHA * SPENT.get(look, SPENT_LATER)
    tails = [
        _above(f"Fisher on requests above {TIMES_MEDIAN} times the median", before, after, far, level * FAR),
        _above("Fisher on the slowest 3 %", before, after, _quantile(whole, SLOWEST), level * SLOW),
    ]
    left = level - sum(test.attained for test in tails)
    scores = _Test("van der Waerden on the ranks", *ranks(before, after), left, left)
    return _verdict([scores, *tails], n, m, look)


def errors(before: tuple[int, int], after: tuple[int, int], look: int) -> Verdict:
    """(requests, errors) of each. Fisher's exact test, both ways."""
    more = fisher(before[1], before[0] - before[1], after[1], after[0] - after[1])
    fewer = fisher(after[1], after[0] - after[1], before[1], before[0] - before[1])
    level = ALPHA * SPENT.get(look, SPENT_LATER)
    return _verdict([_Test("Fisher on the share of errors", more, fewer, level, level)], before[0], after[0], look)


def latest(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Of the verdicts at all looks so far, oldest first: the last that found something, else the last."""
    said = None
    for verdict in verdicts:
        if said is None or verdict.word in (WORSE, BETTER) or said.word == SAME:
            said = verdict
    return said


class _Test(NamedTuple):
    """``level``: below it, ``slower`` counts. ``attained``: the chance that it does so where nothing changed."""

    name: str
    slower: float
    faster: float
    level: float
    attained: float


def _verdict(tests: list[_Test], n: int, m: int, look: int) -> Verdict:
    """Only the first test may say "better": fewer far out alone is luck."""
    worst = min(tests, key=lambda test: test.slower / test.level)
    odds = worst.slower / worst.level
    if odds < 1:
        return Verdict(WORSE, worst.name, worst.slower, n, m, odds)
    faster = tests[0].faster / (ALPHA_BETTER * SPENT.get(look, SPENT_LATER))
    if faster < 1:
        return Verdict(BETTER, tests[0].name, tests[0].faster, n, m, faster)
    nearest = min(tests, key=lambda test: min(test.slower, test.faster))
    return Verdict(SAME, nearest.name, min(nearest.slower, nearest.faster), n, m, min(odds, faster))


def ranks(before: Counts, after: Counts) -> tuple[float, float]:
    """One-sided probabilities of normal scores at least as high, and at least as low, by chance."""
    n, m = sum(before.values()), sum(after.values())
    size, low = n + m, 0
    whole = square = mine = 0.0
    for index in sorted(before.keys() | after.keys()):
        new = after.get(index, 0)
        both = before.get(index, 0) + new
        score = _NORMAL.inv_cdf((low + both / 2) / size)  # of the middle rank of those that are equal
        low += both
        whole += both * score
        square += both * score * score
        mine += new * score
    variance = n * m / size / (size - 1) * (square - whole * whole / size) if size > 1 else 0.0
    if variance <= 1e-12 * size:
        return 1.0, 1.0
    z = (mine - m * whole / size) / sqrt(variance)
    return erfc(z / sqrt(2)) / 2, erfc(-z / sqrt(2)) / 2


def _above(name: str, before: Counts, after: Counts, limit: int, level: float) -> _Test:
    """More, and fewer, of the requests above a bucket than by chance."""
    n, m = sum(before.values()), sum(after.values())
    old = sum(count for index, count in before.items() if index > limit)
    new = sum(count for index, count in after.items() if index > limit)
    more, fewer = fisher(old, n - old, new, m - new), fisher(new, m - new, old, n - old)
    return _Test(name, more, fewer, level, attained(old + new, m, n + m, level))


def _quantile(counts: Counts, q: float) -> int:
    """The first bucket that a share ``q`` does not exceed."""
    rank, seen = q * sum(counts.values()), 0
    for index in sorted(counts):
        seen += counts[index]
        if seen >= rank:
            return index
    return 0


def fisher(a: int, b: int, c: int, d: int) -> float:
    """The chance of ``c`` or more in the second row of [[a, b], [c, d]], its margins given."""
    column, row, size = a + c, c + d, a + b + c + d
    most = min(column, row)
    if c <= 0 or not size:
        return 1.0
    whole = _choose(size, row)
    return min(1.0, sum(exp(_choose(column, k) + _choose(size - column, row - k) - whole) for k in range(c, most + 1)))


def attained(column: int, row: int, size: int, level: float) -> float:
    """The chance that ``fisher`` stays below ``level`` where nothing changed: a step of it, so mostly less."""
    whole, reached = _choose(size, row), 0.0
    for k in range(min(column, row), 0, -1):
        step = reached + exp(_choose(column, k) + _choose(size - column, row - k) - whole)
        if step >= level:
            return reached
        reached = step
    return reached


def _choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) if 0 <= k <= n else -inf
