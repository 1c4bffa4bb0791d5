"""The dashboard's path as a feature: the page for clients with a valid link, 404 for all others.

The token of a link moves into a cookie and leaves the address bar, so it appears in no history, screenshot or
``Referer``. Chat programs preview links, so a link works more than once.
"""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs

from launchready.dashboard.links import is_valid
from launchready.dashboard.page import POLICY, page
from launchready.exchange.app import ReadStatus
from launchready.exchange.operations import Flow
from launchready.http.message import Headers, Request, Response
from launchready.http.problem import NO_STORE

COOKIE = "launchready_dashboard"
SAFE: Headers = [
    NO_STORE,
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-robots-tag", b"noindex, nofollow"),
]


class DashboardFeature:
    """``keys``: signing keys, newest last. ``wall``: seconds since the epoch."""

    name = "dashboard"

    def __init__(self, path: str, keys: Sequence[str], wall: Callable[[], float]) -> None:
        self.path = path.rstrip("/") or "/"
        self.paths = frozenset({self.path, self.path.rstrip("/") + "/"})
        self._keys = keys
        self._wall = wall

    def handle(self, request: Request) -> Flow[Response | None]:
        if request.method not in ("GET", "HEAD"):
            return _not_found()
        asked = parse_qs(request.query.decode("latin-1")).get("token", [""])[0]
        known = self.cookie(request)
        if not asked and not known:
            return self._stranger(request)
        look = ReadStatus()
        yield look
        epoch = look.answer.get("epoch", 0)
        if asked:
            return self._enter(request, asked) if is_valid(self._keys, asked, self._wall(), epoch) else _not_found()
        if is_valid(self._keys, known, self._wall(), epoch):
            return _page(look.answer)
        return _text(403, "This link has expired. Create a new one: launchready dashboard-link\n")

    def is_viewer(self, request: Request) -> bool:
        """Whether the request may see the dashboard. Only the page itself checks revocation."""
        known = self.cookie(request)
        return bool(known) and is_valid(self._keys, known, self._wall())

    @staticmethod
    def cookie(request: Request) -> str:
        for line in request.lines(b"cookie"):
            for part in line.split(b";"):
                key, _, value = part.strip().partition(b"=")
                if key == COOKIE.encode():
                    return value.decode("latin-1")
        return ""

    def _enter(self, request: Request, token: str) -> Response:
        host = (request.get(b"host") or b"").rpartition(b":")[0] or request.get(b"host") or b""
        local = request.scheme == "http" and (b"." not in host or host.startswith(b"127."))
        path = request.prefix + self.path
        cookie = f"{COOKIE}={token}; Path={path}; HttpOnly; SameSite=Strict{'' if local else '; Secure'}"
        place = (b"location", path.encode())
        return Response(303, [place, (b"set-cookie", cookie.encode()), (b"content-length", b"0"), *SAFE], b"")

    def _stranger(self, request: Request) -> Response:
        """404; a cross-site navigation is told to load once more.

        Browsers do not send a strict cookie when a link on another site is followed, redirects included. A reload
        counts as the site's own navigation and sends it.
        """
        answer = _not_found()
        if request.get(b"sec-fetch-site") == b"cross-site" and request.get(b"sec-fetch-mode") == b"navigate":
            answer.headers.append((b"refresh", b"0"))
        return answer


def _page(status: dict[str, Any]) -> Response:
    body = page(status).encode()
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    return Response(200, [*headers, (b"content-security-policy", POLICY.encode()), *SAFE], body)


def _not_found() -> Response:
    return _text(404, "Not Found")


def _text(status: int, text: str) -> Response:
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    return Response(status, [*headers, *SAFE], body)
