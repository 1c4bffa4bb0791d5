"""HTTPS: one hop to the canonical https address, HSTS (RFC 6797), and the headers every answer should have.

A redirect keeps path, query, method and body: 308 for whatever may change something, 301 for GET and HEAD. Scheme and
host are put right at once, so each of the four ways to type an address is one hop away from the page. Never redirected
are those that follow no redirect or cannot speak TLS yet: webhooks, ACME challenges, health checks (answered before
this), and a developer's own machine.

Behind a proxy that ends TLS the app sees plain http. What the client used is then what the proxy says: the first entry
of ``x-forwarded-proto``, ``proto`` of ``forwarded`` (RFC 7239), ``x-forwarded-ssl``; and where ``cf-visitor`` says
https, it was: in Cloudflare's flexible mode a proxy in between sees http and says so, and would send the client round
for ever. Only a proxy that may be believed is listened to.

HSTS is only sent on what came by TLS (RFC 6797 §7.2). What the app itself set of these headers stays as it is.
"""

import re
from collections.abc import Callable
from urllib.parse import quote

from launchready.errors import StoreError
from launchready.exchange.operations import Flow
from launchready.exchange.store import MAX_TTL, PutIfAbsent, Space
from launchready.http.message import Headers, Request, Response
from launchready.http.problem import problem
from launchready.http.routes import RouteTable
from launchready.http.webhooks import is_signed, is_webhook

DAY = 86_400.0
STAGES = ((DAY, 300), (8 * DAY, 7 * 86_400), (float("inf"), 180 * 86_400))
"""The ramp, as hstspreload.org advises it: (until this age of the site's HTTPS, max-age). What breaks in the first
stage is forgotten by browsers after five minutes, in the second after a week."""
ASK_AGAIN = 60.0  # seconds, where the store did not say how old the ramp is

SAFE_HEADERS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"content-security-policy", b"frame-ancestors 'self'"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"permissions-policy", b"camera=(self), geolocation=(self), microphone=(self), midi=(), serial=(), usb=()"),
]
ACME = "/.well-known/acme-challenge/"
# Not remembered for ever, and by no shared cache: it would serve what is right for http to those who came by https.
MAX_RECORDED_BODY = (b"cache-control", b"private, max-age=3600")
RAMP = Space[bytes]("https", dump=bytes, load=bytes, size=len, evictable=False, max_entries=16, hurried=True)

_HOST = re.compile(rb"((?:[a-z0-9_](?:[a-z0-9_-]{0,62})?\.?)+|\[[0-9a-f:.]+\])(?::[0-9]{0,5})?", re.IGNORECASE)
_SENDABLE = re.compile(rb"[!-~]*")
_PROTO = re.compile(rb'(?:^|[;,])\s*proto\s*=\s*"?(https?)"?', re.IGNORECASE)
_LOCAL = re.compile(rb"(?:(?:[^:/]+\.)?localhost|127\.0\.0\.1|\[::1\]):[0-9]+", re.IGNORECASE)  # as dev servers have it


class Ramp:
    """How old the site's HTTPS is, as the store remembers it: max-age grows with it."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._began: float | None = None
        self._asked = float("-inf")

    @property
    def due(self) -> bool:
        """The store has to be asked: nobody of this process did yet, or it did not answer."""
        return self._began is None and self._now() >= self._asked + ASK_AGAIN

    def ask(self) -> Flow[None]:
        """The first process to ask begins the ramp; all others find out when that was."""
        self._asked = self._now()
        claim = PutIfAbsent(RAMP, "hsts-ramp", b"began", MAX_TTL)
        try:
            yield claim
        except StoreError:
            return
        entry = claim.answer.entry
        self._began = self._now() - (entry.age if entry is not None else 0.0)

    def max_age(self) -> int:
        age = 0.0 if self._began is None else self._now() - self._began
        return next(seconds for until, seconds in STAGES if age < until)


class Https:
    """See the module. ``vouches`` says of a peer whether its word on the connection in front of it counts."""

    name = "https"

    def __init__(
        self,
        *,
        redirect: bool,
        canonical_host: str | None,
        hsts: int | Ramp | None,
        directives: str,
        headers: bool,
        exempt: RouteTable[bool],
        vouches: Callable[[str], bool],
    ) -> None:
        """``directives``: what follows max-age, as in "; includeSubDomains"."""
        self._redirect = redirect
        self._canonical = canonical_host.encode() if canonical_host else None
        self._ramp = hsts if isinstance(hsts, Ramp) else None
        self._directives = directives.encode()
        self._plain: Headers = list(SAFE_HEADERS) if headers else []
        self._secure = [*self._plain, self._hsts(hsts)] if isinstance(hsts, int) else self._plain
        self._exempt = exempt
        self._vouches = vouches

    def handle(self, request: Request) -> Flow[Response | None] | Response | None:
        secure = request.scheme == "https"
        vouched = self._vouches(request.peer)
        if vouched:
            secure = _stated(request, secure)
        answer = None
        if (not secure and self._redirect) or self._canonical is not None:
            answer = self._elsewhere(request, secure=secure, vouched=vouched)
        request.adds += self._secure if secure else self._plain  # on a redirect as well: hstspreload.org asks for it
        if secure and self._ramp is not None:
            if self._ramp.due:
                return self._ramping(request, self._ramp, answer)
            request.adds.append(self._hsts(self._ramp.max_age()))
        return answer

    def _ramping(self, request: Request, ramp: Ramp, answer: Response | None) -> Flow[Response | None]:
        yield from ramp.ask()
        request.adds.append(self._hsts(ramp.max_age()))
        return answer

    def _hsts(self, max_age: int) -> tuple[bytes, bytes]:
        return b"strict-transport-security", b"max-age=%d%b" % (max_age, self._directives)

    def _elsewhere(self, request: Request, *, secure: bool, vouched: bool) -> Response | None:
        """The redirect, or None where this is the right address, or one that is never redirected."""
        names = [_host(request.get(b"host"))]
        if vouched and (forwarded := request.get(b"x-forwarded-host")) is not None:
            names.insert(
                0, _host(forwarded.partition(b",")[0].strip(b" \t"))
            )  # a proxy that asks for us by another name
        name = names[0]
        moved = self._canonical is not None and self._canonical not in names
        if (secure or not self._redirect) and not moved:
            return None
        if self._stays(request):
            return None
        name = self._canonical or names[0]
        if name is None:
            return problem(400, "host-invalid", "Bad request", "The request names no host that it could be sent on to.")
        scheme = b"https" if self._redirect or secure else b"http"
        status = 301 if request.method in ("GET", "HEAD") else 308
        location = scheme + b"://" + name + _target(request)
        return Response(status, [(b"location", location), (b"content-length", b"0"), MAX_RECORDED_BODY], b"")

    def _stays(self, request: Request) -> bool:
        return (
            request.path.startswith(ACME)
            or _LOCAL.fullmatch(request.get(b"host") or b"") is not None
            or self._exempt.find(request.method, request.path, None) is not None
            or is_webhook(request)
            or (request.method == "POST" and is_signed(request))
        )


def _stated(request: Request, secure: bool) -> bool:
    """Whether the client's own connection was TLS, by the word of a proxy that may be believed."""
    visitor = request.get(b"cf-visitor")
    if visitor is not None and b'"https"' in visitor:
        return True
    proto = request.get(b"x-forwarded-proto")
    if proto is not None:
        return request.lines(b"x-forwarded-proto")[0].partition(b",")[0].strip(b" \t").lower() in (b"https", b"wss")
    forwarded = request.get(b"forwarded")
    if forwarded is not None and (match := _PROTO.search(request.lines(b"forwarded")[0])) is not None:
        return match[1].lower() == b"https"
    return secure or request.get(b"x-forwarded-ssl") == b"on" or request.get(b"front-end-https") == b"on"


def _host(value: bytes | None) -> bytes | None:
    """The host of a Host header, without its port: https has its own. None for what is no host."""
    match = None if value is None else _HOST.fullmatch(value)
    return None if match is None or len(match[1]) > 255 else match[1].lower()


def _target(request: Request) -> bytes:
    """Path and query as they were sent; whatever cannot stand in a header line is escaped."""
    path = request.raw_path
    if not path.startswith(b"/"):  # "http://host/path", as a client of a proxy asks (RFC 9112 §3.2.2)
        path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
    target = path + b"?" + request.query if request.query else path
    return target if _SENDABLE.fullmatch(target) else quote(target, safe="/%:?@!$&'()*+,;=~-._[]").encode()
