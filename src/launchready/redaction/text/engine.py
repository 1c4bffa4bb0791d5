"""Run all readers over one text: the prefilter first, then one substitution after the other, until nothing changes.

- Every reader is linear: repetitions are bounded or possessive, and ends are found with ``str.find``.
- Long text is read in pieces of 64 KB, which end at a blank if one is near.
- A text has a work budget. Text beyond the budget is replaced by a marker and never written raw.
- The result is idempotent: one more pass returns it unchanged.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from string import ascii_letters
from typing import TypedDict

from launchready.budget import Budget, BudgetExceeded, ambient, limited
from launchready.lazy_pattern import LazyPattern
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
from launchready.redaction.text.encodings import mask_escapes, may_have_ansi, restore_ansi, strip_ansi
from launchready.redaction.text.flags_and_markup import MarkupReader
from launchready.redaction.text.key_names import KeyClassifier
from launchready.redaction.text.key_values import KeyValueReader
from launchready.redaction.text.markers import OVER_BUDGET, UNREADABLE, Markers, uncounted
from launchready.redaction.text.prefilter import FIRST_VENDOR
from launchready.redaction.text.sentences import SentenceReader
from launchready.redaction.text.spans import Span, splice
from launchready.redaction.text.sql_values import SqlReader
from launchready.vendors.formats import VENDORS

_PIECE = 65_536
SHORT_TEXT = 1_024  # a shorter text cannot cost more than some milliseconds
#: Work that one text may cause: looks at possible values, more of them for a text of many lines, up to one look per 32
#: characters. A file of lines is read to its end, but a line of one megabyte that consists of beginnings is not.
_LOOKS = 3_000
_LOOKS_PER_LINE = 16
_CHARACTERS_PER_LOOK = 32
#: Characters that readers may read again after they rejected them as a value.
_CHARACTERS = 65_536
_READINGS = 8
#: CPU time, several times the cost of any text known, for a mistake in the other limits.
_SECONDS = 0.25
_SECONDS_PER_CHARACTER = 2e-6
_CUT_WINDOW = 4_096
#: Cut a text after one of these, in this order: each separates independent parts.
_CUTS = ("\n", "\\n", " ", '",', "},", "&", ";", ",")
_PASSES = 4  # three are enough for every line of the corpora
#: An escape directly before a word.
_ESCAPED_WORD = LazyPattern(r"[\\%](?:u00[0-9a-fA-F]{2}|x[0-9a-fA-F]{2}|[nrt]|(?:25){0,3}[0-9a-fA-F]{2})[A-Za-z0-9]")
_SHORTEST_SECRET = 20  # an AWS key
_SHORTEST_CARD = 13
_SHORTEST_PHONE = 9  # digits of the shortest phone number that needs no word before it

_VENDOR_ROWS = {FIRST_VENDOR + index: (row.kind, LazyPattern(row.pattern)) for index, row in enumerate(VENDORS)}
_VENDOR_GATES = frozenset(_VENDOR_ROWS)
_CONTEXT_ROWS = tuple((row.kind, LazyPattern(row.near), LazyPattern(row.pattern)) for row in VENDORS if row.near)


class TextEngine:
    """The text rules of one redactor."""

    def __init__(
        self,
        keys: KeyClassifier,
        markers: Markers,
        patterns: Mapping[str, re.Pattern[str]],
        *,
        ip_addresses: bool = False,
    ) -> None:
        self._markers = markers
        self._keys = keys
        self._key_values = KeyValueReader(keys, markers)
        self._sentences = SentenceReader(keys, markers)
        self._markup = MarkupReader(keys, markers)
        self._sql = SqlReader(keys, markers)
        self._user_patterns = tuple(
            (kind, re.compile(f"({markers.pattern.pattern})|{pattern.pattern}", pattern.flags))
            for kind, pattern in patterns.items()
        )
        self._ips = ip_addresses
        self._re2_gates: Callable[[str], frozenset[int]] | None = None
        self._re2_loaded = False

    def text(self, text: str) -> str:
        """Redact the text."""
        if len(text) < _SHORTEST_SECRET and not self._user_patterns and _harmless(text):
            return text
        if "[" in text and may_have_ansi(text):
            plain, sequences = strip_ansi(text)
            if sequences:
                cleaned = self._until_stable(plain)
                return text if cleaned == plain else self._restore_ansi(cleaned, sequences)
        return self._until_stable(text)

    def _restore_ansi(self, cleaned: str, sequences: list[str]) -> str:
        """Restore ANSI sequences. If one was lost with a secret, return the text without any, after another pass."""
        text = restore_ansi(cleaned, sequences)
        return text if may_have_ansi(text) else self._until_stable(text)

    def _until_stable(self, text: str) -> str:
        if len(text) <= SHORT_TEXT or ambient() is not None:
            return self._passes(text)
        with limited(new_budget()):
            return self._passes(text)

    def _passes(self, text: str) -> str:
        for _ in range(_PASSES):
            cleaned = self._short_text(text) if len(text) <= SHORT_TEXT else self._long_text(text)
            if cleaned is text or cleaned == text:
                return text
            text = cleaned
            if self._markers.is_marker(text):  # usually the value of a record; another pass would find nothing
                return text
        return UNREADABLE

    def _short_text(self, text: str) -> str:
        try:
            return self._pass(private_keys.clean(text, self._markers) if "-----BEGIN" in text else text)
        except BudgetExceeded:  # the budget of the record that contains the text
            return OVER_BUDGET

    def _long_text(self, text: str) -> str:
        out: list[str] = []
        at = 0
        budget = ambient() or new_budget()
        budget.extend(**_allowance(text))
        try:
            if "-----BEGIN" in text:
                text = private_keys.clean(text, self._markers)
            if len(text) <= _PIECE:
                budget.check()
                return self._pass(text)
            while at < len(text):
                budget.check()
                end = _cut(text, at)
                out.append(self._pass(text[at:end]))
                at = end
        except BudgetExceeded:
            out.append(OVER_BUDGET)
        return "".join(out)

    def _pass(self, text: str, *, decoded: bool = False) -> str:
        markers = self._markers
        for kind, pattern in self._user_patterns:
            text = pattern.sub(partial(self._mark_user_pattern, kind), text)
        # Markers are ignored here, so that a second pass opens the same gates.
        gates = self._open_gates(markers.standalone.sub(" ", text) if "[" in text else text)
        if ("\\" in text or "%" in text) and _ESCAPED_WORD.search(
            text
        ) is not None:  # an escape hides where the word behind it begins: %22sk_live_
            unescaped = mask_escapes(text)
            gates_behind = self._open_gates(unescaped)
            gates |= gates_behind
            if prefilter.VENDOR_CONTEXT in gates_behind or not gates_behind.isdisjoint(_VENDOR_GATES):
                text = self._vendor_keys_after_escape(text, unescaped, gates_behind)
        if "://" in text and "@" in text:
            text = urls.credentials(text, markers)
        elif "//" in text and "@" in text:
            text = urls.malformed_credentials(text, markers)
        if not gates.isdisjoint(_VENDOR_GATES):
            text = self._vendor_keys(text, gates)
        if prefilter.VENDOR_CONTEXT in gates:
            text = self._vendor_keys_by_context(text)
        if "/" in text:
            text = urls.tokens(text, markers)
        if " VALUES" in text or "$1" in text or "args=" in text or " values" in text or "parameters" in text:
            text = self._sql.clean(text)
        if tables.present(text):
            text = tables.clean(text, self._keys, markers)
        if "\n" in text and traceback_values.present(text):
            text = traceback_values.clean(text, self._keys, markers)
        if prefilter.KEYS in gates:
            text = self._key_values.clean(text)
        if prefilter.COMMAND in gates:
            text = self._markup.commands(text)
        if prefilter.MARKUP in gates or "[" in text:
            text = self._markup.clean(text)
        if not gates.isdisjoint(prefilter.SENTENCE_GATES):
            text = self._sentences.clean(text, gates)
        if prefilter.BASE64 in gates and not decoded:
            text = base64_text.clean(text, self._redact_decoded, markers)
        if emails.present(text):
            text = emails.clean(text, markers)
        if prefilter.NUMBERS in gates or prefilter.PHONE in gates:
            text = numbers.clean(text, markers, phone_word=prefilter.PHONE in gates)
        if "[" in text:
            text = names_and_streets.clean(text, markers)
        if prefilter.PERSON in gates:
            text = names_and_streets.names_after_words(text, markers)
        if prefilter.STREET in gates:
            text = names_and_streets.streets(text, markers)
        return numbers.addresses(text, markers) if self._ips else text

    def _redact_decoded(self, text: str) -> str:
        """Redact decoded text; nothing is decoded a second time."""
        with uncounted():
            return self._pass(text, decoded=True)

    def _open_gates(self, text: str) -> frozenset[int]:
        if not self._re2_loaded:
            self._re2_gates, self._re2_loaded = prefilter_re2.compile_gates(self._keys), True
        return self._re2_gates(text) if self._re2_gates is not None and text.isascii() else prefilter.open_gates(text)

    def _vendor_keys(self, text: str, gates: frozenset[int]) -> str:
        for gate in sorted(gates & _VENDOR_GATES):
            kind, pattern = _VENDOR_ROWS[gate]
            text = pattern.sub(partial(self._mark_vendor_key, kind), text)
        return text

    def _vendor_keys_after_escape(self, text: str, unescaped: str, gates: frozenset[int]) -> str:
        """Hide vendor keys that begin directly behind an escape; they are found in the masked text."""
        spans: list[Span] = []
        rows = [_VENDOR_ROWS[gate] for gate in sorted(gates & _VENDOR_GATES)]
        if prefilter.VENDOR_CONTEXT in gates:
            rows += [(kind, pattern) for kind, near, pattern in _CONTEXT_ROWS if near.search(unescaped)]
        for kind, pattern in rows:
            for found in pattern.finditer(unescaped):
                start, end = found.span(found.lastindex or 0)
                spans.append((start, end, self._markers.mark(kind, text[start:end])))
        return splice(text, spans)

    def _vendor_keys_by_context(self, text: str) -> str:
        for kind, near, pattern in _CONTEXT_ROWS:
            if near.search(text):
                text = pattern.sub(partial(self._mark_vendor_key, kind), text)
        return text

    def _mark_user_pattern(self, kind: str, found: re.Match[str]) -> str:
        whole = found.group()
        return whole if found.group(1) or not whole else self._markers.mark(kind, whole)

    def _mark_vendor_key(self, kind: str, found: re.Match[str]) -> str:
        if found.lastindex is None:
            return self._markers.mark(kind, found.group())
        whole, base = found.group(), found.start()
        return whole[: found.start(1) - base] + self._markers.mark(kind, found.group(1)) + whole[found.end(1) - base :]


class Allowance(TypedDict):
    """Arguments of ``Budget.extend``."""

    steps: float
    characters: int
    seconds: float


def new_budget() -> Budget:
    """Return the budget of one text or record. Its parts extend it."""
    return Budget(steps=_LOOKS, characters=_CHARACTERS, seconds=_SECONDS)


def _allowance(text: str) -> Allowance:
    length = len(text)
    looks = _LOOKS + min(_LOOKS_PER_LINE * text.count("\n"), length / _CHARACTERS_PER_LOOK)
    return {"steps": looks, "characters": _READINGS * length, "seconds": _SECONDS_PER_CHARACTER * length}


def _harmless(text: str) -> bool:
    """Whether only the key of so short a text could make it sensitive.

    True for a word, for text shorter than a card number, and for text with fewer digits than a phone number.
    """
    if text.isalpha():
        return True
    bare = text.replace("_", "").replace("-", "")
    if len(text) < _SHORTEST_CARD and (
        text.isalnum() or (bare.isalnum() and bare.isascii() and len(bare.strip(ascii_letters)) < _SHORTEST_PHONE)
    ):
        return True
    return bare.replace(".", "").isalpha()


def _cut(text: str, at: int) -> int:
    """Return the end of a piece: after a line, word, member or parameter if one is near, else at the size limit."""
    end = at + _PIECE
    if end >= len(text):
        return len(text)
    for blank in _CUTS:
        found = text.rfind(blank, end - _CUT_WINDOW, end)
        if found > at:
            return found + len(blank)
    return end
