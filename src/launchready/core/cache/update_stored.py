"""What a 304, or the answer to HEAD, changes of a stored response (RFC 9111 §3.2, §4.3.4, §4.3.5)."""

from launchready.core.cache.cache_status import FIELD
from launchready.core.cache.stored_response import StoredResponse
from launchready.http.message import Headers, Response

# §3.2: what belongs to the stored body, and to the connection that the new fields came by.
_KEPT = frozenset({b"content-length", b"content-encoding", b"content-range", b"content-type", FIELD})


def merge_headers(stored: StoredResponse, response: Response) -> Response:
    """The stored head, with every field that the new one names taken from there."""
    new: Headers = [pair for pair in response.headers if pair[0] not in _KEPT]
    names = {name for name, _ in new}
    return Response(stored.status, [pair for pair in stored.headers if pair[0] not in names] + new)


def same_entity(stored: StoredResponse, response: Response) -> bool:
    """§4.3.5: whether the answer to HEAD speaks of what is stored: no validator and no length contradicts."""
    return all(
        (theirs := response.get(name)) is None or theirs == (stored.field(name) or theirs)
        for name in (b"etag", b"last-modified")
    ) and response.get(b"content-length") in (None, b"%d" % len(stored.body))
