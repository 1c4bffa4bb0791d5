"""One text through all readers: gates first, then substitution by substitution, until nothing changes.

- Every reader is linear: repetitions are bounded or possessive, ends are looked for with ``str.find``.
- Long text goes in pieces of 64 KB, cut at a blank where one is near.
- Each piece has a budget of markers and of readings; what is left when it is spent is not written at all.
- Idempotent by construction: what is returned is a text that one more pass would return as it is.
"""

import re
from collections.abc import Mapping
from functools import partial

from launchready.core.redact import blocks, emails, links, numbers
from launchready.core.redact.forms import Forms
from launchready.core.redact.keys import Keys
from launchready.core.redact.marks import TOO_MUCH, UNREAD, Marks, Spent
from launchready.core.redact.pairs import Pairs
from launchready.core.redact.prose import Prose
from launchready.core.redact.sql import Sql
from launchready.vendors.formats import VENDORS

_PIECE = 65_536
_NEAR = 4_096
_PASSES = 6

_GATED = tuple((row.kind, row.gates, re.compile(row.pattern)) for row in VENDORS if row.gates)
_ALWAYS = tuple((row.kind, re.compile(row.pattern)) for row in VENDORS if not row.gates)
_GATES = tuple({gate for row in VENDORS for gate in row.gates})


class Engine:
    """The text rules of one redactor."""

    def __init__(
        self, keys: Keys, marks: Marks, patterns: Mapping[str, re.Pattern[str]], *, ip_addresses: bool = False
    ) -> None:
        self._marks = marks
        self._pairs = Pairs(keys, marks)
        self._prose = Prose(marks)
        self._forms = Forms(keys, marks)
        self._sql = Sql(keys, marks)
        self._own = tuple(
            (kind, re.compile(f"({marks.pattern.pattern})|{pattern.pattern}", pattern.flags))
            for kind, pattern in patterns.items()
        )
        self._ips = ip_addresses

    def text(self, text: str) -> str:
        """The text, redacted."""
        for _ in range(_PASSES):
            cleaned = self._pieces(text)
            if cleaned == text:
                return text
            text = cleaned
        return UNREAD

    def _pieces(self, text: str) -> str:
        if "-----BEGIN" in text:
            text = blocks.clean(text, self._marks)
        out: list[str] = []
        at = 0
        try:
            while at < len(text):
                end = _cut(text, at)
                out.append(self._pass(text[at:end]))
                at = end
        except Spent:
            out.append(TOO_MUCH)
        return "".join(out)

    def _pass(self, text: str) -> str:
        marks = self._marks
        for kind, pattern in self._own:
            text = pattern.sub(partial(self._own_class, kind), text)
        if "://" in text and "@" in text:
            text = links.credentials(text, marks)
        shape = numbers.figure(text)
        text = self._vendors(text)
        if "/" in text:
            text = links.tokens(text, marks)
        if " VALUES" in text or "$1" in text or "args=" in text or " values" in text or "parameters" in text:
            text = self._sql.clean(text)
        if ":" in text or "=" in text or "," in text or "%3" in text:
            text = self._pairs.clean(text)
        text = self._forms.clean(text)
        low = text.lower()
        text = self._prose.clean(text, low)
        if emails.present(text):
            text = emails.clean(text, marks)
            if " <[email" in text:
                text = self._prose.mailboxes(text)
        text = numbers.clean(text, shape, low, marks)
        return numbers.addresses(text, marks) if self._ips else text

    def _vendors(self, text: str) -> str:
        if any(map(text.__contains__, _GATES)):
            for kind, gates, pattern in _GATED:
                if any(map(text.__contains__, gates)):
                    text = pattern.sub(partial(self._vendor, kind), text)
        for kind, pattern in _ALWAYS if _has_run(text) else ():
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


_WORDLIKE = str.maketrans("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", "a" * 63)


def _has_run(text: str) -> bool:
    """Whether thirteen letters and digits stand in a row: every key of a vendor has them, a UUID has twelve."""
    return "aaaaaaaaaaaaa" in text.translate(_WORDLIKE)


def _cut(text: str, at: int) -> int:
    """Where a piece ends: after a newline, else a blank, else hard."""
    end = at + _PIECE
    if end >= len(text):
        return len(text)
    for blank in ("\n", " "):
        found = text.rfind(blank, end - _NEAR, end)
        if found > at:
            return found + 1
    return end
