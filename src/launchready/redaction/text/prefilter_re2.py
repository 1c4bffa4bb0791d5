"""The prefilter in one pass of google-re2, if it is installed (``pip install "launchready[fast]"``).

It answers ``prefilter.open_gates`` faster and more precisely. A gate that it keeps shut is one whose reader would find
nothing, so the redacted text is the same with and without google-re2; tests compare the two. Text that is not ASCII
takes the other way, because the two disagree about case folding there.
"""

import importlib
import re
from collections.abc import Callable
from typing import Any

from launchready.redaction.text.base64_text import BEGINS
from launchready.redaction.text.key_names import KeyClassifier
from launchready.redaction.text.prefilter import (
    ADJACENT,
    AUTH_COMMAND,
    AUTH_SCHEME,
    BACKUP_CODE,
    BASE64,
    BIRTH_DATE,
    COLON_VALUE,
    COMPARISON,
    CVC,
    DEVICE,
    GATES,
    GREETING,
    KEYS,
    MARKUP,
    NUMBERS,
    ONE_TIME_CODE,
    PASSWORD_CHANGE,
    PERSON,
    STATEMENT,
    TYPED_PASSWORD,
    VENDOR_CONTEXT,
    Gate,
)
from launchready.redaction.text.rules.fields import CONTEXT_KEYS, GLUED, TRAILERS
from launchready.redaction.text.rules.numbers import IBAN_LENGTHS
from launchready.redaction.text.rules.phrases import NEW_PASSWORD_ADJECTIVES
from launchready.vendors.formats import VENDORS

_MEMORY = 64 << 20  # bytes for the states of the automaton, built on demand: some hundred kilobytes in practice


_NO_GATES: frozenset[int] = frozenset()
_COUNTRIES = "|".join(sorted(IBAN_LENGTHS))
#: Gates that substring search cannot answer, so ``prefilter.open_gates`` always opens them. Each pattern matches
#: wherever the reader behind the gate would.
_EXTRA_GATES = (
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
    (VENDOR_CONTEXT, "|".join(row.near for row in VENDORS if row.near)),
    (BASE64, f"(?:^|[^A-Za-z0-9]){BEGINS}"),
    (
        MARKUP,
        (
            r"-u|--[A-Za-z]| -p|-stdin| -S|-fd|redis-cli |(?:ogin|_in|ignin|uth|nticate|onnect|@tcp|@unix)\("
            r"|(?:PASSWORD|IDENTIFIED BY|password|identified by)[ \t]+'|Secret|</|alue|name=|input|[\"']: ?\{[\"']|\n "
            r"|(?:asswd|rypt|[wW]ord|WORD)\(|content=|answer|\\\\x[abd]|\\] (?:!=|->|vs)|[\"'](?:old|new|val"
            r"|v[\"'])|before|old=|\[[a-z_]+[^\[\]]{0,10}\]"
        ),
    ),
)
#: The reader of a gate finds nothing unless this follows its words, so the gate stays shut without it.
_FOLLOWS = {
    STATEMENT: r"""(?: (?:now |is|was|to|lautet|ist|est|es|->|=>|["'`])|:| ?[=-]>)""",
    PASSWORD_CHANGE: r"(?: [^\n]*)?(?:[:>=\[(<{]| (?:to|auf|zu|is|ist|as|en|from) )",
    TYPED_PASSWORD: r"[ ]{1,2}[^ ]{8}",
    GREETING: r" [A-Z]",
    PERSON: r"[.:]{0,2} [^\n]{0,64}[A-Z]",
    COMPARISON: r"""(?: [a-z]{4,9})?(?:=|: ?| is | was | )["'`]?(?:[A-Za-z0-9_+/=.~%-]{20}|[0-9]{3}[0-9 -])""",
    DEVICE: r"""[ :/=]{1,2}(?:(?:for|tokens?|is|to)[ :=]{1,2}){0,2}["'`]?[0-9a-f]{64}""",
    ADJACENT: (
        r"""(?: value| header| string| id| cookie| key| token| mismatch:?)?[ ]{1,2}["'(]?[A-Za-z0-9_+/=.~-]{16}"""
    ),
    COLON_VALUE: r"(?: [^ \n]+)+: ",
    BACKUP_CODE: r" code",
    ONE_TIME_CODE: r"[^A-Za-z0-9\n\[](?:%[0-9a-fA-F]{2}|[^0-9])*(?:[0-9]+[^0-9]+)?[0-9]{3}",
    CVC: r"[^A-Za-z0-9\n][^0-9\n]*[0-9]{3}",
    AUTH_SCHEME: r"(?:[ \t]+|%20|[+])[A-Za-z0-9._~+/%-]{8}",
    AUTH_COMMAND: r"\"? ",
    BIRTH_DATE: r"[^A-Za-z0-9\n][^0-9\n]*[0-9]",
}
_WORD_FOR_ONE = "(?i:pass|pw|kennwort|wachtwoord)"
_ALTERNATIVES = {
    PASSWORD_CHANGE: (
        f" as (?i:[a-z]+ )*{_WORD_FOR_ONE}",
        f"(?i:{'|'.join(sorted(NEW_PASSWORD_ADJECTIVES))}) {_WORD_FOR_ONE}",
        f"{_WORD_FOR_ONE}[a-z]* [^ ]+ (?i:invalid|reject|incorrect|wrong|accept|d|for|match|refuse)",
    ),
    ONE_TIME_CODE: (
        "[0-9]{3} (?i:is|as) ",
        "[0-9]{4} (?i:is|as) ",
        "(?i:use|enter|type|submit) (?:[a-zA-Z]+ )*(?:[gG]-)?[0-9]{3}",
    ),
}
_SHORT = 3
_APART = "[_.-]*"  # between the words of a key
_BEFORE = r"(?:^|[^A-Za-z0-9_.-]|%[0-9A-Fa-f]{2}|\\[a-z0-9]{1,5})"  # before a key
_AFTER = r"""["'`\]]*[ \t\x1c]*[:=,%\\&]"""  # the characters that close a key, and a separator or its escape


def compile_gates(keys: KeyClassifier) -> Callable[[str], frozenset[int]] | None:
    """Return ``prefilter.open_gates`` on google-re2 for one set of keys, or None without google-re2."""
    try:
        re2: Any = importlib.import_module("re2")
        options = re2.Options()
        options.max_mem = _MEMORY
        automaton = re2.Set.SearchSet(options)
    except (ImportError, AttributeError):  # another package with this name
        return None
    patterns = [*((gate_row.number, _pattern(gate_row)) for gate_row in GATES), *_EXTRA_GATES, (KEYS, _keys(keys))]
    for _, pattern in patterns:
        automaton.Add(pattern)
    automaton.Compile()
    match: Callable[[str], list[int]] = automaton.Match
    gates = [gate for gate, _ in patterns]

    def open_gates(text: str) -> frozenset[int]:
        found = match(text)
        return frozenset([gates[index] for index in found]) if found else _NO_GATES

    return open_gates


def _pattern(gate_row: Gate) -> str:
    words = "|".join(sorted(gate_row.words))
    literals = sorted(map(re.escape, gate_row.literals))
    follows = _FOLLOWS.get(gate_row.number, "(?:$|[^A-Za-z0-9])")
    bounded = [rf"(?:^|[^A-Za-z0-9])(?i:(?:{words}){follows})"] if words else []
    return "|".join([*bounded, *literals, *_ALTERNATIVES.get(gate_row.number, ())]) or r"\z."


def _keys(keys: KeyClassifier) -> str:
    """Return a pattern that matches every key that ``keys.classify`` knows, in any case and with any separators."""
    ends, alone = keys.key_endings()
    glued = {stem for stem, _, _ in GLUED}  # these need no boundary before them
    long = "|".join(_APART.join(map(re.escape, end)) for end in sorted(ends) if len(end) > _SHORT or end in glued)
    short = [re.escape(end) for end in sorted(ends) if len(end) <= _SHORT]
    small, tall, title = ("|".join(map(form, short)) for form in (str.lower, str.upper, str.capitalize))
    more = rf"(?:{_APART}(?:(?i:{'|'.join(sorted(TRAILERS))})|[0-9]+))*{_APART}"
    return (
        rf"(?:(?i:{long})|(?:^|[^A-Za-z]|\\[a-z])(?i:{small})|[a-z](?:{tall})|[A-Za-z](?:{title})"
        rf"|{_BEFORE}{_APART}(?i:{'|'.join(sorted(alone))})"
        rf"|[{{%\\](?:[^\n]{{0,24}}[^A-Za-z0-9_.-])?(?:{'|'.join(sorted(CONTEXT_KEYS))}))(?i:e?s)?{more}{_AFTER}"
    )
