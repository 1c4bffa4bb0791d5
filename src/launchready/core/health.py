"""Health: ``/livez`` touches nothing, ``/readyz`` runs the critical checks, ``/healthz`` says both and the release.

The body tells a stranger a word and the release, no more: the names and errors of dependencies are for those who run
the app, in the log. HEAD and GET only, never stored, answered before anything else looks at the request, and so
neither rate limited nor redirected. The media type and ``status`` are those of draft-inadarei-api-health-check-06.
"""

import json

from launchready.exchange.app import RunChecks
from launchready.exchange.ops import Flow
from launchready.http.message import Request, Response
from launchready.http.problem import NO_STORE

TYPE = (b"content-type", b"application/health+json")
RETRY = (b"retry-after", b"5")


class Health:
    """``live``, ``ready`` and ``path`` are the three paths; a None is not served. ``timeout``: seconds per check."""

    name = "health"

    def __init__(self, live: str | None, ready: str | None, path: str | None, release: str, timeout: float) -> None:
        self.paths = frozenset(path for path in (live, ready, path) if path is not None)
        self._live = live
        self._ready = ready
        self._release = release
        self._timeout = timeout

    def handle(self, request: Request) -> Flow[Response | None]:
        if request.method not in ("GET", "HEAD"):
            return Response(405, [(b"allow", b"GET, HEAD"), (b"content-length", b"0"), NO_STORE], b"")
        if request.path == self._live:
            return _answer({"status": "pass"}, ready=True)
        checks = RunChecks(self._timeout)
        yield checks
        ready = not any(checks.answer.values())
        status = "pass" if ready else "fail"
        if request.path == self._ready:
            return _answer({"status": status}, ready=ready)
        # "releaseId" is the draft's word for it; "release" is the word of this library everywhere else.
        names = {"release": self._release, "releaseId": self._release}
        return _answer({"status": status, "live": "pass", "ready": status, **names}, ready=ready)


def _answer(document: dict[str, str], *, ready: bool) -> Response:
    body = json.dumps(document).encode()
    headers = [TYPE, (b"content-length", b"%d" % len(body)), NO_STORE]
    return Response(200, headers, body) if ready else Response(503, [*headers, RETRY], body)
