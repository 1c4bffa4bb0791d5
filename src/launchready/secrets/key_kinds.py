"""Which kind of key a value is: by itself, else by the name it stands under."""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from launchready.secrets.key_names import words
from launchready.vendors.catalog import BY_NAME, GENERIC, KINDS, Kind


class Facts(NamedTuple):
    """What a report says of a kind of secret."""

    severity: str
    opens: str
    revoke: str
    money: bool = False


_PROVEN = tuple(kind for kind in KINDS if kind.pattern and kind.rule not in BY_NAME)
_SHORTEST = 16


@lru_cache(4096)
def _beginning(start: str) -> tuple[Kind, ...]:
    """Those that a key of these first two characters can be. Few are asked for."""
    return tuple(kind for kind in _PROVEN if not kind.starts or any(one.startswith(start) for one in kind.starts))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def identify(value: str) -> str:
    """The rule of a key whose format names its vendor; "" for any other text."""
    if len(value) < _SHORTEST:
        return ""
    for kind in _beginning(value[:2]):
        may = not kind.starts or value.startswith(kind.starts)
        if may and _compiled(kind.pattern).fullmatch(value) is not None:
            return kind.rule
    return ""


def shaped(rule: str, value: str) -> bool:
    """Whether a value has the form of one kind of key."""
    return any(kind.rule == rule and _compiled(kind.pattern).fullmatch(value) is not None for kind in KINDS)


@lru_cache(4096)
def by_name(key: str) -> Kind | None:
    """The vendor named in a key's name: POSTMARK_SERVER_TOKEN."""
    found = frozenset(words(key))
    for kind in KINDS:
        if kind.words and not found.isdisjoint(kind.words):
            return kind
    return None


@cache
def facts(rule: str) -> Facts:
    """What a rule's finding opens, and how it is taken out of service."""
    for kind in KINDS:
        if kind.rule == rule:
            return Facts(kind.severity, kind.opens, kind.revoke, kind.money)
    return Facts(*GENERIC.get(rule, GENERIC["secret"]))
