"""CORS, strictly (Fetch §3.2), and the refusal on the server that CORS alone does not make.

CORS tells a browser which pages may *read* an answer. It does not stop another page's form from *posting*: so an
unsafe request that a browser marks as cross-site, from an origin that is not allowed, is refused here before anything
runs (the same rule as Go's CrossOriginProtection; no token needed). A client that is no browser sends neither
``Sec-Fetch-Site`` nor ``Origin`` and passes: native apps and webhooks are not concerned.

What a response carries is decided by the policy alone. Whatever the app itself set of the CORS fields is removed, so
that there is one ``Access-Control-Allow-Origin`` and it is never a reflection of an origin that is not listed.
"""

from collections.abc import Sequence

from launchready.http.message import Headers, Request, Response
from launchready.http.origin import Origins
from launchready.http.problem import problem
from launchready.http.routes import RouteTable

ALLOW_ORIGIN = b"access-control-allow-origin"
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
SAFELISTED_METHODS = frozenset({b"GET", b"HEAD", b"POST"})  # Fetch §3.2.2: never need to be allowed
PREFLIGHT_VARY = (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
VARY = (b"vary", b"Origin")
EMPTY = (b"content-length", b"0")
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


class Policy:
    """One compiled policy."""

    __slots__ = (
        "any_header", "credentials", "enforce", "everybody", "exact", "exempt", "expose", "headers", "max_age",
        "methods", "open", "origins",
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
    ) -> None:
        self.origins = origins
        self.open = origins.any and not credentials  # the same answer for everybody: no Vary is needed
        self.credentials = credentials
        self.methods = frozenset(method.encode() for method in methods)
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

    def grant(self, origin: bytes) -> list[tuple[bytes, bytes]]:
        """The lines that let this origin read. ``*`` is sent as itself: a reflected origin would be one more key."""
        lines = [(ALLOW_ORIGIN, b"*" if self.open else origin)]
        if self.credentials:
            lines.append((b"access-control-allow-credentials", b"true"))
        return lines

    def forbids(self, request: Request, origin: bytes | None) -> bool:
        """Whether an unsafe request must not be carried out."""
        site = request.get(b"sec-fetch-site")
        if site in (b"same-origin", b"none") or (site is None and origin is None):
            return False
        if origin is not None and (self.origins.allow(origin) or (site is None and _own(request, origin))):
            return False
        return self.exempt is None or self.exempt.find(request.method, request.path, None) is None


class Cors:
    """``paths`` holds the policies of parts of the app by prefix, the longest first; the rest has ``default``."""

    name = "cors"

    def __init__(self, default: Policy, paths: Sequence[tuple[str, Policy]] = ()) -> None:
        self._default = default
        self._paths = sorted(paths, key=lambda row: -len(row[0]))

    def policy(self, path: str) -> Policy:
        """Prefixes are whole segments: "/api" covers "/api" and "/api/x", and not "/apis"."""
        for prefix, policy in self._paths:
            if path.startswith(prefix) and (prefix.endswith("/") or path[len(prefix) : len(prefix) + 1] in ("", "/")):
                return policy
        return self._default

    def handle(self, request: Request) -> Response | None:
        policy = self.policy(request.path) if self._paths else self._default
        origin = request.get(b"origin")
        if request.method not in SAFE:
            if policy.enforce and policy.forbids(request, origin):
                return _refused(policy)
        elif request.method == "OPTIONS" and origin is not None:
            method = request.get(b"access-control-request-method")
            if method is not None:
                return _preflight(policy, request, origin, method)
        if policy.open:
            request.adds += policy.everybody
            return None
        # Vary on every answer, granted or not: what is stored for one origin must not be served to another.
        if origin is not None:
            lines = policy.exact.get(origin)
            if lines is not None:
                request.adds += lines
                return None
            if policy.origins.allow(origin):
                request.adds += (*policy.grant(origin), *policy.expose)
        request.adds.append(VARY)
        return None


def _preflight(policy: Policy, request: Request, origin: bytes, method: bytes) -> Response:
    """Answered here and never passed on: the app, its log-in and its limits have no part in it (Fetch §4.8)."""
    names = _requested_headers(policy, request.lines(b"access-control-request-headers"))
    allowed_method = method in SAFELISTED_METHODS or method in policy.methods
    if not policy.origins.allow(origin) or not allowed_method or names is None:
        return Response(403, [EMPTY, PREFLIGHT_VARY], b"")
    headers: Headers = policy.grant(origin)
    if method not in SAFELISTED_METHODS:
        headers.append((b"access-control-allow-methods", method))
    if names:
        headers.append((b"access-control-allow-headers", b",".join(names)))
    headers += policy.max_age
    if not policy.open:
        headers.append(PREFLIGHT_VARY)
    return Response(204, headers, b"")


def _requested_headers(policy: Policy, lines: list[bytes]) -> list[bytes] | None:
    """The names asked for, or None where one of them is not allowed.

    Browsers send them sorted and in lower case; proxies split and pad the line, so both are tolerated, within bounds.
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
            elif name in policy.headers or (policy.any_header and name != b"authorization" and len(name) <= 256):
                names.append(name)  # "*" does not cover authorization (Fetch §3.2.4)
            else:
                return None
    return names


def _own(request: Request, origin: bytes) -> bool:
    """Whether a page of this very host asks; for browsers that send Origin and not yet Sec-Fetch-Site."""
    return origin.partition(b"://")[2] == (request.get(b"host") or b"").lower()


def _refused(policy: Policy) -> Response:
    headers = () if policy.open else (VARY,)
    return problem(
        403, "cross-origin", "Cross-origin request refused",
        "A page of another site may not make this request.", headers=headers,
    )  # fmt: skip
