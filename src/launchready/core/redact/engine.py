"""One text through all readers: gates first, then substitution by substitution, until nothing changes.

- Every reader is linear: repetitions are bounded or possessive, ends are looked for with ``str.find``.
- Long text goes in pieces of 64 KB, cut where reading across the cut finds no more than reading both sides.
- Each text has a budget of work (``marks.Work``); what is left when it is spent is not written at all.
- Idempotent by construction: what is returned is a text that one more pass would return as it is.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial

from launchready.core.redact import blocks, emails, links, numbers
from launchready.core.redact.forms import Forms
from launchready.core.redact.keys import Keys
from launchready.core.redact.marks import UNREAD, Marks, Spent, Work
from launchready.core.redact.pairs import Pairs
from launchready.core.redact.prose import Prose
from launchready.core.redact.rules.vendors import VENDORS
from launchready.core.redact.sql import Sql

_PIECE = 65_536
_NEAR = 2_048
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
        self._keys = keys
        self._own = dict(patterns)
        self._ips = ip_addresses
        self._silent: Engine | None = None

    def text(self, text: str) -> str:
        """The text, redacted."""
        for _ in range(_PASSES):
            cleaned = self._once(text)
            if cleaned == text:
                return text
            text = cleaned
        return UNREAD

    def _once(self, text: str) -> str:
        if len(text) > _PIECE:
            return self._pieces(text)
        try:
            return self._pass(text, Work())
        except Spent:
            return UNREAD

    def _pieces(self, text: str) -> str:
        if "-----BEGIN" in text:
            text = blocks.clean(text, self._marks)
        out: list[str] = []
        work = Work()
        at = 0
        try:
            while at < len(text):
                end, after = self._cut(text, at)
                out.append(self._pass(text[at:end], work))
                if after > end:
                    out.append(UNREAD)
                at = after
        except Spent:
            out.append(UNREAD)
        return "".join(out)

    def _cut(self, text: str, at: int) -> tuple[int, int]:
        """Where a piece ends and the next begins. They differ where no safe cut was found: what is between is lost."""
        if at + _PIECE >= len(text):
            return len(text), len(text)
        for end in _cuts(text, at):
            left, right = text[end - _NEAR : end], text[end : end + _NEAR]
            if self._silently(left + right) == self._silently(left) + self._silently(right):
                return end, end
        end = at + _PIECE
        return end - _NEAR, end

    def _silently(self, text: str) -> str:
        if self._silent is None:
            self._silent = Engine(self._keys, self._marks.uncounted(), self._own, ip_addresses=self._ips)
        try:
            return self._silent._pass(text, Work())
        except Spent:
            return UNREAD

    def _pass(self, text: str, work: Work) -> str:
        marks = self._marks
        for kind, pattern in self._own.items():
            text = self._own_class(kind, pattern, text)
        if "-----BEGIN" in text:
            text = blocks.clean(text, marks)
        if "://" in text and "@" in text:
            text = links.credentials(text, marks)
        shape = numbers.figure(text)
        if _has_run(text):
            text = self._vendors(text)
        if "/" in text:
            text = links.tokens(text, marks)
        if " VALUES" in text or "$1" in text or "args=" in text or " values" in text or "parameters" in text:
            text = self._sql.clean(text)
        if ":" in text or "=" in text or "," in text or "%3" in text:
            text = self._pairs.clean(text, work)
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
        for kind, pattern in _ALWAYS:
            text = pattern.sub(partial(self._vendor, kind), text)
        return text

    def _own_class(self, kind: str, pattern: re.Pattern[str], text: str) -> str:
        """A class of the user's, in the text between markers: no pattern reaches into what was marked before."""
        hide = partial(self._whole, kind)
        if "[" not in text:
            return pattern.sub(hide, text)
        out: list[str] = []
        done = 0
        for marker in self._marks.pattern.finditer(text):
            out += (pattern.sub(hide, text[done : marker.start()]), marker.group())
            done = marker.end()
        out.append(pattern.sub(hide, text[done:]))
        return "".join(out)

    def _whole(self, kind: str, found: re.Match[str]) -> str:
        return self._marks.mark(kind, found.group()) if found.group() else ""

    def _vendor(self, kind: str, found: re.Match[str]) -> str:
        if found.lastindex is None:
            return self._marks.mark(kind, found.group())
        whole, base = found.group(), found.start()
        return whole[: found.start(1) - base] + self._marks.mark(kind, found.group(1)) + whole[found.end(1) - base :]


_WORDLIKE = str.maketrans("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", "a" * 63)


def _has_run(text: str) -> bool:
    """Whether thirteen letters and digits stand in a row: every key of a vendor has them, a UUID has twelve."""
    return "aaaaaaaaaaaaa" in text.translate(_WORDLIKE)


def _cuts(text: str, at: int) -> Iterator[int]:
    """Where a piece may end: after a newline, a blank, another separator, or anywhere."""
    end = at + _PIECE
    for separator in ("\n", " ", ",", "&", ";"):
        found = text.rfind(separator, end - _NEAR, end)
        if found > at:
            yield found + 1
    yield end
