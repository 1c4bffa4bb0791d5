"""One text through all readers: gates first, then substitution by substitution, until nothing changes.

- Every reader is linear: repetitions are bounded or possessive, ends are looked for with ``str.find``.
- Long text goes in pieces of 64 KB, cut at a blank where one is near.
- A text has a budget of markers and of readings; what is left when it is spent is not written at all.
- Idempotent by construction: what is returned is a text that one more pass would return as it is.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from string import ascii_letters

from launchready.lazy_pattern import Late
from launchready.redaction.text import (
    base64_text,
    emails,
    names_and_streets,
    numbers,
    prefilter,
    prefilter_re2,
    private_keys,
    tables,
    traceback_values,
    urls,
)
from launchready.redaction.text.encodings import bleached, coloured, shade, tinted
from launchready.redaction.text.flags_and_markup import Forms
from launchready.redaction.text.key_names import Keys
from launchready.redaction.text.key_values import Pairs
from launchready.redaction.text.placeholders import TOO_MUCH, UNREAD, Marks, Spent, budget, quiet
from launchready.redaction.text.prefilter import FIRST_VENDOR
from launchready.redaction.text.sentences import Prose
from launchready.redaction.text.spans import Span, spliced
from launchready.redaction.text.sql_values import Sql
from launchready.vendors.formats import VENDORS

_PIECE = 65_536
_CHEAP = 4_096  # what is shorter needs no budget
_NEAR = 4_096
#: Where a text may be cut, in this order: between two things that each say something on their own.
_CUTS = ("\n", "\\n", " ", '",', "},", "&", ";", ",")
_PASSES = 6
#: An escape with a word at its end.
_GLUED = Late(r"[\\%](?:u00[0-9a-fA-F]{2}|x[0-9a-fA-F]{2}|[nrt]|(?:25){0,3}[0-9a-fA-F]{2})[A-Za-z0-9]")
_SHORTEST = 20  # a key of AWS
_CARD = 13
_PHONE = 9  # digits of the shortest number that needs no word before it

_ROWS = {FIRST_VENDOR + index: (row.kind, Late(row.pattern)) for index, row in enumerate(VENDORS)}
_ROW_GATES = frozenset(_ROWS)
_NEAR_ROWS = tuple((row.kind, Late(row.near), Late(row.pattern)) for row in VENDORS if row.near)


class Engine:
    """The text rules of one redactor."""

    def __init__(
        self, keys: Keys, marks: Marks, patterns: Mapping[str, re.Pattern[str]], *, ip_addresses: bool = False
    ) -> None:
        self._marks = marks
        self._keys = keys
        self._pairs = Pairs(keys, marks)
        self._prose = Prose(keys, marks)
        self._forms = Forms(keys, marks)
        self._sql = Sql(keys, marks)
        self._own = tuple(
            (kind, re.compile(f"({marks.pattern.pattern})|{pattern.pattern}", pattern.flags))
            for kind, pattern in patterns.items()
        )
        self._ips = ip_addresses
        self._fast: Callable[[str], frozenset[int]] | None = None
        self._asked = False

    def text(self, text: str) -> str:
        """The text, redacted."""
        if len(text) < _SHORTEST and not self._own and _harmless(text):
            return text
        if "[" in text and coloured(text):
            plain, colours = bleached(text)
            if colours:
                cleaned = self._stable(plain)
                return text if cleaned == plain else self._tinted(cleaned, colours)
        return self._stable(text)

    def _tinted(self, cleaned: str, colours: list[str]) -> str:
        """The colours back in their places; where one has gone with a secret, without any, and read once more."""
        text = tinted(cleaned, colours)
        return text if coloured(text) else self._stable(text)

    def _stable(self, text: str) -> str:
        for _ in range(_PASSES):
            if len(text) <= _CHEAP:
                cleaned = self._pass(private_keys.clean(text, self._marks) if "-----BEGIN" in text else text)
            else:
                with budget(text):
                    cleaned = self._pieces(text)
            if cleaned is text or cleaned == text:
                return text
            text = cleaned
            if self._marks.is_marker(text):  # the value of a record, mostly: one more pass would find nothing in it
                return text
        return UNREAD

    def _pieces(self, text: str) -> str:
        out: list[str] = []
        at = 0
        try:
            if "-----BEGIN" in text:
                text = private_keys.clean(text, self._marks)
            if len(text) <= _PIECE:
                return self._pass(text)
            while at < len(text):
                end = _cut(text, at)
                out.append(self._pass(text[at:end]))
                at = end
        except Spent:
            out.append(TOO_MUCH)
        return "".join(out)

    def _pass(self, text: str, *, decoded: bool = False) -> str:
        marks = self._marks
        for kind, pattern in self._own:
            text = pattern.sub(partial(self._own_class, kind), text)
        # A marker says nothing: neither at first nor when the text is read again.
        opened = self._opened(marks.inert.sub(" ", text) if "[" in text else text)
        if ("\\" in text or "%" in text) and _GLUED.search(
            text
        ) is not None:  # an escape before a word hides where it begins: %22sk_live_
            shadow = shade(text)
            behind = self._opened(shadow)
            opened |= behind
            if prefilter.NEAR in behind or not behind.isdisjoint(_ROW_GATES):
                text = self._escaped(text, shadow, behind)
        if "://" in text and "@" in text:
            text = urls.credentials(text, marks)
        elif "//" in text and "@" in text:
            text = urls.broken(text, marks)
        if not opened.isdisjoint(_ROW_GATES):
            text = self._vendors(text, opened)
        if prefilter.NEAR in opened:
            text = self._nearby(text)
        if "/" in text:
            text = urls.tokens(text, marks)
        if " VALUES" in text or "$1" in text or "args=" in text or " values" in text or "parameters" in text:
            text = self._sql.clean(text)
        if tables.present(text):
            text = tables.clean(text, self._keys, marks)
        if "\n" in text and traceback_values.present(text):
            text = traceback_values.clean(text, self._keys, marks)
        if prefilter.KEYS in opened:
            text = self._pairs.clean(text)
        if prefilter.VERBS in opened:
            text = self._forms.commands(text)
        if prefilter.FORMS in opened or "[" in text:
            text = self._forms.clean(text)
        if not opened.isdisjoint(prefilter.PROSE):
            text = self._prose.clean(text, opened)
        if prefilter.CODED in opened and not decoded:
            text = base64_text.clean(text, self._decoded, marks)
        if emails.present(text):
            text = emails.clean(text, marks)
        if prefilter.NUMBERS in opened or prefilter.PHONE in opened:
            text = numbers.clean(text, marks, told=prefilter.PHONE in opened)
        if "[" in text:
            text = names_and_streets.clean(text, marks)
        if prefilter.PERSON in opened:
            text = names_and_streets.called(text, marks)
        if prefilter.STREET in opened:
            text = names_and_streets.streets(text, marks)
        return numbers.addresses(text, marks) if self._ips else text

    def _decoded(self, text: str) -> str:
        """What the readers make of decoded text; they decode once."""
        with quiet():
            return self._pass(text, decoded=True)

    def _opened(self, text: str) -> frozenset[int]:
        if not self._asked:
            self._fast, self._asked = prefilter_re2.compiled(self._keys), True
        return self._fast(text) if self._fast is not None and text.isascii() else prefilter.opened(text)

    def _vendors(self, text: str, opened: frozenset[int]) -> str:
        for gate in sorted(opened & _ROW_GATES):
            kind, pattern = _ROWS[gate]
            text = pattern.sub(partial(self._vendor, kind), text)
        return text

    def _escaped(self, text: str, shadow: str, opened: frozenset[int]) -> str:
        """What begins behind an escape, found in the shade of the text."""
        spans: list[Span] = []
        rows = [_ROWS[gate] for gate in sorted(opened & _ROW_GATES)]
        if prefilter.NEAR in opened:
            rows += [(kind, pattern) for kind, near, pattern in _NEAR_ROWS if near.search(shadow)]
        for kind, pattern in rows:
            for found in pattern.finditer(shadow):
                start, end = found.span(found.lastindex or 0)
                spans.append((start, end, self._marks.mark(kind, text[start:end])))
        return spliced(text, spans)

    def _nearby(self, text: str) -> str:
        for kind, near, pattern in _NEAR_ROWS:
            if near.search(text):
                text = pattern.sub(partial(self._vendor, kind), text)
        return text

    def _own_class(self, kind: str, found: re.Match[str]) -> str:
        whole = found.group()
        return whole if found.group(1) or not whole else self._marks.mark(kind, whole)

    def _vendor(self, kind: str, found: re.Match[str]) -> str:
        if found.lastindex is None:
            return self._marks.mark(kind, found.group())
        whole, base = found.group(), found.start()
        return whole[: found.start(1) - base] + self._marks.mark(kind, found.group(1)) + whole[found.end(1) - base :]


def _harmless(text: str) -> bool:
    """Whether so short a text is told by its key alone.

    A name of letters, what is shorter than a card, a date or a reference with too few digits for a telephone.
    """
    if text.isalpha():
        return True
    bare = text.replace("_", "").replace("-", "")
    if len(text) < _CARD and (
        text.isalnum() or (bare.isalnum() and bare.isascii() and len(bare.strip(ascii_letters)) < _PHONE)
    ):
        return True
    return bare.replace(".", "").isalpha()


def _cut(text: str, at: int) -> int:
    """Where a piece ends: between lines, words, members of an object, parameters; hard where there is nothing of it."""
    end = at + _PIECE
    if end >= len(text):
        return len(text)
    for blank in _CUTS:
        found = text.rfind(blank, end - _NEAR, end)
        if found > at:
            return found + len(blank)
    return end
