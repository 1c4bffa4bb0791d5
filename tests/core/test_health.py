"""The three health paths."""

import json

import pytest

from launchready.core.health import Health
from support.flows import World, request, whole

FEATURE = Health("/livez", "/readyz", "/healthz", "r7", 1.0)
BROKEN = {"database": "OperationalError", "mail": None}


@pytest.mark.parametrize(
    ("path", "checks", "status", "document"),
    [
        ("/livez", BROKEN, 200, {"status": "pass"}),
        ("/readyz", {}, 200, {"status": "pass"}),
        ("/readyz", BROKEN, 503, {"status": "fail"}),
        ("/healthz", {"mail": None}, 200, {"status": "pass", "live": "pass", "ready": "pass"}),
        ("/healthz", BROKEN, 503, {"status": "fail", "live": "pass", "ready": "fail"}),
    ],
)
def test_answers(path, checks, status, document):
    """A word, and the release on the path that says both; no name of a dependency, no error; never stored."""
    world = World()
    world.checks = checks
    answer = whole(FEATURE, world, request(path=path), None)
    release = {"release": "r7", "releaseId": "r7"} if path == "/healthz" else {}
    assert (answer.status, json.loads(answer.body)) == (status, {**document, **release})
    assert answer.get(b"cache-control") == b"no-store"
    assert answer.get(b"content-type") == b"application/health+json"
    assert (answer.get(b"retry-after") is not None) == (status == 503)
    assert ("RunChecks" in world.asked) == (path != "/livez")


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
def test_only_reading(method):
    """Any other method is 405 and runs no check."""
    world = World()
    answer = whole(FEATURE, world, request(method, "/readyz"), None)
    assert (answer.status, answer.get(b"allow")) == (405, b"GET, HEAD")
    assert world.asked == []


def test_paths():
    """A path that is off is not served."""
    assert Health("/livez", None, None, "r", 1.0).paths == {"/livez"}
