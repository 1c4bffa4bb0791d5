"""The three health paths."""

import json

import pytest

from launchready.core.health import Facts, Health
from launchready.exchange.app import Checked, HealthFinding
from support.flows import World, request, whole

TOKEN = "".join(reversed("nekot-gnol-yrev-a"))
FEATURE = Health("/livez", "/readyz", "/healthz", Facts("r7", 1_800_000_000.0, "abc"), TOKEN)
NONE = Checked({})
FINE = Checked({"mail": HealthFinding(True)})
WARN = Checked(
    {"mail": HealthFinding(False, critical=False, trouble="ConnectionError"), "database": HealthFinding(True)}
)
BROKEN = Checked({"database": HealthFinding(False, trouble="OperationalError", seconds=0.2, at=1_800_000_100.0)})
LEAVING = Checked({"database": HealthFinding(True)}, draining=True)


@pytest.mark.parametrize(
    ("path", "checks", "status", "document"),
    [
        ("/livez", BROKEN, 200, {"status": "pass"}),
        ("/livez", LEAVING, 200, {"status": "pass"}),
        ("/readyz", NONE, 200, {"status": "pass"}),
        ("/readyz", BROKEN, 503, {"status": "fail"}),
        ("/readyz", LEAVING, 503, {"status": "fail"}),
        ("/readyz", WARN, 200, {"status": "warn"}),
        ("/healthz", FINE, 200, {"status": "pass", "live": "pass", "ready": "pass"}),
        ("/healthz", WARN, 200, {"status": "warn", "live": "pass", "ready": "pass"}),
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


def test_details_for_who_has_the_token():
    """Which check, how long, since when; not what it raised beyond the class."""
    world = World()
    world.checks = BROKEN._replace(draining=True)
    asked = request(path="/healthz", headers=[(b"authorization", b"Bearer " + TOKEN.encode())])
    document = json.loads(whole(FEATURE, world, asked, None).body)
    assert document["notes"] == ["settings abc", "started 2027-01-15T08:00:00+00:00", "draining: told to stop"]
    assert document["checks"] == {"database": [{
        "componentType": "component", "status": "fail", "observedValue": 200.0, "observedUnit": "ms",
        "time": "2027-01-15T08:01:40+00:00", "output": "OperationalError",
    }]}  # fmt: skip


@pytest.mark.parametrize("value", [b"Bearer wrong", b"", b"Bearer ", TOKEN.encode(), b"Bearer \xff"])
def test_no_details_without_it(value):
    """A wrong token is a stranger's."""
    world = World()
    world.checks = BROKEN
    document = json.loads(
        whole(FEATURE, world, request(path="/healthz", headers=[(b"authorization", value)]), None).body
    )
    assert "checks" not in document


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
def test_only_reading(method):
    """Any other method is 405 and runs no check."""
    world = World()
    answer = whole(FEATURE, world, request(method, "/readyz"), None)
    assert (answer.status, answer.get(b"allow")) == (405, b"GET, HEAD")
    assert world.asked == []


def test_paths():
    """A path that is off is not served."""
    assert Health("/livez", None, None, Facts("r")).paths == {"/livez"}
