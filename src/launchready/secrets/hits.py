"""Matches in one text, the removal of overlaps, and the record of unread files."""

from bisect import bisect
from collections.abc import Iterable
from typing import NamedTuple


class SecretMatch(NamedTuple):
    """A secret in a text: rule, value and position."""

    rule: str
    value: str
    start: int
    end: int


class Unread(NamedTuple):
    """A file that was not read, or not completely. The scan does not count it as clean."""

    path: str
    reason: str


def without_overlaps(groups: Iterable[Iterable[SecretMatch]]) -> list[SecretMatch]:
    """Drop overlapping matches. The match of the earlier group wins."""
    taken: list[SecretMatch] = []
    spans: list[tuple[int, int]] = []  # sorted and disjoint, so only the neighbours can overlap
    for group in groups:
        for one in group:
            at = bisect(spans, (one.start, one.end))
            before = at and spans[at - 1][1] > one.start
            if not before and not (at < len(spans) and spans[at][0] < one.end):
                taken.append(one)
                spans.insert(at, (one.start, one.end))
    return taken
