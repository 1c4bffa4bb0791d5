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
from collections.abc import Callable, Mapping

from launchready.errors import StoreError
from launchready.exchange.app import Copy, Forward, Lead, Release
from launchready.exchange.ops import Flow
from launchready.exchange.store import Delete, Get, Put, Space
from launchready.http import dates
from launchready.http.message import Headers, Request, Response
from launchready.http.routes import RouteTable

STATUS = b"cache-status"
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

# RFC 9110 §15.4.5: what a 304 repeats of the 200 it stands for.
_IN_304 = frozenset({b"cache-control", b"content-location", b"date", b"etag", b"expires", b"vary", b"last-modified"})

_DIRECTIVE = re.compile(rb'([!#$%&\'*+.^_`|~0-9a-z-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*)))?[ \t]*(?:,|$)')


class Stored:
    """A stored response, or (with ``vary`` set and status 0) a pointer: the answer depends on these headers."""

    __slots__ = ("age", "body", "etag", "headers", "lifetime", "modified", "status", "vary")

    def __init__(self, status: int, headers: Headers, body: bytes, lifetime: int, age: int, vary: list[bytes]) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.lifetime = lifetime
        self.age = age
        self.vary = vary
        fields = dict(headers)
        self.etag = fields.get(b"etag")
        self.modified = fields.get(b"last-modified")


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
    return Stored(head["s"], headers, body, head["l"], head["a"], [name.encode("latin-1") for name in head["v"]])


def size(stored: Stored) -> int:
    return len(stored.body) + sum(len(name) + len(value) + 120 for name, value in stored.headers)


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

    def handle(self, request: Request) -> Flow[Response | None]:
        method = request.method
        if method not in {"GET", "HEAD"}:
            return (yield from self._invalidate(request)) if method not in SAFE else None
        get = request.get
        for name in _BYPASS:
            if get(name) is not None:
                return (yield from self._pass(b"bypass", name))
        if get(
            b"content-length",
        ) not in (None, b"0"):
            return (yield from self._pass(b"bypass", b"body"))
        directives = parse_directives(get(b"cache-control"))
        if b"no-store" in directives:
            return (yield from self._pass(b"bypass", b"no-store"))
        look = b"no-cache" not in directives and directives.get(b"max-age") != b"0" and get(b"pragma") != b"no-cache"
        key = self.key(request)
        try:
            for attempt in (0, 1):
                if look:
                    found = Get(self._space, key)
                    yield found
                    entry = found.answer
                    if entry is not None and entry.value.vary:
                        found = Get(self._space, variant(key, entry.version, entry.value.vary, request))
                        yield found
                        entry = found.answer
                    if entry is not None:
                        age = entry.value.age + int(entry.age)
                        if entry.value.lifetime > age:
                            return hit(request, entry.value, age)
                if attempt or method == "HEAD" or not look:
                    break
                lead = Lead(key)
                yield lead
                if lead.answer:
                    return (yield from self._fetch(request, key, leads=True))
        except StoreError:
            return (yield from self._pass(b"bypass", b"store"))
        if method == "HEAD":
            return (yield from self._pass(b"uri-miss", b""))
        return (yield from self._fetch(request, key, leads=False))

    def key(self, request: Request) -> str:
        """The target URI, byte for byte: no two URLs that an app could tell apart share an entry."""
        host = (request.get(b"host") or b"").decode("latin-1")
        target = request.raw_path.decode("latin-1")
        return f"{request.scheme}://{host}{target}?{request.query.decode('latin-1')}"

    def _pass(self, reason: bytes, detail: bytes) -> Flow[Response | None]:
        forward = Forward()
        yield forward
        forward.answer.headers.append((STATUS, _status(reason, detail)))
        return None

    def _fetch(self, request: Request, key: str, *, leads: bool) -> Flow[Response | None]:
        forward = Forward()
        yield forward
        response = forward.answer
        stored = self._storable(request, response)
        if stored is None:
            response.headers.append((STATUS, b"launchready; fwd=uri-miss"))
            if leads:
                yield Release(key)  # at once: those who wait need not wait for a body that nobody may share
            return None
        response.headers.append((STATUS, b"launchready; fwd=uri-miss; stored"))
        copy = Copy(self._max_body)
        yield copy
        if copy.answer is not None and _length_fits(stored.headers, copy.answer):
            stored.body = copy.answer
            try:
                yield from self._store(request, key, stored)
            except StoreError:
                return None
        if leads:
            yield Release(key)
        return None

    def _store(self, request: Request, key: str, stored: Stored) -> Flow[None]:
        ttl = stored.lifetime - stored.age
        if stored.vary:
            names = stored.vary
            put = Put(self._space, key, Stored(0, [], b"", 0, 0, names), ttl)
            found = Get(self._space, key)
            yield found
            version = found.answer.version if found.answer is not None and found.answer.value.vary == names else None
            if version is None:
                yield put
                version = put.answer
            key = variant(key, version, names, request)
            stored.vary = []
        yield Put(self._space, key, stored, ttl)

    def _storable(self, request: Request, response: Response) -> Stored | None:
        """The response as it may be stored, or None (RFC 9111 §3)."""
        if response.status not in STORABLE:
            return None
        control: list[bytes] = []
        vary: list[bytes] = []
        headers: Headers = []
        expires = age = None
        for pair in response.headers:
            name, value = pair
            if name == b"cache-control":
                control.append(value)
            elif name == b"set-cookie":
                return None
            elif name == b"vary":
                vary += [member.strip(b" \t").lower() for member in value.split(b",")]
            elif name == b"expires":
                expires = value
            elif name == b"age":
                age = value
            elif name == b"content-type" and value.startswith(b"text/event-stream"):
                return None
            if name not in _NOT_STORED:
                headers.append(pair)
        if b"*" in vary:
            return None
        directives = parse_directives(b",".join(control) if control else None)
        lifetime = self._lifetime(request, response, directives, expires)
        seconds = int(age) if age is not None and age.isdigit() else 0
        if lifetime is None or lifetime <= seconds:
            return None
        return Stored(response.status, headers, b"", lifetime, seconds, sorted({name for name in vary if name}))

    def _lifetime(
        self, request: Request, response: Response, directives: Mapping[bytes, bytes | None], expires: bytes | None
    ) -> int | None:
        """Seconds of freshness (RFC 9111 §4.2.1), or None where it may not be stored or states none."""
        if b"no-store" in directives or b"private" in directives or b"no-cache" in directives:
            return None
        for name in (b"s-maxage", b"max-age"):
            if name in directives:
                return _seconds(directives[name])
        if expires is not None:
            now = self._wall()
            moment = dates.parse(expires, now=now)
            date = dates.parse(response.get(b"date") or b"", now=now)
            return None if moment is None else moment - (int(now) if date is None else date)
        if self._routes is not None and response.status == 200 and not directives:
            return self._routes.find(request.method, request.path, None)
        return None

    def _invalidate(self, request: Request) -> Flow[Response | None]:
        """RFC 9111 §4.4: a change that went well makes the stored answers for its URI useless."""
        forward = Forward()
        yield forward
        if 200 <= forward.answer.status < 400:
            try:
                yield Delete(self._space, self.key(request))
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
        if stored.etag is None:
            return False
        etag = stored.etag.removeprefix(b"W/")
        return wanted == b"*" or any(tag.strip(b" \t").removeprefix(b"W/") == etag for tag in wanted.split(b","))
    since = request.get(b"if-modified-since")
    return since is not None and since == stored.modified


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


def parse_directives(value: bytes | None) -> dict[bytes, bytes | None]:
    """Directives by lower-case name; the first of two wins. Quoted strings keep their commas (RFC 9111 §5.2)."""
    if value is None:
        return {}
    known = _PARSED.get(value)
    if known is None:
        if len(_PARSED) >= 256:
            _PARSED.clear()
        known = _PARSED[value] = _parse(value)
    return known


_PARSED: dict[bytes, dict[bytes, bytes | None]] = {}


def _parse(value: bytes) -> dict[bytes, bytes | None]:
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


def _length_fits(headers: Headers, body: bytes) -> bool:
    """A body that is not as long as it says was cut on the way: never stored."""
    for name, value in headers:
        if name == b"content-length":
            return value == b"%d" % len(body)
    return True


def _status(reason: bytes, detail: bytes) -> bytes:
    return b"launchready; fwd=%b; detail=%b" % (reason, detail) if detail else b"launchready; fwd=%b" % reason
