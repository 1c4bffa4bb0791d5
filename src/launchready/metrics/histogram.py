"""A histogram with a bounded relative error: logarithmic buckets, one per 2 %.

Bucket i holds the values in (G^(i-1), G^i] with G = 1.01 / 0.99, and is read as the value that is at most 1 % away
from all of them (the DDSketch mapping). Two histograms merge by adding counts, exactly: the merge of four workers is
the histogram of all their requests, which an average of four 95th percentiles is not.
"""

from math import ceil, log

GAMMA = 1.01 / 0.99
_LOG_GAMMA = log(GAMMA)
SMALLEST = 1e-6
"""Seconds; anything faster counts as this."""


class Histogram:
    """Durations in seconds."""

    __slots__ = ("count", "counts", "total")

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.count = 0
        self.total = 0.0

    def add(self, seconds: float) -> None:
        index = ceil(log(max(SMALLEST, seconds)) / _LOG_GAMMA)
        counts = self.counts
        counts[index] = counts.get(index, 0) + 1
        self.count += 1
        self.total += seconds

    def merge(self, other: "Histogram") -> None:
        for index, count in other.counts.items():
            self.counts[index] = self.counts.get(index, 0) + count
        self.count += other.count
        self.total += other.total

    def quantile(self, q: float) -> float | None:
        """The value that a share ``q`` of all values does not exceed, within 1 %; None where there is none."""
        if not self.count:
            return None
        rank, seen = q * (self.count - 1), 0
        for index in sorted(self.counts):
            seen += self.counts[index]
            if seen > rank:
                return float(2 * GAMMA**index / (GAMMA + 1))
        raise AssertionError("counts add up to count")
