"""Requests and responses as features see them. Headers are pairs of bytes from end to end, with names in lower case.

Two ``set-cookie`` lines stay two. Nothing is decoded, joined or copied before a feature needs it.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

Headers = list[tuple[bytes, bytes]]


class ViewFreshness(NamedTuple):
    """The arguments of ``@cached`` on a view: seconds of freshness, tags, and whether to override safety rules."""

    seconds: int
    tags: tuple[str, ...] = ()
    force: bool = False


NOT_SHAREABLE = ViewFreshness(-1)
"""Set by a view whose response holds a value for one visitor: no cache may store it."""

PRIVATE = (b"cache-control", b"private, no-store")
"""Added to such a response."""

_CACHING = re.compile(rb"cache-control$|^(?:expires|surrogate-control|pragma)$")


class Request:
    """A request as features see it. One is created per request, so it has plain slots.

    - ``method`` is in upper case, because Flask and Django serve ``post`` like ``POST``.
    - ``path`` is decoded and below ``prefix`` (root_path, SCRIPT_NAME, a mount point), as the framework routes it.
      ``raw_path`` and ``query`` are as sent.
    - ``fields`` maps each header name to its last line, and ``get`` is its ``get`` method. ``lines(name)`` returns all
      lines.
    - ``peer`` is the address of the client's socket, "" for a UNIX socket.
    - ``adds`` holds header lines for any response, decided before there is one. The middleware appends them last. A
      feature that only adds such lines ends before Forward and is not resumed.
    - ``claimed``: the idempotency claim of this request, or None.
    - ``failed``: whether the app has reported a failed log-in; unset if it has reported nothing.
    - ``view_rule``: asks the framework whether the view of this request has an idempotency rule of its own; None where
      no view has one.
    - ``verified``: whether a webhook's signature has been verified; unset if nothing has checked it.
    - ``cached``: the freshness that the view has set, or None.

    A feature may replace ``headers`` before Forward. The app then gets the new list.
    """

    __slots__ = (
        "adds", "cached", "claimed", "failed", "fields", "get", "headers", "method", "path", "peer", "prefix", "query",
        "raw_path", "scheme", "verified", "view_rule",
    )  # fmt: skip

    failed: bool
    verified: bool
    get: Callable[[bytes], bytes | None]

    def __init__(
        self,
        method: str,
        path: str,
        raw_path: bytes,
        query: bytes,
        scheme: str,
        peer: str,
        headers: Headers,
        prefix: str = "",
    ) -> None:
        self.method = method
        self.path = path
        self.prefix = prefix
        self.raw_path = raw_path
        self.query = query
        self.scheme = scheme
        self.peer = peer
        self.headers = headers
        self.fields = dict(headers)
        self.get = self.fields.get
        self.adds: Headers = []
        self.claimed: object = None
        self.view_rule: Callable[[], bool] | None = None
        self.cached: ViewFreshness | None = None

    def lines(self, name: bytes) -> list[bytes]:
        """Return every line of a header, in order."""
        return [value for key, value in self.headers if key == name]


def multipart_boundary(request: Request) -> bytes:
    """Return the boundary of multipart/form-data, which a browser chooses anew for every submit, else b""."""
    kind, _, rest = (request.get(b"content-type") or b"").partition(b";")
    if kind != b"multipart/form-data" or b"boundary=" not in rest:
        return b""
    return rest.partition(b"boundary=")[2].partition(b";")[0].strip(b"\"' ")


class Response:
    """A response head, and its body if that is complete. ``body`` is None for a streaming response."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes | None = None) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def get(self, name: bytes) -> bytes | None:
        """Return the first line of a header, or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


def is_event_stream(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a response is a stream of server-sent events, which has no end to wait for."""
    for name, value in headers:
        if name.lower() == b"content-type":
            return value.lstrip().lower().startswith(b"text/event-stream")
    return False


def clean(headers: Iterable[tuple[bytes, bytes]], owned: frozenset[bytes]) -> Headers:
    """Return the app's lines with lower-case names, without the headers that a feature owns."""
    lines = [(bytes(name).lower(), bytes(value)) for name, value in headers]
    return [pair for pair in lines if pair[0] not in owned]


FRAME_HEADERS = frozenset({b"content-security-policy", b"x-frame-options"})
DEFAULTS = frozenset(
    {*FRAME_HEADERS, b"permissions-policy", b"referrer-policy", b"strict-transport-security", b"x-content-type-options"}
)
"""Headers that are appended only if the app does not set them."""

_NOT_APPENDED = DEFAULTS | {b"vary", b"location"}
_QUOTA_HEADERS = (b"ratelimit", b"x-ratelimit-")


def append(headers: Headers, adds: Headers, status: int) -> None:
    """Append header lines to those of a response.

    - Vary is merged into an existing Vary without duplicates. A default gives way to the app's own header.
    - A redirect carries no quota: the client would take it for the quota of the target
      (draft-ietf-httpapi-ratelimit-headers).
    - PRIVATE replaces all caching headers of the app: of two lines some caches read only the first.
    """
    if PRIVATE in adds:
        headers[:] = [pair for pair in headers if not _CACHING.search(pair[0])]
    for name, _ in headers:
        if name in _NOT_APPENDED:
            break
    else:
        headers += adds
        return
    present = dict(headers)
    # frame-ancestors makes a browser ignore X-Frame-Options (CSP3 §6.4.2), so either header of the app replaces both
    # defaults.
    framed = b"x-frame-options" in present or b"frame-ancestors" in present.get(b"content-security-policy", b"").lower()
    quiet = 300 <= status < 400 and b"location" in present
    for name, value in adds:
        if quiet and name.startswith(_QUOTA_HEADERS):
            continue
        if name == b"vary":
            add_vary(headers, value)
        elif name not in DEFAULTS or not (name in present or (framed and name in FRAME_HEADERS)):
            headers.append((name, value))


def add_vary(headers: Headers, name: bytes) -> None:
    """Add a request header to Vary, once; ``*`` covers all (RFC 9110 §12.5.5).

    The app's Vary is kept, because its cache entries are keyed by it.
    """
    for index, (key, value) in enumerate(headers):
        if key == b"vary":
            if value != name:
                members = [member.strip().lower() for member in value.split(b",")]
                if name.lower() not in members and b"*" not in members:
                    headers[index] = (key, value + b", " + name)
            return
    headers.append((b"vary", name))
