"""Cache-Control as a shared cache reads it (RFC 9111 section 5.2, RFC 5861, RFC 8246).

A member that cannot be parsed never loosens caching, but a forbidding directive inside it still counts: the semicolon
in ``private; max-age=60`` is a mistake with a clear intention.
"""

import re
from collections.abc import Mapping

from launchready.core.cache.stored_response import ALLOWS_AUTHORIZATION, EXPLICITLY_SHARED, NEVER_STALE

MAX_AGE_CAP = 2**31
"""RFC 9111 section 1.2.2: larger delta-seconds values are read as 2^31."""

Directives = dict[bytes, bytes | None]

_DIRECTIVE = re.compile(rb'([!#$%&\'*+.^_`|~0-9a-z-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?[ \t]*(?:,|$)')
_FORBIDDING = (b"no-store", b"private", b"no-cache", b"must-revalidate", b"proxy-revalidate")
_MAX_PARSED = 256


class CacheControl:
    """The parsed caching directives of a response. Immutable, so equal header values share one instance.

    - ``lifetime``: seconds of freshness in a shared cache; None if the response states none.
    - ``private_lifetime``: the same for the cache of one user, which ignores ``s-maxage``.
    - ``explicitly_shared``: ``public`` or ``s-maxage`` is present.
    - ``allows_authorization``: may be stored although the request had Authorization (section 3.5).
    - ``never_stale``: ``no-cache``, ``must-revalidate``, ``proxy-revalidate`` or ``s-maxage`` forbids a stale response.
    - ``stale_while_revalidate``, ``stale_if_error``: seconds after freshness ends (RFC 5861); None if not stated.
    - ``may_forbid``: some directive may forbid storing. ``flags``: the bits of StoredResponse.
    - ``targeted``: the directives come from a targeted field and not from Cache-Control.

    ``no-cache`` and ``private`` with field names are read as without them, as section 5.2.2.4 allows.
    """

    __slots__ = (
        "allows_authorization",
        "explicitly_shared",
        "flags",
        "lifetime",
        "may_forbid",
        "must_understand",
        "never_stale",
        "no_cache",
        "no_store",
        "private",
        "private_lifetime",
        "public",
        "s_maxage",
        "stale_if_error",
        "stale_while_revalidate",
        "targeted",
    )  # fmt: skip

    def __init__(self, directives: Mapping[bytes, bytes | None], *, targeted: bool = False) -> None:
        self.targeted = targeted
        self.no_store = b"no-store" in directives
        self.private = b"private" in directives
        self.no_cache = b"no-cache" in directives
        self.public = b"public" in directives
        self.must_understand = b"must-understand" in directives
        self.private_lifetime = _freshness(directives, b"max-age")
        self.lifetime = _freshness(directives, b"s-maxage", b"max-age")
        self.s_maxage = b"s-maxage" in directives
        self.explicitly_shared = self.public or self.s_maxage
        self.allows_authorization = self.explicitly_shared or b"must-revalidate" in directives
        self.never_stale = any(
            name in directives for name in (b"no-cache", b"must-revalidate", b"proxy-revalidate", b"s-maxage")
        )
        self.stale_while_revalidate = _freshness(directives, b"stale-while-revalidate")
        self.stale_if_error = _freshness(directives, b"stale-if-error")
        self.may_forbid = self.no_store or self.private or self.must_understand
        self.flags = (
            EXPLICITLY_SHARED * self.explicitly_shared
            | ALLOWS_AUTHORIZATION * self.allows_authorization
            | NEVER_STALE * self.never_stale
        )


def parse_cache_control(value: bytes | None) -> CacheControl:
    """Parse a field value; several lines are joined by commas. Results are remembered."""
    known = PARSED.get(value)
    if known is None:
        if len(PARSED) >= _MAX_PARSED:
            PARSED.clear()
            PARSED[None] = NO_DIRECTIVES
        assert value is not None  # None is always known
        known = PARSED[value] = CacheControl(parse(value))
    return known


def parse(value: bytes) -> Directives:
    """Directives by lower-case name; the first of two equal names counts (section 4.2.1). Quoted commas are kept."""
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
    """Read delta-seconds; None if the value is not a number."""
    if value is None or not value.isdigit():
        return None
    return min(int(value), MAX_AGE_CAP) if len(value) <= 10 else MAX_AGE_CAP


def _freshness(directives: Mapping[bytes, bytes | None], *names: bytes) -> int | None:
    """Value of the first directive present. An unreadable value means no freshness, as section 4.2.1 advises."""
    for name in names:
        if name in directives:
            return seconds(directives[name]) or 0
    return None


NO_DIRECTIVES = CacheControl({})
PARSED: dict[bytes | None, CacheControl] = {None: NO_DIRECTIVES}
"""Parsed Cache-Control values of this app; bounded."""
