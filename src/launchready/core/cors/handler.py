"""What a request meets: a preflight is answered, an unsafe request of a stranger's page refused, the rest annotated."""

from collections.abc import Callable, Sequence

from launchready.core.cors.explain import why
from launchready.core.cors.policy import SAFELISTED_METHODS, VARY, CORSPolicy, one
from launchready.http.message import Headers, Request, Response
from launchready.http.problem import problem

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
PREFLIGHT_VARY = (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
EMPTY = (b"content-length", b"0")


class Cors:
    """``paths`` holds the policies of parts of the app by prefix, the longest first; the rest has ``default``."""

    name = "cors"

    def __init__(
        self,
        default: CORSPolicy,
        paths: Sequence[tuple[str, CORSPolicy]] = (),
        tell: Callable[[Callable[[], str]], None] = lambda _: None,
    ) -> None:
        """``tell`` takes what makes a line for the log, and calls it where somebody reads it."""
        self._default = default
        self._tell = tell
        self._paths = sorted(paths, key=lambda row: -len(row[0]))

    def policy(self, path: str) -> CORSPolicy:
        """Prefixes are whole segments: "/api" covers "/api" and "/api/x", and not "/apis"."""
        for prefix, policy in self._paths:
            if path.startswith(prefix) and (prefix.endswith("/") or path[len(prefix) : len(prefix) + 1] in ("", "/")):
                return policy
        return self._default

    def handle(self, request: Request) -> Response | None:
        policy = self.policy(request.path) if self._paths else self._default
        origin = request.get(b"origin")
        if origin is not None and len(request.fields) != len(request.headers):
            origin = one(request, b"origin")
        upgrade = request.get(b"upgrade")
        # The handshake of a WebSocket acts in the visitor's name like an unsafe method: no other page may open one.
        if request.method not in SAFE or (upgrade is not None and upgrade.lower() == b"websocket"):
            if policy.enforce and policy.forbids(request, origin):
                self._tell(lambda: _words(policy, request, origin))
                return _refused(policy)
        elif request.method == "OPTIONS" and origin is not None:
            method = request.get(b"access-control-request-method")
            if method is not None:
                if len(request.fields) != len(request.headers):
                    method = one(request, b"access-control-request-method") or method
                return self._preflight(policy, request, origin, method)
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

    def _preflight(self, policy: CORSPolicy, request: Request, origin: bytes, method: bytes) -> Response:
        """Answered here and never passed on: the app, its log-in and its limits have no part in it (Fetch §4.8)."""
        names = policy.requested(request.lines(b"access-control-request-headers"))
        known = method in SAFELISTED_METHODS or method in policy.methods or policy.allows_method(method)
        if names is None or not known or not policy.origins.allow(origin):
            self._tell(lambda: _words(policy, request, origin, method))
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


def _words(policy: CORSPolicy, request: Request, origin: bytes | None, preflight: bytes | None = None) -> str:
    if origin is None:
        return "CORS refused a request: it has no Origin, and Sec-Fetch-Site says that a page of another site asks."
    names = b",".join(request.lines(b"access-control-request-headers")).split(b",")
    verdict = why(policy, origin, preflight or request.method.encode("latin-1", "replace"), names)
    return f"CORS refused {'a preflight' if preflight else 'a request'}: " + " ".join(verdict.reasons)


def _refused(policy: CORSPolicy) -> Response:
    headers = () if policy.open else (VARY,)
    return problem(
        403, "cross-origin", "Cross-origin request refused",
        "A page of another site may not make this request.", headers=headers,
    )  # fmt: skip
