"""The limit that an owner names is tried: refused in time, not walked around, and with a time to come back."""

import httpx
import pytest

from checks.world import DOMAIN, check, http, zone_server
from launchready.checks.options import CheckOptions
from launchready.checks.site import read_site
from launchready.errors import ConfigError

LOGIN = f"https://{DOMAIN}/login"


def limited(most, *, by_header=False, headers=None):
    """Answers like the healthy business, and lets ``most`` requests to the login through."""
    seen = {}
    others = zone_server.mock_http({"http": http()})

    def answer(request):
        if request.url.path != "/login":
            return others(request)
        who = request.headers.get("x-forwarded-for", "") if by_header else ""
        seen[who] = seen.get(who, 0) + 1
        return httpx.Response(401 if seen[who] <= most else 429, headers=headers or {})

    return httpx.MockTransport(answer), seen


def found(transport, **more):
    report, _ = check(transport=transport, probe_limit={"POST /login": "5/minute"}, only=["WEB021"], **more)
    return {one.code: (one.severity, one.status) for one in report}


@pytest.mark.parametrize(
    ("most", "options", "expected"),
    [
        (5, {"headers": {"retry-after": "60"}}, {}),
        (5, {}, {"WEB021": ("low", "fail")}),
        (1000, {}, {"WEB021": ("medium", "fail")}),
    ],
)
def test_limit(most, options, expected):
    """One request more than the limit is sent, and one that claims another address."""
    transport, seen = limited(most, **options)
    assert found(transport) == expected
    assert sum(seen.values()) == (6 if most == 1000 else 7)


def test_a_forged_address_is_not_believed():
    """A limit that counts by X-Forwarded-For of anybody is none: 401 is a guess that was evaluated."""
    transport, _ = limited(5, by_header=True, headers={"retry-after": "60"})
    assert found(transport) == {"WEB021": ("medium", "fail")}


def test_silence_is_no_verdict():
    """What nobody answered is neither limited nor open."""

    def silent(_request):
        raise httpx.ConnectTimeout("no answer")

    assert {status for _, status in found(httpx.MockTransport(silent)).values()} == {"undetermined"}


@pytest.mark.parametrize("given", [["/login"], ["POST /login=0"], ["POST /login=9999"], {"/x": "many"}])
def test_what_cannot_be_tried(given):
    """A route without a number, or with one that would be a load test, is refused with what to write."""
    with pytest.raises(ConfigError, match="write"):
        read_site(CheckOptions(DOMAIN, probe_limit=given))


def test_it_is_never_tried_unasked():
    """Without the option nothing is sent."""
    transport, seen = limited(5)
    check(transport=transport, only=["WEB021"])
    assert seen == {}
