"""A request and a response, as a feature sees them. Headers are pairs of bytes from end to end, names in lower case.

Two ``set-cookie`` lines stay two. Nothing is decoded, joined or copied before a feature asks for it.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

Headers = list[tuple[bytes, bytes]]


class ViewFreshness(NamedTuple):
    """What a view says of its own answer with ``@cached``: seconds of freshness, tags, and whether it is sure."""

    seconds: int
    tags: tuple[str, ...] = ()
    force: bool = False


class Request:
    """What a feature may know of a request. One is made per request, so it is plain slots.

    - ``path`` is decoded (as the framework routes it), ``raw_path`` and ``query`` are as they were sent.
    - ``fields`` are the header lines by name, of several lines the last; ``get`` is its method of that name.
      ``lines(name)`` gives all of them.
    - ``peer`` is the address of the socket's other end, "" where there is none (a UNIX socket).
    - ``adds`` is for header lines that go on whatever answer leaves, decided before there is one: the face appends
      them last. A feature that has no more to say than these ends before Forward, and need not be resumed.
    - ``claimed``: the idempotency key that is held for it, or None.
    - ``failed``: whether a log-in was refused, where the app has said so in words; unset where it has not.
    - ``view_rule``: asks the framework whether the view of this request has an idempotency rule of its own; None where
      no view has one.
    - ``cached``: what the view says of its answer's freshness, or None.

    A feature may put another list in the place of ``headers`` before Forward: then the app gets those.
    """

    __slots__ = (
        "adds", "cached", "claimed", "failed", "fields", "get", "headers", "method", "path", "peer", "query",
        "raw_path", "scheme", "view_rule",
    )  # fmt: skip

    failed: bool
    get: Callable[[bytes], bytes | None]

    def __init__(
        self, method: str, path: str, raw_path: bytes, query: bytes, scheme: str, peer: str, headers: Headers
    ) -> None:
        self.method = method
        self.path = path
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
        """Every line of a header, in order."""
        return [value for key, value in self.headers if key == name]


def multipart_boundary(request: Request) -> bytes:
    """What a browser draws anew for every click of one form: the boundary of multipart/form-data, else b""."""
    kind, _, rest = (request.get(b"content-type") or b"").partition(b";")
    if kind != b"multipart/form-data" or b"boundary=" not in rest:
        return b""
    return rest.partition(b"boundary=")[2].partition(b";")[0].strip(b"\"' ")


class Response:
    """A response head, and its body where somebody has all of it (else None: it streams past)."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes | None = None) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def get(self, name: bytes) -> bytes | None:
        """The first line of a header, or None."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


def clean(headers: Iterable[tuple[bytes, bytes]], owned: frozenset[bytes]) -> Headers:
    """The app's lines with names in lower case, without those that a feature answers for."""
    lines = [(bytes(name).lower(), bytes(value)) for name, value in headers]
    return [pair for pair in lines if pair[0] not in owned]


FRAME_HEADERS = frozenset({b"content-security-policy", b"x-frame-options"})
DEFAULTS = frozenset(
    {*FRAME_HEADERS, b"permissions-policy", b"referrer-policy", b"strict-transport-security", b"x-content-type-options"}
)
"""What is appended only where the app says nothing of its own."""

_NOT_APPENDED = DEFAULTS | {b"vary", b"location"}
_QUOTA_HEADERS = (b"ratelimit", b"x-ratelimit-")


def append(headers: Headers, adds: Headers, status: int) -> None:
    """Append lines to those of a response.

    - Vary is merged into the Vary that is there, so that no member stands twice; a default gives way to the app's own.
    - A redirect does not say what is left of a quota: the client would take it for the target's
      (draft-ietf-httpapi-ratelimit-headers).
    """
    for name, _ in headers:
        if name in _NOT_APPENDED:
            break
    else:
        headers += adds
        return
    present = dict(headers)
    # frame-ancestors makes a browser ignore X-Frame-Options (CSP3 §6.4.2): where the app has said who may frame it in
    # either way, it has said so in both.
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
    """Name a request header in Vary, once; ``*`` covers all (RFC 9110 §12.5.5).

    Set on what the app wrote, not over it: the app's own Vary decides what its cache entries are keyed by.
    """
    for index, (key, value) in enumerate(headers):
        if key == b"vary":
            if value != name:
                members = [member.strip().lower() for member in value.split(b",")]
                if name.lower() not in members and b"*" not in members:
                    headers[index] = (key, value + b", " + name)
            return
    headers.append((b"vary", name))
