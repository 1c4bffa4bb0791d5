"""A histogram with bounded relative error: logarithmic buckets, 2 % wide (the DDSketch mapping).

Bucket i holds the values in (G^(i-1), G^i] with G = 1.01 / 0.99. Its midpoint is at most 1 % away from each of them.
Histograms merge exactly by adding counts, so the merge of four workers equals the histogram of all their requests; an
average of four 95th percentiles does not.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from math import ceil, exp, log

GAMMA = 1.01 / 0.99
_LOG_GAMMA = log(GAMMA)
PER_E = 1 / _LOG_GAMMA
"""Buckets per factor of e."""

SMALLEST = 1e-6
"""Seconds; shorter durations count as this."""
LOWEST = ceil(log(SMALLEST) * PER_E)

Counts = dict[int, int]


def bucket(seconds: float) -> int:
    """The bucket of a duration."""
    return ceil(log(seconds) * PER_E) if seconds > SMALLEST else LOWEST


def midpoint(index: int) -> float:
    """The value that represents a bucket: at most 1 % away from all its values."""
    return 2 * exp(index * _LOG_GAMMA) / (GAMMA + 1)


def upper(index: int) -> float:
    """The largest value of a bucket."""
    return exp(index * _LOG_GAMMA)


class Histogram:
    """Durations in seconds: how many in each bucket, and their sum."""

    __slots__ = ("counts", "total")

    def __init__(self, counts: Mapping[int, int] | None = None, total: float = 0.0) -> None:
        self.counts: Counts = dict(counts or {})
        self.total = total

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def add(self, seconds: float) -> None:
        index = bucket(seconds)
        self.counts[index] = self.counts.get(index, 0) + 1
        self.total += seconds

    def merge(self, other: "Histogram") -> None:
        mine = self.counts
        for index, count in other.counts.items():
            mine[index] = mine.get(index, 0) + count
        self.total += other.total

    def quantile(self, q: float) -> float | None:
        """The value that a share ``q`` of all values does not exceed, within 1 %; None if empty."""
        return self.quantiles((q,))[0]

    def quantiles(self, shares: Iterable[float]) -> list[float | None]:
        """Several quantiles with one sort."""
        indices = sorted(self.counts)
        reached, seen = [], 0
        for index in indices:
            seen += self.counts[index]
            reached.append(seen)
        if not seen:
            return [None for _ in shares]
        return [midpoint(indices[bisect_left(reached, int(q * (seen - 1)) + 1)]) for q in shares]

    def above(self, seconds: float) -> int:
        """Number of longer values, to the nearest bucket."""
        limit = bucket(seconds)
        return sum(count for index, count in self.counts.items() if index > limit)


def pack(counts: Mapping[int, int]) -> bytes:
    """Serialise as pairs of 32-bit index and count: about 250 bytes for a route."""
    flat = array("i")
    for pair in counts.items():
        flat.extend(pair)
    return flat.tobytes()


def unpack(data: bytes) -> Counts:
    flat = array("i", data)
    return dict(zip(flat[::2], flat[1::2], strict=True))


def merged(old: bytes, new: bytes) -> bytes:
    """Two packed histograms as one."""
    counts = unpack(old)
    for index, count in unpack(new).items():
        counts[index] = counts.get(index, 0) + count
    return pack(counts)
