"""One hit in one text, and how overlapping hits are told apart; and what could not be read."""

from bisect import bisect
from collections.abc import Iterable
from typing import NamedTuple


class Found(NamedTuple):
    """A secret in a text: which rule, its value, and where it stands in the text."""

    rule: str
    value: str
    start: int
    end: int


class Unread(NamedTuple):
    """Something that could not be looked at, or not to its end: not a pass."""

    path: str
    reason: str


def settled(groups: Iterable[Iterable[Found]]) -> list[Found]:
    """Without overlaps: of two readings of the same characters, the earlier group's stands."""
    taken: list[Found] = []
    spans: list[tuple[int, int]] = []  # in order, and none over another: so the neighbours decide
    for group in groups:
        for one in group:
            at = bisect(spans, (one.start, one.end))
            before = at and spans[at - 1][1] > one.start
            if not before and not (at < len(spans) and spans[at][0] < one.end):
                taken.append(one)
                spans.insert(at, (one.start, one.end))
    return taken
