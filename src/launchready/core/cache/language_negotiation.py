"""Selection by the language of a stored response (RFC 9111 section 4.1, RFC 9110 section 12.5.4).

Two values of Accept-Language may select the same response: a client that prefers German gets the German response stored
for another client. A response with one ``Content-Language`` is therefore also stored under that language. A request
that finds nothing under its own header value looks there, if it prefers exactly one language. rfc9111 profile only.
"""

from launchready.core.cache.cache_key import variant_key
from launchready.core.cache.shared_state import CacheState
from launchready.core.cache.stored_response import StoredResponse, stamp, verify_stamp
from launchready.exchange.operations import Flow
from launchready.exchange.store import Entry, Get, Put
from launchready.http.message import Request

FIELD = b"accept-language"


def preferred(
    state: CacheState, request: Request, key: str, pointer: Entry[StoredResponse]
) -> Flow[Entry[StoredResponse] | None]:
    """The fresh response in the one language that the request prefers, or None."""
    tag = favourite(b",".join(request.lines(FIELD)))
    if tag is None or FIELD not in pointer.value.vary:
        return None
    found = Get(state.space, _key(key, pointer, request, tag))
    yield found
    entry = found.answer
    if state.shared_store:
        entry = verify_stamp(entry, found.key)
    return entry if entry is not None and entry.value.lifetime > entry.value.age + entry.age else None


def offer(
    state: CacheState, request: Request, key: str, pointer: Entry[StoredResponse], stored: StoredResponse
) -> Flow[None]:
    """Store a response under its language as well."""
    tag = stored.field(b"content-language").strip(b" \t").lower()
    if tag and b"," not in tag and FIELD in stored.vary:
        at = _key(key, pointer, request, tag)
        stored.stamp = stamp(at)
        yield Put(state.space, at, stored, stored.ttl)


def favourite(value: bytes) -> bytes | None:
    """The only language with the highest weight, or None."""
    weights: dict[bytes, float] = {}
    for member in value.lower().split(b","):
        tag, _, weight = member.replace(b" ", b"").replace(b"\t", b"").partition(b";q=")
        try:
            weights[tag] = float(weight or 1)
        except ValueError:
            return None
    most = max(weights.values())
    best = [tag for tag, weight in weights.items() if 0 < weight == most]
    return best[0] if len(best) == 1 and best[0] not in {b"", b"*"} else None


def _key(key: str, pointer: Entry[StoredResponse], request: Request, tag: bytes) -> str:
    return variant_key(key, pointer.version, pointer.value.vary, request, language=tag)
