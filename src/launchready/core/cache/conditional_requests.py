"""Conditional and range requests answered from the store (RFC 9111 section 4.3.2, RFC 9110 sections 13 and 14)."""

import re

from launchready.core.cache.stored_response import StoredResponse
from launchready.http import dates
from launchready.http.message import Headers, Request, Response

# RFC 9110 section 15.4.5: fields of the 200 that a 304 repeats, and those that this cache adds.
_IN_304 = frozenset(
    {b"cache-control", b"content-location", b"date", b"etag", b"expires", b"vary", b"last-modified", b"age",
     b"cache-status", b"cdn-cache-control"}
)  # fmt: skip

_RANGE = re.compile(rb"bytes=[ \t]*(?:(\d{1,18})-(\d{1,18})?|-(\d{1,18}))[ \t]*", re.IGNORECASE)


def answer(
    request: Request, stored: StoredResponse, headers: Headers, now: float, *, wants_range: bool = True
) -> Response:
    """The stored response, or the 304, 206 or 416 that the request's conditions require. ``now``: wall time."""
    if stored.status != 200:
        return Response(stored.status, headers, stored.body)
    if not_modified(request, stored, now):
        return Response(304, [pair for pair in headers if pair[0] in _IN_304], b"")
    wanted = request.get(b"range") if wants_range and request.method == "GET" else None
    if wanted is not None and _in_range(request, stored):
        return _part(wanted, stored, headers)
    return Response(200, headers, stored.body)


def not_modified(request: Request, stored: StoredResponse, now: float) -> bool:
    """RFC 9110 section 13.2.2: If-None-Match by weak comparison; If-Modified-Since only without it."""
    wanted = request.get(b"if-none-match")
    if wanted is not None:
        etag = stored.field(b"etag").removeprefix(b"W/")
        return wanted == b"*" or any(
            etag and tag.strip(b" \t").removeprefix(b"W/") == etag for tag in wanted.split(b",")
        )
    since = request.get(b"if-modified-since")
    if since is None:
        return False
    known = stored.field(b"last-modified") or stored.field(b"date")  # RFC 9111 section 4.3.2
    if since == known:
        return True
    moment, changed = dates.parse(since, now=now), dates.parse(known, now=now)
    return moment is not None and changed is not None and changed <= moment


def _in_range(request: Request, stored: StoredResponse) -> bool:
    """RFC 9110 section 13.1.5: whether If-Range matches this representation. A weak ETag never matches."""
    condition = request.get(b"if-range")
    if condition is None:
        return True
    if condition.startswith(b'"'):
        return condition == stored.field(b"etag")
    return condition == stored.field(b"last-modified")


def _part(wanted: bytes, stored: StoredResponse, headers: Headers) -> Response:
    """RFC 9110 section 14: one byte range. Several ranges and other units get the whole representation."""
    match = _RANGE.fullmatch(wanted)
    size = len(stored.body)
    if match is None:
        return Response(200, headers, stored.body)
    if match[3] is not None:
        first, last = max(0, size - int(match[3])), size - 1
    else:
        first, last = int(match[1]), min(int(match[2]), size - 1) if match[2] else size - 1
        if match[2] and int(match[2]) < first:  # section 14.1.1: an invalid range is ignored
            return Response(200, headers, stored.body)
    kept = [pair for pair in headers if pair[0] not in (b"content-length", b"content-range")]
    if first > last:
        unsatisfied = [(b"content-range", b"bytes */%d" % size), (b"content-length", b"0")]
        return Response(416, [pair for pair in kept if pair[0] != b"content-type"] + unsatisfied, b"")
    body = stored.body[first : last + 1]
    kept += [(b"content-range", b"bytes %d-%d/%d" % (first, last, size)), (b"content-length", b"%d" % len(body))]
    return Response(206, kept, body)
