"""Our buckets converted to OpenTelemetry's exponential ones, which grow by a root of two.

The scale is the finest at which the series fits into 160 buckets, as in OpenTelemetry's SDK, and never finer than ours:
at scale 5 a bucket is 2.2 % wide, ours are 2 %. The midpoint of our bucket decides.
"""

from collections.abc import Sequence
from math import ceil, log2

from launchready.metrics.histogram import Counts, midpoint

FINEST, MOST = 5, 160


def exponential(durations: Counts) -> tuple[int, int, Sequence[int]]:
    """Scale, offset and counts: bucket i holds (base^i, base^(i+1)], base = 2^(2^-scale)."""
    places = {index: log2(midpoint(index)) for index, count in durations.items() if count}
    if not places:
        return FINEST, 0, ()
    for scale in range(FINEST, -11, -1):
        first, last = (ceil(place * 2.0**scale) - 1 for place in (min(places.values()), max(places.values())))
        if last - first < MOST:
            break
    counts = [0] * (last - first + 1)
    for index, place in places.items():
        counts[ceil(place * 2.0**scale) - 1 - first] += durations[index]
    return scale, first, counts
