"""The gates in one pass of google-re2, where it is installed (``pip install "launchready[fast]"``).

The only third-party import of the core, and a pure one: it decides nothing, it answers ``gates.opened`` sooner. What it
is asked is what ``gates`` asks, word for word, so that every text comes out the same with and without it; a test holds
that. Text that is not ASCII takes the other way: what is a letter's other case there is not agreed between the two.
"""

import importlib
import re
from collections.abc import Callable
from typing import Any

from launchready.core.redact.gates import NEAR, NUMBERS, OPENERS, Opener
from launchready.core.redact.rules.numbers import IBAN_LENGTHS
from launchready.vendors.formats import VENDORS

_MEMORY = 64 << 20  # bytes for the automaton's states; they are made as texts need them, some hundred kilobytes in all


def compiled() -> Callable[[str], frozenset[int]] | None:
    """``gates.opened``, by google-re2; None where that is not installed."""
    try:
        re2: Any = importlib.import_module("re2")
        options = re2.Options()
        options.max_mem = _MEMORY
        options.log_errors = False
        automaton = re2.Set.SearchSet(options)
    except (ImportError, AttributeError):  # another package of that name
        return None
    asked = [*((opener.gate, _pattern(opener)) for opener in OPENERS), *_MORE]
    for _, pattern in asked:
        automaton.Add(pattern)
    automaton.Compile()
    match: Callable[[str], list[int]] = automaton.Match
    gates = [gate for gate, _ in asked]

    def opened(text: str) -> frozenset[int]:
        found = match(text)
        return frozenset([gates[index] for index in found]) if found else _NONE

    return opened


_NONE: frozenset[int] = frozenset()
_COUNTRIES = "|".join(sorted(IBAN_LENGTHS))
#: Two gates that substring search cannot ask: ``gates.opened`` always opens them, and their readers have gates of their
#: own. Each of these matches wherever a reader behind the gate would.
_MORE = (
    (
        NUMBERS,
        (
            r"[0-9](?:(?:[ .+-]|%20|%2D|[\\]u00a0)?[0-9]){12}"  # cards
            rf"|(?:^|[^A-Za-z0-9])(?i:{_COUNTRIES})[0-9]{{2}}[ %+-]?[A-Za-z0-9]"  # accounts
            r"|[+][ (]{0,2}[1-9]|%(?:25)?2[Bb][ (]{0,2}[1-9]|00[1-9][0-9]{0,2}[ ()-]"  # +49, %2B49, 0049
            r"|[2-9][0-9]{2}\)|[2-9][0-9]{2}[ .-][2-9][0-9]{2}[ .-][0-9]{4}"  # (415) 555-2671, 415-555-2671
            r"|\(0[0-9]|(?:^|[^A-Za-z0-9_.+/:,-])0(?:[1-9][0-9]{0,4}[ /-]|7[0-9]{9})"
        ),  # (030) 1234, 030 1234
    ),
    (NEAR, "|".join(row.near for row in VENDORS if row.near)),
)


def _pattern(opener: Opener) -> str:
    words = "|".join(sorted(opener.words))
    literals = sorted(map(re.escape, opener.literals))
    bounded = [rf"(?:^|[^A-Za-z0-9])(?i:{words})(?:$|[^A-Za-z0-9])"] if words else []
    return "|".join([*bounded, *literals]) or r"\z."
