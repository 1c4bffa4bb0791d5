"""Cache-Control, as a shared cache reads it (RFC 9111 §5.2; RFC 5861; RFC 8246).

What cannot be read is not obeyed where it would loosen, and obeyed where it would forbid: in ``private; max-age=60``
the semicolon is a mistake, and the intention is not in doubt.
"""

import re
from collections.abc import Mapping

from launchready.core.cache.stored_response import SHARED, SIGNED_IN, STRICT

MAX_AGE_CAP = 2**31
"""RFC 9111 §1.2.2: a delta-seconds value above 2^31 is taken as 2^31."""

Directives = dict[bytes, bytes | None]

_DIRECTIVE = re.compile(rb'([!#$%&\'*+.^_`|~0-9a-z-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?[ \t]*(?:,|$)')
_FORBIDDING = (b"no-store", b"private", b"no-cache", b"must-revalidate", b"proxy-revalidate")
_REMEMBERED = 256


class Control:
    """What an answer says of its caching. Immutable: an app says few different things, and each is worked out once.

    - ``lifetime``: seconds of freshness for a shared cache; None where nothing is said.
    - ``own``: the same for a cache of one user, which knows no ``s-maxage``.
    - ``shared``: ``public`` or ``s-maxage``: the app means everybody, whoever asked.
    - ``signed_in``: may be stored though the request had Authorization (§3.5).
    - ``strict``: never to be used stale: ``no-cache``, ``must-revalidate``, ``proxy-revalidate``, ``s-maxage``.
    - ``stale_for``, ``error_for``: seconds past freshness that RFC 5861 allows; None where nothing is said.
    - ``forbids``: something in it may forbid storing. ``flags``: those of Stored. ``targeted``: not Cache-Control's.

    ``no-cache`` and ``private`` with field names are taken as without: §5.2.2.4 allows it, and it errs to one side.
    """

    __slots__ = (
        "error_for", "flags", "forbids", "lifetime", "must_understand", "no_cache", "no_store", "own", "private",
        "public", "s_maxage", "shared", "signed_in", "stale_for", "strict", "targeted",
    )  # fmt: skip

    def __init__(self, said: Mapping[bytes, bytes | None], *, targeted: bool = False) -> None:
        self.targeted = targeted
        self.no_store = b"no-store" in said
        self.private = b"private" in said
        self.no_cache = b"no-cache" in said
        self.public = b"public" in said
        self.must_understand = b"must-understand" in said
        self.own = _freshness(said, b"max-age")
        self.lifetime = _freshness(said, b"s-maxage", b"max-age")
        self.s_maxage = b"s-maxage" in said
        self.shared = self.public or self.s_maxage
        self.signed_in = self.shared or b"must-revalidate" in said
        self.strict = any(name in said for name in (b"no-cache", b"must-revalidate", b"proxy-revalidate", b"s-maxage"))
        self.stale_for = _freshness(said, b"stale-while-revalidate")
        self.error_for = _freshness(said, b"stale-if-error")
        self.forbids = self.no_store or self.private or self.must_understand
        self.flags = SHARED * self.shared | SIGNED_IN * self.signed_in | STRICT * self.strict


def control(value: bytes | None) -> Control:
    """The Control of a field value; of several lines, joined by a comma."""
    known = KNOWN.get(value)
    if known is None:
        if len(KNOWN) >= _REMEMBERED:
            KNOWN.clear()
            KNOWN[None] = NOTHING
        assert value is not None  # None is always known
        known = KNOWN[value] = Control(parse(value))
    return known


def parse(value: bytes) -> Directives:
    """Directives by lower-case name; the first of two counts (§4.2.1). Quoted strings keep their commas."""
    found: Directives = {}
    text, at = value.lower(), 0
    while at < len(text):
        if text[at] in b" \t,":
            at += 1
            continue
        match = _DIRECTIVE.match(text, at)
        if match is None:
            end = text.find(b",", at) % (len(text) + 1)  # the next member, or the end
            found.update(dict.fromkeys(name for name in _FORBIDDING if name in text[at:end]))
            at = end
            continue
        quoted, token = match[2], match[3]
        found.setdefault(match[1], quoted if quoted is not None else token)
        at = match.end()
    return found


def seconds(value: bytes | None) -> int | None:
    """delta-seconds, or None where the value is not one."""
    if value is None or not value.isdigit():
        return None
    return min(int(value), MAX_AGE_CAP) if len(value) <= 10 else MAX_AGE_CAP


def _freshness(said: Mapping[bytes, bytes | None], *names: bytes) -> int | None:
    """The first directive that is there. One that cannot be read is no freshness at all, as §4.2.1 advises."""
    for name in names:
        if name in said:
            return seconds(said[name]) or 0
    return None


NOTHING = Control({})
KNOWN: dict[bytes | None, Control] = {None: NOTHING}
"""What was worked out for the Cache-Control values of this app; bounded."""
