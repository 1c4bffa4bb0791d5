"""The gates in one pass of google-re2, where it is installed (``pip install "launchready[fast]"``).

The only third-party import of the core, and a pure one: it decides nothing, it answers ``gates.opened`` sooner and more
closely. A gate that it keeps shut is one behind which no reader would find anything, so every text comes out the same
with and without it; tests hold that. Text that is not ASCII takes the other way: what is a letter's other case there is
not agreed between the two.
"""

import importlib
import re
from collections.abc import Callable
from typing import Any

from launchready.redaction.text.base64_text import BEGINS
from launchready.redaction.text.key_names import Keys
from launchready.redaction.text.prefilter import (
    AUTH,
    BLANK,
    BORN,
    CODE,
    CODED,
    CVC,
    DEVICE,
    FORMS,
    GREET,
    KEYS,
    NEAR,
    NUMBERS,
    OPENERS,
    PERSON,
    ROLE,
    SAID,
    SCHEME,
    SETS,
    SPARE,
    TOLD,
    TYPED,
    Opener,
)
from launchready.redaction.text.rules.fields import GLUED, HEADS, TRAILERS
from launchready.redaction.text.rules.numbers import IBAN_LENGTHS
from launchready.redaction.text.rules.phrases import FRESH_WORDS
from launchready.vendors.formats import VENDORS

_MEMORY = 64 << 20  # bytes for the automaton's states; they are made as texts need them, some hundred kilobytes in all


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
    (CODED, f"(?:^|[^A-Za-z0-9]){BEGINS}"),
    (
        FORMS,
        (
            r"-u|--[A-Za-z]| -p|-stdin| -S|-fd|redis-cli |(?:ogin|_in|ignin|uth|nticate|onnect|@tcp|@unix)\("
            r"|(?:PASSWORD|IDENTIFIED BY|password|identified by)[ \t]+'|Secret|</|alue|name=|input|[\"']: ?\{[\"']|\n "
            r"|(?:asswd|rypt|[wW]ord|WORD)\(|content=|answer|\\\\x[abd]|\\] (?:!=|->|vs)|[\"'](?:old|new|val"
            r"|v[\"'])|before|old=|\[[a-z_]+[^\[\]]{0,10}\]"
        ),
    ),
)
#: What must follow the words of a gate before its reader finds anything; without it the gate stays shut.
_FOLLOWS = {
    SAID: r"""(?: (?:now |is|was|to|lautet|ist|est|es|->|=>|["'`])|:| ?[=-]>)""",
    SETS: r"(?: [^\n]*)?(?:[:>=\[(<{]| (?:to|auf|zu|is|ist|as|en|from) )",
    TYPED: r"[ ]{1,2}[^ ]{8}",
    GREET: r" [A-Z]",
    PERSON: r"[.:]{0,2} [^\n]{0,64}[A-Z]",
    ROLE: r"""(?: [a-z]{4,9})?(?:=|: ?| is | was | )["'`]?(?:[A-Za-z0-9_+/=.~%-]{20}|[0-9]{3}[0-9 -])""",
    DEVICE: r"""[ :/=]{1,2}(?:(?:for|tokens?|is|to)[ :=]{1,2}){0,2}["'`]?[0-9a-f]{64}""",
    BLANK: r"""(?: value| header| string| id| cookie| key| token| mismatch:?)?[ ]{1,2}["'(]?[A-Za-z0-9_+/=.~-]{16}""",
    TOLD: r"(?: [^ \n]+)+: ",
    SPARE: r" code",
    CODE: r"[^A-Za-z0-9\n\[](?:%[0-9a-fA-F]{2}|[^0-9])*(?:[0-9]+[^0-9]+)?[0-9]{3}",
    CVC: r"[^A-Za-z0-9\n][^0-9\n]*[0-9]{3}",
    SCHEME: r"(?:[ \t]+|%20|[+])[A-Za-z0-9._~+/%-]{8}",
    AUTH: r"\"? ",
    BORN: r"[^A-Za-z0-9\n][^0-9\n]*[0-9]",
}
_WORD_FOR_ONE = "(?i:pass|pw|kennwort|wachtwoord)"
_BESIDE = {
    SETS: (
        f" as (?i:[a-z]+ )*{_WORD_FOR_ONE}",
        f"(?i:{'|'.join(sorted(FRESH_WORDS))}) {_WORD_FOR_ONE}",
        f"{_WORD_FOR_ONE}[a-z]* [^ ]+ (?i:invalid|reject|incorrect|wrong|accept|d|for|match|refuse)",
    ),
    CODE: (
        "[0-9]{3} (?i:is|as) ",
        "[0-9]{4} (?i:is|as) ",
        "(?i:use|enter|type|submit) (?:[a-zA-Z]+ )*(?:[gG]-)?[0-9]{3}",
    ),
}
_SHORT = 3
_APART = "[_.-]*"  # between the words of a key
_BEFORE = r"(?:^|[^A-Za-z0-9_.-]|%[0-9A-Fa-f]{2}|\\[a-z0-9]{1,5})"  # a key begins, or the escape before it ends
_AFTER = r"""["'`\]]*[ \t\x1c]*[:=,%\\&]"""  # what closes a key, and a separator, or the escape of one of these


def compiled(keys: Keys) -> Callable[[str], frozenset[int]] | None:
    """``gates.opened``, by google-re2, for one set of keys; None where that is not installed."""
    try:
        re2: Any = importlib.import_module("re2")
        options = re2.Options()
        options.max_mem = _MEMORY
        automaton = re2.Set.SearchSet(options)
    except (ImportError, AttributeError):  # another package of that name
        return None
    asked = [*((opener.gate, _pattern(opener)) for opener in OPENERS), *_MORE, (KEYS, _keys(keys))]
    for _, pattern in asked:
        automaton.Add(pattern)
    automaton.Compile()
    match: Callable[[str], list[int]] = automaton.Match
    gates = [gate for gate, _ in asked]

    def opened(text: str) -> frozenset[int]:
        found = match(text)
        return frozenset([gates[index] for index in found]) if found else _NONE

    return opened


def _pattern(opener: Opener) -> str:
    words = "|".join(sorted(opener.words))
    literals = sorted(map(re.escape, opener.literals))
    follows = _FOLLOWS.get(opener.gate, "(?:$|[^A-Za-z0-9])")
    bounded = [rf"(?:^|[^A-Za-z0-9])(?i:(?:{words}){follows})"] if words else []
    return "|".join([*bounded, *literals, *_BESIDE.get(opener.gate, ())]) or r"\z."


def _keys(keys: Keys) -> str:
    """Wherever ``keys.named`` names a key, in whatever case and with whatever between its words."""
    ends, alone = keys.spelled()
    glued = {stem for stem, _, _ in GLUED}  # with no boundary before them
    long = "|".join(_APART.join(map(re.escape, end)) for end in sorted(ends) if len(end) > _SHORT or end in glued)
    short = [re.escape(end) for end in sorted(ends) if len(end) <= _SHORT]
    small, tall, title = ("|".join(map(form, short)) for form in (str.lower, str.upper, str.capitalize))
    more = rf"(?:{_APART}(?:(?i:{'|'.join(sorted(TRAILERS))})|[0-9]+))*{_APART}"
    return (
        rf"(?:(?i:{long})|(?:^|[^A-Za-z]|\\[a-z])(?i:{small})|[a-z](?:{tall})|[A-Za-z](?:{title})"
        rf"|{_BEFORE}{_APART}(?i:{'|'.join(sorted(alone))})"
        rf"|[{{%\\](?:[^\n]{{0,24}}[^A-Za-z0-9_.-])?(?:{'|'.join(sorted(HEADS))}))(?i:e?s)?{more}{_AFTER}"
    )
