"""Health: ``/livez`` touches nothing, ``/readyz`` says whether to send requests here, ``/healthz`` says both and the
release.

The body tells a stranger a word and the release, no more. Who brings the token learns the checks by name and why one
fails, in words of ours, since when this process runs and with which settings; even then no error text, no address. HEAD
and GET only, never stored, answered before anything else looks at the request, and so neither rate limited nor
redirected, whatever its Host.
Format and words: draft-inadarei-api-health-check-06.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any, NamedTuple

from launchready.exchange.app import Checked, HealthFinding, RunChecks
from launchready.exchange.operations import Flow
from launchready.http.message import Request, Response
from launchready.http.problem import NO_STORE

TYPE = (b"content-type", b"application/health+json")
RETRY = (b"retry-after", b"5")
PASS, WARN, FAIL = "pass", "warn", "fail"


class Facts(NamedTuple):
    """Of this process: its release, when it started (seconds since the epoch), a hash of its settings."""

    release: str
    started: float = 0.0
    settings: str = ""


class Health:
    """``live``, ``ready`` and ``path`` are the three paths; a None is not served. ``token``: for the details."""

    name = "health"

    def __init__(
        self, live: str | None, ready: str | None, path: str | None, facts: Facts, token: str | None = None
    ) -> None:
        self.paths = frozenset(path for path in (live, ready, path) if path is not None)
        self._live = live
        self._ready = ready
        self._facts = facts
        self._bearer = f"Bearer {token}".encode() if token is not None else None

    def handle(self, request: Request) -> Flow[Response | None]:
        if request.method not in ("GET", "HEAD"):
            return Response(405, [(b"allow", b"GET, HEAD"), (b"content-length", b"0"), NO_STORE], b"")
        if request.path == self._live:
            return _answer({"status": PASS}, PASS)
        checks = RunChecks()
        yield checks
        status = word(checks.answer)
        if request.path == self._ready:
            return _answer({"status": status}, status)
        ready = FAIL if status == FAIL else PASS
        # "releaseId" is the draft's word for it; "release" is the word of this library everywhere else.
        names = {"release": self._facts.release, "releaseId": self._facts.release}
        document = {"status": status, "live": PASS, "ready": ready, **names}
        if self._knows(request):
            document |= self._details(checks.answer)
        return _answer(document, status)

    def _knows(self, request: Request) -> bool:
        given = request.get(b"authorization")
        return self._bearer is not None and given is not None and compare_digest(given, self._bearer)

    def _details(self, checked: Checked) -> dict[str, Any]:
        notes = [f"settings {self._facts.settings}", f"started {_time(self._facts.started)}"]
        if checked.draining:
            notes.append("draining: told to stop")
        return {"notes": notes, "checks": {name: [_component(found)] for name, found in checked.findings.items()}}


def word(checked: Checked) -> str:
    """Fail: do not send requests here. Warn: something optional is down, send them."""
    down = [found for found in checked.findings.values() if not found.up]
    if checked.draining or any(found.critical for found in down):
        return FAIL
    return WARN if down else PASS


def _component(found: HealthFinding) -> dict[str, Any]:
    status = PASS if found.up else FAIL if found.critical else WARN
    component: dict[str, Any] = {"componentType": "component", "status": status}
    if found.seconds is not None:
        component |= {"observedValue": round(found.seconds * 1000, 1), "observedUnit": "ms"}
    if found.at is not None:
        component["time"] = _time(found.at)
    if found.trouble is not None:
        component["output"] = found.trouble
    return component


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _answer(document: Mapping[str, Any], status: str) -> Response:
    body = json.dumps(document).encode()
    headers = [TYPE, (b"content-length", b"%d" % len(body)), NO_STORE]
    return Response(503, [*headers, RETRY], body) if status == FAIL else Response(200, headers, body)
