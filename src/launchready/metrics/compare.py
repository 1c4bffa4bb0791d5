"""Better, same, worse, or not enough data: one route in two releases.

Three questions, each a test that needs no shape of the durations, since durations have none:

- are the requests as a whole slower? Mann and Whitney's rank sum, ties corrected;
- are there more slow ones, and far slower ones? Fisher's exact test on the share above the 97th percentile, and above
  seven times the median. Both thresholds come from all requests whatever their release, so that under "no change" each
  of them is as likely to be above, and the test is exact. Rank sums do not see a tail: 6 % of requests that take 2 s
  longer pass them.

Identical releases are called worse or better at most once in a hundred comparisons, over all planned looks together
(looks.py); the share of each look and test is fixed beforehand, most of it where a small site gets to: 200 requests.
tests/metrics/test_compare.py simulates it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import erfc, exp, inf, lgamma, sqrt
from typing import NamedTuple

from launchready.metrics.histogram import Counts, bucket, middle

ALPHA = 0.009
ALPHA_BETTER = 0.002
"""Of identical releases, how many may be called worse, and how many better: nobody is woken by good news."""

SPENT = {100: 0.15, 200: 0.45, 400: 0.15, 800: 0.1}
SPENT_LATER = 0.03
"""Each look's share of ALPHA; the looks add up to one."""

RANKS, FAR, SLOW = 0.4, 0.5, 0.1
"""Each test's share of a look."""

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
    far = bucket(TIMES_MEDIAN * middle(_quantile(whole, 0.5))) if whole else 0
    tests = [
        _Test("Mann-Whitney rank sum", *ranks(before, after), RANKS),
        _Test(f"Fisher on requests above {TIMES_MEDIAN} times the median", *above(before, after, far), FAR),
        _Test("Fisher on the slowest 3 %", *above(before, after, _quantile(whole, SLOWEST)), SLOW),
    ]
    return _verdict(tests, n, m, look)


def errors(before: tuple[int, int], after: tuple[int, int], look: int) -> Verdict:
    """(requests, errors) of each. Fisher's exact test, both ways."""
    more = fisher(before[1], before[0] - before[1], after[1], after[0] - after[1])
    fewer = fisher(after[1], after[0] - after[1], before[1], before[0] - before[1])
    return _verdict([_Test("Fisher on the share of errors", more, fewer, 1.0)], before[0], after[0], look)


def latest(verdicts: Iterable[Verdict]) -> Verdict | None:
    """Of the verdicts at all looks so far, oldest first: the last that found something, else the last."""
    said = None
    for verdict in verdicts:
        if said is None or verdict.word in (WORSE, BETTER) or said.word == SAME:
            said = verdict
    return said


class _Test(NamedTuple):
    name: str
    slower: float
    faster: float
    share: float


def _verdict(tests: list[_Test], n: int, m: int, look: int) -> Verdict:
    """Only the first test may say "better": fewer far out alone is luck."""
    spends = SPENT.get(look, SPENT_LATER)
    worst = min(tests, key=lambda test: test.slower / test.share)
    odds = worst.slower / (ALPHA * spends * worst.share)
    if odds < 1:
        return Verdict(WORSE, worst.name, worst.slower, n, m, odds)
    faster = tests[0].faster / (ALPHA_BETTER * spends)
    if faster < 1:
        return Verdict(BETTER, tests[0].name, tests[0].faster, n, m, faster)
    nearest = min(tests, key=lambda test: min(test.slower, test.faster))
    return Verdict(SAME, nearest.name, min(nearest.slower, nearest.faster), n, m, min(odds, faster))


def ranks(before: Counts, after: Counts) -> tuple[float, float]:
    """One-sided probabilities of a rank sum at least as high, and at least as low, by chance."""
    n, m = sum(before.values()), sum(after.values())
    low, total, ties = 0, 0.0, 0.0  # how many are below; U: pairs in which the new release is slower
    for index in sorted(before.keys() | after.keys()):
        old, new = before.get(index, 0), after.get(index, 0)
        total += new * (low + old / 2)
        low += old
        ties += float(old + new) ** 3 - (old + new)
    size = n + m
    variance = n * m / 12 * (size + 1 - ties / (size * (size - 1))) if size > 1 else 0.0
    if variance <= 0:
        return 1.0, 1.0
    z = (total - n * m / 2) / sqrt(variance)
    return erfc(z / sqrt(2)) / 2, erfc(-z / sqrt(2)) / 2


def above(before: Counts, after: Counts, limit: int) -> tuple[float, float]:
    """More, and fewer, of the requests above a bucket than by chance."""
    n, m = sum(before.values()), sum(after.values())
    old = sum(count for index, count in before.items() if index > limit)
    new = sum(count for index, count in after.items() if index > limit)
    return fisher(old, n - old, new, m - new), fisher(new, m - new, old, n - old)


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


def _choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) if 0 <= k <= n else -inf
