"""A shared HTTP cache inside the app (RFC 9111), for what the app itself says may be shared.

Stored: a 200 (or another final status) to a GET, with explicit freshness (``s-maxage``, ``max-age``, ``Expires``, or
a freshness that the settings give to a route whose answer states none), keyed by URL and by the request headers that
Vary names. Never stored, whatever headers say: an answer with Set-Cookie, to a request with Authorization, Cookie, a
body or a Range; ``private``, ``no-store``, ``no-cache``, ``Vary: *``; a body cut short or over the bound. A header
that steers what an app answers and is not part of the key (X-Forwarded-Host and its kin) bypasses the cache.

Concurrent misses of one URL become one call of the app (single flight). A conditional request is answered from the
store with 304. Every answer says what happened in Cache-Status (RFC 9211).

Not done yet: validation with the app, stale-while-revalidate and stale-if-error, ranges, purging, targeted fields,
heuristic freshness, sharing answers to requests that carry cookies.
"""

import json
import re
from collections.abc import Callable
from operator import attrgetter

from launchready.errors import StoreError
from launchready.exchange.app import Copy, Flight, Forward, Join
from launchready.exchange.ops import Flow, new
from launchready.exchange.store import Delete, Get, Put, Space
from launchready.http import dates
from launchready.http.message import Headers, Request, Response
from launchready.http.routes import RouteTable

STATUS = b"cache-status"
MISS = (STATUS, b"launchready; fwd=uri-miss")
MISS_STORED = (STATUS, b"launchready; fwd=uri-miss; stored")
_HEADER_LINE = 200  # bytes of Python that a header line takes
MAX_AGE_CAP = 2**31
"""RFC 9111 §1.2.2: a delta-seconds value above 2^31 is taken as 2^31."""

# Statuses that are final, whose meaning this cache understands (RFC 9110 §15).
STORABLE = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

# A request with one of these is for one person, for a part, or steers the app past the key: never from the cache.
_BYPASS = (
    b"authorization", b"cookie", b"range", b"transfer-encoding",
    b"x-forwarded-host", b"x-host", b"x-original-url", b"x-rewrite-url", b"x-http-method-override", b"forwarded",
)  # fmt: skip

_NOT_STORED = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-connection", b"te", b"trailer", b"transfer-encoding",
     b"upgrade", STATUS, b"age"}
)  # fmt: skip

_FORBIDDING = frozenset({b"no-store", b"private", b"no-cache"})

# A request with none of these asks for nothing special, which is nearly every request.
_SPEAKING = frozenset({*_BYPASS, b"content-length", b"cache-control", b"pragma"})

# RFC 9110 §15.4.5: what a 304 repeats of the 200 it stands for.
_IN_304 = frozenset({b"cache-control", b"content-location", b"date", b"etag", b"expires", b"vary", b"last-modified"})

_DIRECTIVE = re.compile(rb'([!#$%&\'*+.^_`|~0-9a-z-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?[ \t]*(?:,|$)')


class Stored:
    """A stored response, or (with ``vary`` set and status 0) a pointer: the answer depends on these headers.

    ``lifetime``: seconds of freshness from the moment it was made; ``age``: how old it was when it came; ``length``:
    the length that the app announced. ``body`` is filled before it is put, and nothing is changed afterwards.
    ``weight``: bytes, as a store in memory counts them.
    """

    __slots__ = ("age", "body", "headers", "length", "lifetime", "status", "vary", "weight")

    def __init__(self, status: int, headers: Headers, lifetime: int, age: int, vary: list[bytes]) -> None:
        self.status = status
        self.headers = headers
        self.body = b""
        self.length: bytes | None = None
        self.lifetime = lifetime
        self.age = age
        self.vary = vary
        self.weight = _HEADER_LINE * len(headers)


def dump(stored: Stored) -> bytes:
    head = {
        "s": stored.status,
        "l": stored.lifetime,
        "a": stored.age,
        "v": [name.decode("latin-1") for name in stored.vary],
        "h": [(name.decode("latin-1"), value.decode("latin-1")) for name, value in stored.headers],
    }
    return json.dumps(head).encode() + b"\n" + stored.body


def load(data: bytes) -> Stored:
    line, _, body = data.partition(b"\n")
    head = json.loads(line)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head["h"]]
    stored = Stored(head["s"], headers, head["l"], head["a"], [name.encode("latin-1") for name in head["v"]])
    stored.body = body
    stored.weight += len(body)
    return stored


size: Callable[[Stored], int] = attrgetter("weight")  # in C: no Python frame for every answer that is stored


class Cache:
    """``routes``: seconds of freshness for answers that state none. ``wall``: the date, for Expires; never for age."""

    name = "cache"

    def __init__(
        self, routes: RouteTable[int], space: Space[Stored], *, max_body: int, wall: Callable[[], float]
    ) -> None:
        self._routes = routes or None
        self._space = space
        self._max_body = max_body
        self._wall = wall
        self._flying: dict[str, Flight] = {}

    def handle(self, request: Request) -> Flow[Response | None]:
        method = request.method
        if method not in {"GET", "HEAD"}:
            return (yield from self._invalidate(request)) if method not in SAFE else None
        look = True
        if not _SPEAKING.isdisjoint(request.fields):
            reason, look = _asked(request)
            if reason:
                return (yield from self._pass(b"bypass", reason))
        key = target(request)
        flight = Flight()
        leads = waited = False
        try:
            while look:
                found = new(Get)
                found.space = self._space
                found.key = key
                yield found
                entry = found.answer
                if entry is not None and entry.value.vary:
                    found.key = variant(key, entry.version, entry.value.vary, request)
                    yield found
                    entry = found.answer
                if entry is not None:
                    age = entry.value.age + int(entry.age)
                    if entry.value.lifetime > age:
                        return hit(request, entry.value, age)
                if waited:
                    break
                ahead = self._flying.setdefault(key, flight) if method == "GET" else flight
                if ahead is flight:
                    leads = method == "GET"
                    break
                yield Join(ahead)
                # Nothing stored after that: the answer cannot be shared, or is not to be waited for any longer, and
                # each goes by itself. Only where there was no answer, its client being gone, another may lead.
                waited = ahead.answered or not ahead.landed
        except StoreError:
            return (yield from self._pass(b"bypass", b"store"))
        try:
            forward = Forward()
            yield forward
            flight.answered = True
            stored = self._storable(request, forward.answer)
            if stored is None or method == "HEAD":
                forward.answer.headers.append(MISS)
                return None
            forward.answer.headers.append(MISS_STORED)
            copy = new(Copy)
            copy.limit = self._max_body
            yield copy
            body = copy.answer
            if body is not None and stored.length in (None, b"%d" % len(body)):
                stored.body = body
                stored.weight = len(body) + _HEADER_LINE * len(stored.headers)
                put = new(Put)
                put.space = self._space
                put.key = (yield from self._point(request, key, stored)) if stored.vary else key
                put.value = stored
                put.ttl = stored.lifetime - stored.age
                yield put
        except StoreError:
            return None
        finally:
            if leads:  # also when the client went away or the app raised: nobody waits for what will not come
                led = self._flying.pop(key, flight)
                led.landed = True
                if led.waiting:
                    led.land()
        return None

    def _pass(self, reason: bytes, detail: bytes) -> Flow[Response | None]:
        forward = Forward()
        yield forward
        forward.answer.headers.append((STATUS, _status(reason, detail)))
        return None

    def _point(self, request: Request, key: str, stored: Stored) -> Flow[str]:
        """Put (or find) the pointer that names what the answer depends on; the key of this variant behind it."""
        names = stored.vary
        found = Get(self._space, key)
        yield found
        if found.answer is not None and found.answer.value.vary == names:
            version = found.answer.version
        else:
            pointer = Put(self._space, key, Stored(0, [], 0, 0, names), stored.lifetime - stored.age)
            yield pointer
            version = pointer.answer
        stored.vary = []
        return variant(key, version, names, request)

    def _storable(self, request: Request, response: Response) -> Stored | None:
        """The response as it may be stored, its body still to come; or None (RFC 9111 §3)."""
        if response.status not in STORABLE:
            return None
        headers = response.headers
        fields = dict(headers)
        control = fields.get(b"cache-control")
        expires = fields.get(b"expires")
        if control is None and expires is None and self._routes is None:
            return None
        vary = fields.get(b"vary")
        if len(fields) != len(headers):  # several lines of one field are one list (RFC 9110 §5.2)
            control, vary = _joined(headers, b"cache-control"), _joined(headers, b"vary")
        lifetime = _FRESHNESS.get(control) if control is not None else None
        if lifetime is None:
            lifetime = self._lifetime(request, response, control, expires)
        if lifetime <= 0 or b"set-cookie" in fields:
            return None
        if vary is not None and b"*" in vary:
            return None
        if fields.get(b"content-type", b"").startswith(b"text/event-stream"):
            return None
        age = 0
        if b"age" in fields:
            age = _seconds(fields[b"age"]) or 0
        if lifetime <= age:
            return None
        stored = new(Stored)
        stored.status = response.status
        stored.body = b""
        stored.lifetime = lifetime
        stored.age = age
        stored.vary = [] if vary is None else sorted(set(vary.lower().replace(b" ", b"").split(b",")) - {b""})
        stored.length = fields.get(b"content-length")
        if _NOT_STORED.isdisjoint(fields):
            stored.headers = headers.copy()
        else:
            stored.headers = [pair for pair in headers if pair[0] not in _NOT_STORED]
        return stored

    def _lifetime(self, request: Request, response: Response, control: bytes | None, expires: bytes | None) -> int:
        """Seconds of freshness (RFC 9111 §4.2.1): Cache-Control, then Expires, then the settings; 0 for none."""
        if control is not None:
            lifetime = freshness(parse_directives(control))
            if lifetime is not None:
                if len(_FRESHNESS) >= 256:
                    _FRESHNESS.clear()
                _FRESHNESS[control] = lifetime
                return lifetime
        if expires is not None:
            now = self._wall()
            moment = dates.parse(expires, now=now)
            date = dates.parse(response.get(b"date") or b"", now=now)
            return 0 if moment is None else moment - (int(now) if date is None else date)
        if self._routes is not None and response.status == 200 and control is None:
            return self._routes.find(request.method, request.path, 0)
        return 0

    def _invalidate(self, request: Request) -> Flow[Response | None]:
        """RFC 9111 §4.4: a change that went well makes the stored answers for its URI useless."""
        forward = Forward()
        yield forward
        if 200 <= forward.answer.status < 400:
            try:
                yield Delete(self._space, target(request))
            except StoreError:
                return None
        return None


def hit(request: Request, stored: Stored, age: int) -> Response:
    status = b"launchready; hit; ttl=%d" % (stored.lifetime - age)
    headers = [*stored.headers, (b"age", b"%d" % age), (STATUS, status)]
    if stored.status == 200 and _not_modified(request, stored):
        return Response(304, [pair for pair in headers if pair[0] in _IN_304 or pair[0] in (STATUS, b"age")], b"")
    return Response(stored.status, headers, stored.body)


def _not_modified(request: Request, stored: Stored) -> bool:
    """RFC 9110 §13.1: If-None-Match, by weak comparison, and only without it If-Modified-Since."""
    wanted = request.get(b"if-none-match")
    if wanted is not None:
        etag = _field(stored, b"etag").removeprefix(b"W/")
        return wanted == b"*" or any(
            etag and tag.strip(b" \t").removeprefix(b"W/") == etag for tag in wanted.split(b",")
        )
    since = request.get(b"if-modified-since")
    return since is not None and since == _field(stored, b"last-modified")


def _field(stored: Stored, name: bytes) -> bytes:
    return next((value for key, value in stored.headers if key == name), b"")


def target(request: Request) -> str:
    """The key of a target URI, byte for byte: no two URLs that an app could tell apart share an entry."""
    return f"{request.scheme}://{request.get(b'host')!r}{request.raw_path!r}?{request.query!r}"


def variant(key: str, version: int, names: list[bytes], request: Request) -> str:
    """The key of one variant: absent and empty are two values, and no two tuples of values share a key.

    ``version`` is the pointer's: when that is invalidated, every variant behind it is out of reach at once.
    """
    parts = [f"{key}#{version}"]
    for name in names:
        lines = request.lines(name)
        value = b",".join(b" ".join(line.split()) for line in lines).decode("latin-1")
        parts.append(f"{len(value)}:{value}" if lines else "-")
    return "\n".join(parts)


def _asked(request: Request) -> tuple[bytes, bool]:
    """Why a request passes the cache by, else b""; and whether a stored answer may be looked for."""
    for name in _BYPASS:
        if name in request.fields:
            return name, False
    if request.get(b"content-length") not in (None, b"0"):
        return b"body", False
    directives = parse_directives(_joined(request.headers, b"cache-control") or request.get(b"pragma") or b"")
    if b"no-store" in directives:
        return b"no-store", False
    return b"", b"no-cache" not in directives and directives.get(b"max-age") != b"0"


def freshness(directives: dict[bytes, bytes | None]) -> int | None:
    """What Cache-Control says: seconds for a shared cache, 0 for "do not", None where it says nothing of it."""
    if not _FORBIDDING.isdisjoint(directives):
        return 0
    for name in (b"s-maxage", b"max-age"):
        if name in directives:
            return _seconds(directives[name]) or 0
    return None


def _joined(headers: Headers, name: bytes) -> bytes | None:
    lines = [value for key, value in headers if key == name]
    return b",".join(lines) if lines else None


_FRESHNESS: dict[bytes, int] = {}
"""What was worked out for the Cache-Control values of this app; bounded."""


def parse_directives(value: bytes) -> dict[bytes, bytes | None]:
    """Directives by lower-case name; the first of two wins. Quoted strings keep their commas (RFC 9111 §5.2)."""
    found: dict[bytes, bytes | None] = {}
    text, at = value.lower(), 0
    while at < len(text):
        if text[at] in b" \t,":
            at += 1
            continue
        match = _DIRECTIVE.match(text, at)
        if match is None:  # not a directive: what cannot be read is not obeyed, and nothing after it is lost
            at = text.find(b",", at) + 1 or len(text)
            continue
        quoted, token = match[2], match[3]
        found.setdefault(match[1], quoted if quoted is not None else token)
        at = match.end()
    return found


def _seconds(value: bytes | None) -> int | None:
    """delta-seconds; anything else is no freshness at all (RFC 9111 §4.2.1 advises to take it as stale)."""
    if value is None or not value.isdigit():
        return None
    return min(int(value), MAX_AGE_CAP) if len(value) <= 10 else MAX_AGE_CAP


def _status(reason: bytes, detail: bytes) -> bytes:
    return b"launchready; fwd=%b; detail=%b" % (reason, detail) if detail else b"launchready; fwd=%b" % reason
