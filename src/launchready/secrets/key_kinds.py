"""Identifies the kind of a key: by its format, else by the name it is assigned to."""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from launchready.secrets.key_names import words
from launchready.vendors.catalog import BY_NAME, GENERIC, KINDS, Kind


class KindInfo(NamedTuple):
    """Severity, impact and revocation steps of a kind of secret."""

    severity: str
    opens: str
    revoke: str
    money: bool = False


_PROVEN = tuple(kind for kind in KINDS if kind.pattern and kind.rule not in BY_NAME)
_SHORTEST = 16


@lru_cache(4096)
def _beginning(start: str) -> tuple[Kind, ...]:
    """Return the kinds that can begin with these two characters."""
    return tuple(kind for kind in _PROVEN if not kind.starts or any(one.startswith(start) for one in kind.starts))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def identify(value: str) -> str:
    """Return the rule of a key whose format names its vendor, else ""."""
    if len(value) < _SHORTEST:
        return ""
    for kind in _beginning(value[:2]):
        may = not kind.starts or value.startswith(kind.starts)
        if may and _compiled(kind.pattern).fullmatch(value) is not None:
            return kind.rule
    return ""


def has_format(rule: str, value: str) -> bool:
    """Whether a value has the format of one kind of key."""
    return any(kind.rule == rule and _compiled(kind.pattern).fullmatch(value) is not None for kind in KINDS)


@lru_cache(4096)
def vendor_of_name(key: str) -> Kind | None:
    """Return the vendor that a key's name contains: POSTMARK_SERVER_TOKEN."""
    found = frozenset(words(key))
    for kind in KINDS:
        if kind.words and not found.isdisjoint(kind.words):
            return kind
    return None


@cache
def kind_info(rule: str) -> KindInfo:
    """Return severity, impact and revocation steps of a rule."""
    for kind in KINDS:
        if kind.rule == rule:
            return KindInfo(kind.severity, kind.opens, kind.revoke, kind.money)
    return KindInfo(*GENERIC.get(rule, GENERIC["secret"]))
