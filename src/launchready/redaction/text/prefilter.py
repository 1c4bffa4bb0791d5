"""The prefilter tells which readers can find anything in a text. Most lines of a log need no reader.

A gate opens if the text contains one of its words (a run of ASCII letters and digits, in any case), or one of its
literals where no whole word is certain. One pass splits the text into words; one set operation compares them; the rest
is substring search. With google-re2 one automaton answers the same question (see ``prefilter_re2``).
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from launchready.redaction.text.base64_text import LEAST
from launchready.redaction.text.rules import phrases
from launchready.vendors.formats import VENDORS

(
    STATEMENT,
    ADJACENT,
    COLON_VALUE,
    BACKUP_CODE,
    ONE_TIME_CODE,
    CVC,
    AUTH_SCHEME,
    AUTH_COMMAND,
    BIRTH_DATE,
    PHONE,
    NUMBERS,
    VENDOR_CONTEXT,
    KEYS,
    MARKUP,
    DEVICE,
    TYPED_PASSWORD,
    BASE64,
    GREETING,
    COMPARISON,
    PERSON,
    STREET,
    PASSWORD_CHANGE,
    COMMAND,
) = range(23)
SENTENCE_GATES = frozenset({*range(PHONE), DEVICE, TYPED_PASSWORD, GREETING, COMPARISON, PASSWORD_CHANGE})
FIRST_VENDOR = 32  # gate 32 + n belongs to row n of VENDORS
ALWAYS_OPEN: frozenset[int] = frozenset(
    {NUMBERS, VENDOR_CONTEXT, KEYS, MARKUP}
)  # their readers check as cheaply themselves


_WITH_BASE64 = ALWAYS_OPEN | {BASE64}


class Gate(NamedTuple):
    """The words and literals that open one gate."""

    number: int
    words: frozenset[str]
    literals: frozenset[str]


_RUN = re.compile(r"[A-Za-z0-9]+")
_BOUND = "(?<![A-Za-z0-9"  # a pattern that begins like this begins at a word


def _vendor_gate(gate: int, literals: Iterable[str], pattern: str) -> Gate:
    """Turn a literal into a word if its own characters, or the beginning of the pattern, close a run at both ends."""
    words, rest = set(), set()
    for literal in literals:
        for run in _RUN.finditer(literal):
            closed = (run.start() > 0 or pattern.startswith(_BOUND)) and run.end() < len(literal)
            if closed and len(run.group()) > 1 and not run.group().isdigit():
                words.add(run.group().lower())
                break
        else:
            rest.add(literal)
    return Gate(gate, frozenset(words), frozenset(rest))


def _sentence_gate(gate: int, said: Iterable[str]) -> Gate:
    """Open by the first word of each phrase, or by the last ASCII run of that word (see ``_WORDS``)."""
    return Gate(gate, frozenset(_RUN.findall(phrase.split()[0])[-1] for phrase in said), frozenset())


GATES: tuple[Gate, ...] = (
    _sentence_gate(STATEMENT, (word for _, words, _ in phrases.STATEMENTS for word in words)),
    _sentence_gate(ADJACENT, phrases.ADJACENT_WORDS),
    _sentence_gate(COLON_VALUE, phrases.COLON_WORDS),
    _sentence_gate(BACKUP_CODE, phrases.BACKUP_CODE_WORDS),
    _sentence_gate(ONE_TIME_CODE, (*phrases.CODE_WORDS, *phrases.CODE_OPENING_WORDS)),
    _sentence_gate(CVC, phrases.CVC_WORDS),
    _sentence_gate(
        AUTH_SCHEME, ("bearer", "basic", "20bearer", "20basic")
    ),  # joined to an escape: authorization%3A%20Bearer
    _sentence_gate(AUTH_COMMAND, ("auth",)),
    _sentence_gate(BIRTH_DATE, phrases.BIRTH_WORDS),
    _sentence_gate(DEVICE, phrases.DEVICE_WORDS),
    _sentence_gate(TYPED_PASSWORD, phrases.TYPED_PASSWORD_WORDS),
    _sentence_gate(GREETING, phrases.GREETINGS),
    _sentence_gate(PHONE, phrases.PHONE_WORDS),
    _sentence_gate(COMPARISON, phrases.COMPARISON_WORDS),
    _sentence_gate(PASSWORD_CHANGE, phrases.STATEMENTS[0][1]),
    _sentence_gate(COMMAND, phrases.COMMAND_WORDS),
    _sentence_gate(PERSON, phrases.PERSON_WORDS),
    Gate(STREET, frozenset(phrases.STREET_WORDS), frozenset(phrases.STREETS)),
    *(_vendor_gate(FIRST_VENDOR + index, row.gates, row.pattern) for index, row in enumerate(VENDORS)),
)


_MEMO = 4096


class _Words(dict[int, int]):
    """Table for ``str.translate``: lower-case ASCII letters and digits; a blank for everything else."""

    def __missing__(self, char: int) -> int:
        code = ord(chr(char).lower()) if char < 128 and chr(char).isalnum() else 32
        if len(self) < _MEMO:
            self[char] = code
        return code


_WORDS = _Words()
#: The same tables for ``bytes.translate``, which is seven times as fast on ASCII text.
_LOW = bytes(_WORDS[char] if char < 128 else 32 for char in range(256))
_RUNS = bytes(97 if char != 32 else 32 for char in _LOW)
_LONG_RUN = b"a" * LEAST
_BY_WORD: dict[str, frozenset[int]] = {}
_BY_LITERAL: dict[str, frozenset[int]] = {}
for _gate in GATES:
    for _keys, _table in ((_gate.words, _BY_WORD), (_gate.literals, _BY_LITERAL)):
        for _key in _keys:
            _table[_key] = _table.get(_key, ALWAYS_OPEN) | {_gate.number}
_GATE_WORDS = frozenset(_BY_WORD)
_LITERALS = tuple(_BY_LITERAL)
#: Literals with a lower-case first letter are searched one by one, because a pattern would stop at most characters.
_RARE_LITERALS = re.compile("|".join(sorted(re.escape(literal) for literal in _LITERALS if not literal[0].islower())))
_LOWER_PREFIXES = {literal[:6] for literal in _LITERALS if literal[0].islower()}
_LOWER_ROOTS = tuple(root for root in _LOWER_PREFIXES if not any(other in root for other in _LOWER_PREFIXES - {root}))


def open_gates(text: str) -> frozenset[int]:
    """Return the gates that the text opens."""
    if text.isascii():
        raw = text.encode()
        words = raw.translate(_LOW).decode().split()
        has_long_run = _LONG_RUN in raw.translate(_RUNS)
    else:
        words = text.translate(_WORDS).split()
        has_long_run = max(map(len, words), default=0) >= LEAST
    gates = _WITH_BASE64 if has_long_run else ALWAYS_OPEN
    if not _GATE_WORDS.isdisjoint(words):
        gates = gates.union(*map(_BY_WORD.__getitem__, _GATE_WORDS.intersection(words)))
    if _RARE_LITERALS.search(text) is not None or any(map(text.__contains__, _LOWER_ROOTS)):
        gates = gates.union(*(_BY_LITERAL[literal] for literal in _LITERALS if literal in text))
    return gates
