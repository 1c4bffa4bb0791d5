"""Markers replace values: ``[email]``, ``[email:3f9a1c]``, ``[card ****1111]``.

Readers recognise a marker and never mark it a second time, which makes redaction idempotent.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module

from launchready.budget import charge
from launchready.redaction.text.rules.fields import FIELDS
from launchready.vendors.formats import VENDORS

#: All classes of the rule set, without those a user adds.
KINDS: frozenset[str] = frozenset(({row.kind for row in FIELDS} | {row.kind for row in VENDORS}) - {""}) | {
    "private_key",
    "ip",
    "text",
}

#: Classes of persons and accounts, whose tags may be compared. A tag of a six-digit code could be found by trial.
_COMPARABLE = frozenset({"email", "phone", "card", "iban", "name", "address", "session", "push_token", "ip"})

#: Replaces text that could not be read. No known value is behind it.
UNREADABLE = "[redacted]"

#: Replaces the rest of a text whose work budget is used up.
OVER_BUDGET = "[redacted: too much to read]"


_QUIET: ContextVar[bool] = ContextVar("launchready.redact.quiet", default=False)


@contextmanager
def uncounted() -> Iterator[None]:
    """Do not count markers made in this block; they were counted before or are counted elsewhere."""
    token = _QUIET.set(True)
    try:
        yield
    finally:
        _QUIET.reset(token)


_ANY = re.compile(r"\[([a-z0-9][a-z0-9_ -]{0,63})(?::[0-9a-f]{6}| \*{4}\d{4}|: [a-z ]{1,40})?\]")


def marker_classes(text: str) -> list[str]:
    """Return the class of every marker in the text, classes added by a user included."""
    return _ANY.findall(text)


class Markers:
    """Makes markers and counts them by class. Never keeps a value."""

    def __init__(self, kinds: Iterable[str] = (), *, key: bytes | None = None, allow: Iterable[str] = ()) -> None:
        self.kinds = KINDS | frozenset(kinds)
        names = "|".join(sorted(map(re.escape, self.kinds), key=len, reverse=True))
        self.pattern = re.compile(
            rf"\[(?:(?:{names})(?::[0-9a-f]{{6}}| \*{{4}}\d{{4}})?|redacted(?:: [a-z ]{{1,40}})?)\]"
        )
        #: Markers that are no key. In ``user[password]=`` and ``[password] => x`` the brackets hold a key.
        self.standalone = re.compile(rf"\[(?<![\w\]]\[){self.pattern.pattern[2:]}(?![\"'\]]{{0,8}}[ \t]{{0,8}}[=:])")
        self.counts: Counter[str] = Counter()
        self._key = key
        entries = [entry.strip() for entry in allow]
        self._off = frozenset(entry[6:] for entry in entries if entry.startswith("class:"))
        self._values = frozenset(entry.lower() for entry in entries if not entry.startswith(("class:", "key:", "@")))
        self._domains = tuple(entry.lower() for entry in entries if entry.startswith("@"))

    def is_marker(self, text: str) -> bool:
        """Whether the text is exactly one marker."""
        return text[:1] == "[" and self.pattern.fullmatch(text) is not None

    def allows_class(self, kind: str) -> bool:
        """Whether the user allows the whole class."""
        return kind in self._off

    def mark(self, kind: str, value: str) -> str:
        """Return the marker for a value, or the value itself if the user allows it or its class."""
        charge()
        if kind in self._off or self._allowed(value):
            return value
        if not _QUIET.get():
            self.counts[kind] += 1
        if self._key is not None and kind in _COMPARABLE:
            tag = (
                import_module("hashlib")
                .blake2b(_canonical(kind, value).encode("utf-8", "surrogatepass"), key=self._key, digest_size=3)
                .hexdigest()
            )
            return f"[{kind}:{tag}]"
        if kind == "card":
            digits = "".join(filter(str.isdecimal, value))
            if len(digits) >= 12 and digits.isascii():
                return f"[card ****{digits[-4:]}]"
        return f"[{kind}]"

    def _allowed(self, value: str) -> bool:
        if not self._values and not self._domains:
            return False
        low = value.lower()
        return low in self._values or (bool(self._domains) and low.endswith(self._domains))


def _canonical(kind: str, value: str) -> str:
    """Return one form for all spellings of an address or number, so that their tags agree."""
    if kind == "email":
        return re.sub(r"%(?:25){0,3}40|\\{1,16}u0040|&#(?:64|x40);", "@", value).lower()
    if kind in {"phone", "card"}:
        return "".join(filter(str.isdigit, value))
    return "".join(value.split()).upper() if kind == "iban" else value
