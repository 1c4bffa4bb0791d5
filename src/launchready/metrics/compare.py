"""Compares one route in two releases: better, same, worse, or not enough data.

Three distribution-free tests:

- Are requests slower as a whole? Van der Waerden's test on the normal scores of their ranks, with ties corrected. For
  log-normal durations it is as powerful as the best test, while a plain rank sum (Mann-Whitney) loses 5 %.
- Are there more slow ones, and more very slow ones? Fisher's exact test on the share above the 97th percentile, and
  above seven times the median. Both thresholds come from the requests of both releases together, so without a change
  each request is equally likely to exceed them, and the test is exact. Rank tests miss a tail: they overlook 6 % of
  requests that take 2 s longer.

Identical releases are called worse or better in at most one of a hundred comparisons, over all planned looks together
(comparison_schedule.py). The share of each look is fixed in advance; most of it goes to 200 requests, which small sites
reach. Fisher's tests rarely use up their share of a look; the rank test gets the rest. That rest depends only on all
requests together and not on their release, so the bound holds. tests/metrics/test_compare.py simulates it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import erfc, exp, inf, lgamma, sqrt
from statistics import NormalDist
from typing import NamedTuple

from launchready.metrics.histogram import Counts, bucket, midpoint

ALPHA = 0.0065
ALPHA_BETTER = 0.0015
"""Share of identical releases that may be called better. ALPHA is the share for worse, which matters more."""

SPENT = {100: 0.1, 200: 0.55, 400: 0.12, 800: 0.08}
SPENT_LATER = 0.03
"""SPENT is each look's share of ALPHA; all shares add up to one."""

FAR, SLOW = 0.5, 0.1
"""Largest share of a look that each of Fisher's tests may use."""

_NORMAL = NormalDist()

TIMES_MEDIAN = 7
SLOWEST = 0.97


@dataclass(frozen=True)
class ComparisonVerdict:
    """Result of a comparison.

    - ``word``: "better", "same", "worse" or "not enough data". Same means: no difference was found that is rarer than
      the looks allow; with ``before`` and ``after`` requests a small one may exist.
    - ``test``: the test that decided or came nearest; ``p``: its one-sided probability, not yet compared to its share.
    """

    word: str
    test: str
    p: float
    before: int
    after: int
    odds: float
    """``p`` divided by this look's share: below 1 it counts, and below 1 / k among k routes."""


NOT_ENOUGH = "not enough data"
WORSE, BETTER, SAME = "worse", "better", "same"


def durations(before: Counts, after: Counts, look: int) -> ComparisonVerdict:
    """Compare durations at one planned look. ``look``: number of requests of the new release at that look."""
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


def errors(before: tuple[int, int], after: tuple[int, int], look: int) -> ComparisonVerdict:
    """Compare (requests, errors) by Fisher's exact test, in both directions."""
    more = fisher(before[1], before[0] - before[1], after[1], after[0] - after[1])
    fewer = fisher(after[1], after[0] - after[1], before[1], before[0] - before[1])
    level = ALPHA * SPENT.get(look, SPENT_LATER)
    return _verdict([_Test("Fisher on the share of errors", more, fewer, level, level)], before[0], after[0], look)


def latest(verdicts: Iterable[ComparisonVerdict]) -> ComparisonVerdict | None:
    """The last verdict that found a difference, otherwise the last one. ``verdicts``: of all looks, oldest first."""
    said = None
    for verdict in verdicts:
        if said is None or verdict.word in (WORSE, BETTER) or said.word == SAME:
            said = verdict
    return said


class _Test(NamedTuple):
    """``slower`` counts below ``level``. ``attained``: the chance of that without a change."""

    name: str
    slower: float
    faster: float
    level: float
    attained: float


def _verdict(tests: list[_Test], n: int, m: int, look: int) -> ComparisonVerdict:
    """Only the first test may say "better": fewer outliers alone may be chance."""
    worst = min(tests, key=lambda test: test.slower / test.level)
    odds = worst.slower / worst.level
    if odds < 1:
        return ComparisonVerdict(WORSE, worst.name, worst.slower, n, m, odds)
    faster = tests[0].faster / (ALPHA_BETTER * SPENT.get(look, SPENT_LATER))
    if faster < 1:
        return ComparisonVerdict(BETTER, tests[0].name, tests[0].faster, n, m, faster)
    nearest = min(tests, key=lambda test: min(test.slower, test.faster))
    return ComparisonVerdict(SAME, nearest.name, min(nearest.slower, nearest.faster), n, m, min(odds, faster))


def ranks(before: Counts, after: Counts) -> tuple[float, float]:
    """One-sided probabilities that normal scores are at least as high, and at least as low, by chance."""
    n, m = sum(before.values()), sum(after.values())
    size, low = n + m, 0
    whole = square = mine = 0.0
    for index in sorted(before.keys() | after.keys()):
        new = after.get(index, 0)
        both = before.get(index, 0) + new
        score = _NORMAL.inv_cdf((low + both / 2) / size)  # of the middle rank among ties
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
    """Test for more, and for fewer, requests above a bucket."""
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
    """Probability of ``c`` or more in the second row of [[a, b], [c, d]] with fixed margins."""
    column, row, size = a + c, c + d, a + b + c + d
    most = min(column, row)
    if c <= 0 or not size:
        return 1.0
    whole = _choose(size, row)
    return min(1.0, sum(exp(_choose(column, k) + _choose(size - column, row - k) - whole) for k in range(c, most + 1)))


def attained(column: int, row: int, size: int, level: float) -> float:
    """Probability that ``fisher`` stays below ``level`` without a change; at most ``level``."""
    whole, reached = _choose(size, row), 0.0
    for k in range(min(column, row), 0, -1):
        step = reached + exp(_choose(column, k) + _choose(size - column, row - k) - whole)
        if step >= level:
            return reached
        reached = step
    return reached


def _choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) if 0 <= k <= n else -inf
