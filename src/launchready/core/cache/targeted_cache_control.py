"""Targeted Cache-Control (RFC 9213): ``CDN-Cache-Control`` and similar fields, parsed as strict Structured Fields.

The first listed field that is a non-empty Dictionary replaces Cache-Control and Expires. Fields that are no Dictionary
are skipped, and members of a wrong type are ignored. The field itself is passed on to caches in front.
"""

from launchready.core.cache.cache_control import MAX_AGE_CAP, CacheControl, Directives
from launchready.http.message import Headers
from launchready.http.structured import Item, parse_dictionary

_SECONDS = {"max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"}


def targeted(headers: Headers, targets: tuple[bytes, ...]) -> CacheControl | None:
    """The directives of a targeted field, or None if Cache-Control applies."""
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
