"""What can stand in a text at all, asked once and before any reader: most lines of a log end here.

A gate is opened by a word (a run of ASCII letters and digits, in any case), or by a literal where no whole word is
certain. The text is split into its words in one pass, one set says whether any of them opens anything, and the rest is
substring search. With google-re2 the same question is one pass of an automaton (see ``fast``), with the same answer.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from launchready.redaction.text.base64_text import LEAST
from launchready.redaction.text.rules import phrases
from launchready.vendors.formats import VENDORS

(
    SAID,
    BLANK,
    TOLD,
    SPARE,
    CODE,
    CVC,
    SCHEME,
    AUTH,
    BORN,
    PHONE,
    NUMBERS,
    NEAR,
    KEYS,
    FORMS,
    DEVICE,
    TYPED,
    CODED,
    GREET,
    ROLE,
    PERSON,
    STREET,
    SETS,
    VERBS,
) = range(23)
PROSE = frozenset({*range(PHONE), DEVICE, TYPED, GREET, ROLE, SETS})
FIRST_VENDOR = 32  # gate 32 + n: row n of VENDORS
CLOSED: frozenset[int] = frozenset({NUMBERS, NEAR, KEYS, FORMS})  # not asked here: their readers ask as cheaply


_WITH_CODED = CLOSED | {CODED}


class Opener(NamedTuple):
    """What opens one gate."""

    gate: int
    words: frozenset[str]
    literals: frozenset[str]


_RUN = re.compile(r"[A-Za-z0-9]+")
_BOUND = "(?<![A-Za-z0-9"  # a pattern that begins so begins a word


def _vendor(gate: int, literals: Iterable[str], pattern: str) -> Opener:
    """A literal becomes a word where its own characters, or the pattern's beginning, close a run at both ends."""
    words, rest = set(), set()
    for literal in literals:
        for run in _RUN.finditer(literal):
            closed = (run.start() > 0 or pattern.startswith(_BOUND)) and run.end() < len(literal)
            if closed and len(run.group()) > 1 and not run.group().isdigit():
                words.add(run.group().lower())
                break
        else:
            rest.add(literal)
    return Opener(gate, frozenset(words), frozenset(rest))


def _prose(gate: int, said: Iterable[str]) -> Opener:
    """By its first word; of one with letters beyond ASCII, the last run of those within (see ``_WORDS``)."""
    return Opener(gate, frozenset(_RUN.findall(phrase.split()[0])[-1] for phrase in said), frozenset())


OPENERS: tuple[Opener, ...] = (
    _prose(SAID, (word for _, words, _ in phrases.SAYS for word in words)),
    _prose(BLANK, phrases.BLANK_WORDS),
    _prose(TOLD, phrases.TOLD_WORDS),
    _prose(SPARE, phrases.SPARE_CODES),
    _prose(CODE, (*phrases.CODE_WORDS, *phrases.CODE_OPENS)),
    _prose(CVC, phrases.CVC_WORDS),
    _prose(SCHEME, ("bearer", "basic", "20bearer", "20basic")),  # glued to an escape: authorization%3A%20Bearer
    _prose(AUTH, ("auth",)),
    _prose(BORN, phrases.BIRTHS),
    _prose(DEVICE, phrases.DEVICE_WORDS),
    _prose(TYPED, phrases.TYPED_WORDS),
    _prose(GREET, phrases.GREETINGS),
    _prose(PHONE, phrases.PHONE_WORDS),
    _prose(ROLE, phrases.ROLES),
    _prose(SETS, phrases.SAYS[0][1]),
    _prose(VERBS, phrases.VERBS),
    _prose(PERSON, phrases.PERSON_WORDS),
    Opener(STREET, frozenset(phrases.STREET_WORDS), frozenset(phrases.STREETS)),
    *(_vendor(FIRST_VENDOR + index, row.gates, row.pattern) for index, row in enumerate(VENDORS)),
)


_MEMO = 4096


class _Words(dict[int, int]):
    """A table for ``str.translate``: ASCII letters in lower case and digits; everything else is a blank."""

    def __missing__(self, char: int) -> int:
        code = ord(chr(char).lower()) if char < 128 and chr(char).isalnum() else 32
        if len(self) < _MEMO:
            self[char] = code
        return code


_WORDS = _Words()
#: The same for text in ASCII, as tables of ``bytes.translate``, which is seven times as fast.
_LOW = bytes(_WORDS[char] if char < 128 else 32 for char in range(256))
_RUNS = bytes(97 if char != 32 else 32 for char in _LOW)
_LONG_RUN = b"a" * LEAST
_BY_WORD: dict[str, frozenset[int]] = {}
_BY_LITERAL: dict[str, frozenset[int]] = {}
for _opener in OPENERS:
    for _keys, _table in ((_opener.words, _BY_WORD), (_opener.literals, _BY_LITERAL)):
        for _key in _keys:
            _table[_key] = _table.get(_key, CLOSED) | {_opener.gate}
_OPENING = frozenset(_BY_WORD)
_LITERALS = tuple(_BY_LITERAL)
#: Literals that begin with a small letter are looked for one by one: a pattern would try most characters of a text.
_RARE = re.compile("|".join(sorted(re.escape(literal) for literal in _LITERALS if not literal[0].islower())))
_SMALL = {literal[:6] for literal in _LITERALS if literal[0].islower()}
_ROOTS = tuple(root for root in _SMALL if not any(other in root for other in _SMALL - {root}))


def opened(text: str) -> frozenset[int]:
    """The gates that this text opens."""
    if text.isascii():
        raw = text.encode()
        words = raw.translate(_LOW).decode().split()
        coded = _LONG_RUN in raw.translate(_RUNS)
    else:
        words = text.translate(_WORDS).split()
        coded = max(map(len, words), default=0) >= LEAST
    gates = _WITH_CODED if coded else CLOSED
    if not _OPENING.isdisjoint(words):
        gates = gates.union(*map(_BY_WORD.__getitem__, _OPENING.intersection(words)))
    if _RARE.search(text) is not None or any(map(text.__contains__, _ROOTS)):
        gates = gates.union(*(_BY_LITERAL[literal] for literal in _LITERALS if literal in text))
    return gates
