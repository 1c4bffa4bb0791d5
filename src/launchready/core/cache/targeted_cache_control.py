"""Targeted Cache-Control (RFC 9213): ``CDN-Cache-Control`` and its kin, a strict Structured Field.

The first field of the target list that is there and is a Dictionary with members speaks in place of Cache-Control and
Expires. One that is not a Dictionary is passed over, and a directive of another type than its own is not there. The
field itself goes on, for a cache in front that it is meant for as well.
"""

from launchready.core.cache.cache_control import MAX_AGE_CAP, CacheControl, Directives
from launchready.http.message import Headers
from launchready.http.structured import Item, parse_dictionary

_SECONDS = {"max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"}


def targeted(headers: Headers, targets: tuple[bytes, ...]) -> CacheControl | None:
    """The Control that a targeted field gives, or None where Cache-Control speaks."""
    for target in targets:
        lines = [value for name, value in headers if name == target]
        members = parse_dictionary(b", ".join(lines)) if lines else None
        if members:
            return CacheControl(_directives(members), targeted=True)
    return None


def _directives(members: dict[str, Item]) -> Directives:
    found: Directives = {}
    for name, item in members.items():
        if name in _SECONDS:
            if isinstance(item.value, int) and not isinstance(item.value, bool) and item.value >= 0:
                found[name.encode()] = b"%d" % min(item.value, MAX_AGE_CAP)
        elif item.value is True:
            found[name.encode()] = None
        elif isinstance(item.value, str):  # no-cache="set-cookie"
            found[name.encode()] = item.value.lower().encode()
    return found
