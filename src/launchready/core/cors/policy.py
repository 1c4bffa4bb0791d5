"""One compiled policy: who may read, and what must not be carried out."""

import re
from collections.abc import Callable, Sequence

from launchready.http.message import Request
from launchready.http.origin import Origins
from launchready.http.routes import RouteTable

ALLOW_ORIGIN = b"access-control-allow-origin"
SAFELISTED_METHODS = frozenset({b"GET", b"HEAD", b"POST"})  # Fetch §3.2.2: never need to be allowed
VARY = (b"vary", b"Origin")
_METHOD = re.compile(rb"(?!(?i:CONNECT|TRACE|TRACK)$)[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
"""What "*" lets through: any method that a page can send (Fetch §2.2.1)."""
LONGEST_NAME = 256  # bytes of a header name that "*" lets through
MOST_NAMES = 64  # header names that one preflight may ask for
MAX_EMPTY_ELEMENTS = 16
"""RFC 9110 §5.6.1.2 asks for tolerance of a *reasonable* number of empty list elements."""

# What CORS alone decides: whatever the app itself set of these is removed.
OWNED = frozenset(
    {
        ALLOW_ORIGIN,
        b"access-control-allow-credentials",
        b"access-control-allow-methods",
        b"access-control-allow-headers",
        b"access-control-expose-headers",
        b"access-control-max-age",
        b"access-control-allow-private-network",
    }
)


class CORSPolicy:
    """``own``: the app's public origin, where it is known. ``vouches`` says of a peer whether it may name our host."""

    __slots__ = (
        "any_header", "any_method", "credentials", "enforce", "everybody", "exact", "exempt", "expose", "headers",
        "max_age", "methods", "open", "origins", "own", "vouches",
    )  # fmt: skip

    def __init__(
        self,
        origins: Origins,
        *,
        methods: Sequence[str] = (),
        headers: Sequence[str] = (),
        expose: Sequence[str] = (),
        credentials: bool = False,
        max_age: int | None = None,
        enforce: bool = True,
        exempt: RouteTable[bool],
        own: str | None = None,
        vouches: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.origins = origins
        self.open = origins.any and not credentials  # the same answer for everybody: no Vary is needed
        self.credentials = credentials
        self.any_method = "*" in methods
        self.methods = frozenset(method.encode() for method in methods if method != "*")
        self.any_header = "*" in headers
        self.headers = frozenset(name.lower().encode() for name in headers if name != "*")
        self.expose: tuple[tuple[bytes, bytes], ...] = (
            ((b"access-control-expose-headers", ", ".join(expose).encode()),) if expose else ()
        )
        self.max_age = ((b"access-control-max-age", b"%d" % max_age),) if max_age is not None else ()
        self.everybody = ((ALLOW_ORIGIN, b"*"), *self.expose)
        self.exact = {origin: (*self.grant(origin), *self.expose, VARY) for origin in origins.exact}
        self.enforce = enforce
        self.exempt = exempt or None
        self.own = own.encode() if own else None
        self.vouches = vouches

    def grant(self, origin: bytes) -> list[tuple[bytes, bytes]]:
        """The lines that let this origin read. ``*`` is sent as itself: a reflected origin would be one more key."""
        lines = [(ALLOW_ORIGIN, b"*" if self.open else origin)]
        if self.credentials:
            lines.append((b"access-control-allow-credentials", b"true"))
        return lines

    def allows_method(self, method: bytes) -> bool:
        if method in SAFELISTED_METHODS or method in self.methods:
            return True
        return self.any_method and _METHOD.fullmatch(method) is not None

    def allows_header(self, name: bytes) -> bool:
        """``*`` does not cover Authorization (Fetch §3.2.4)."""
        return name in self.headers or (self.any_header and name != b"authorization" and len(name) <= LONGEST_NAME)

    def requested(self, lines: list[bytes]) -> list[bytes] | None:
        """The header names that a preflight asks for, or None where one of them is not allowed.

        Browsers send them sorted and in lower case; proxies split and pad the line, so both are tolerated, within
        bounds.
        """
        names: list[bytes] = []
        empty = 0
        for line in lines:
            for element in line.split(b","):
                name = element.strip(b" \t").lower()
                if not name:
                    empty += 1
                    if empty > MAX_EMPTY_ELEMENTS:
                        return None
                elif len(names) < MOST_NAMES and (name in self.headers or self.allows_header(name)):
                    names.append(name)
                else:
                    return None
        return names

    def forbids(self, request: Request, origin: bytes | None) -> bool:
        """Whether an unsafe request, or a WebSocket, must not be carried out: another site's page asks for it."""
        site = request.get(b"sec-fetch-site")
        if site is not None and len(request.fields) != len(request.headers):
            site = one(request, b"sec-fetch-site")
        if site in (b"same-origin", b"none") or (site is None and origin is None):
            return False
        if origin is not None and (self.origins.allow(origin) or (site is None and self._is_own(request, origin))):
            return False
        return self.exempt is None or self.exempt.find(request.method, request.path, None) is None

    def _is_own(self, request: Request, origin: bytes) -> bool:
        """Whether the origin is this host, for browsers without Sec-Fetch-Site: old ones, and all over plain http.

        An http page of the same host is not the app if the request came by https: anybody on the network can write it.
        """
        if self.own is not None:
            return origin == self.own
        scheme, _, asking = origin.partition(b"://")
        if scheme == b"http" and self._is_https(request):
            return False
        if asking == (request.get(b"host") or b"").lower():
            return bool(asking)
        forwarded = request.get(b"x-forwarded-host")
        return forwarded is not None and asking == forwarded.strip(b" \t").lower() and self.vouches(request.peer)

    def _is_https(self, request: Request) -> bool:
        if request.scheme in ("https", "wss"):
            return True
        return _proto(request) in (b"https", b"wss") and self.vouches(request.peer)


def _proto(request: Request) -> bytes:
    return (request.get(b"x-forwarded-proto") or b"").partition(b",")[0].strip(b" \t").lower()


def one(request: Request, name: bytes) -> bytes | None:
    """A header that may stand in several lines, joined as servers under WSGI join them: no browser sends two, and no
    origin, method or site has a comma."""
    lines = request.lines(name)
    return b",".join(lines) if lines else None
