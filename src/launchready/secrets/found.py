"""One hit in one text, and how overlapping hits are told apart; and what could not be read."""

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
    spans: list[tuple[int, int]] = []
    for group in groups:
        for one in group:
            if not any(one.start < end and start < one.end for start, end in spans):
                taken.append(one)
                spans.append((one.start, one.end))
    return taken
