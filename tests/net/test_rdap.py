"""Registration data: from the registry that the bootstrap file names, and never a guess where there is none."""

import asyncio
import json

import pytest

from launchready.net.answers import HttpAnswer
from launchready.net.rdap import BOOTSTRAP, look_up, server_for

INDEX = {
    "services": [
        [["example", "com"], ["http://old.registry.example/", "https://rdap.registry.example/v1/"]],
        [["co.example"], ["https://rdap.co.example"]],
        [["plain"], ["http://rdap.plain.example/"]],
        "not an entry",
    ]
}
DOMAIN = {"objectClassName": "domain", "ldhName": "coach.example"}


def asked(domain, table, provider=None):
    """What is found, and the addresses that were asked."""
    seen = []

    async def get(url):
        seen.append(url)
        status, body = table.get(url, (404, ""))
        if status == 0:
            return HttpAnswer(f"GET {url}", url, trouble="timeout", reason="no answer")
        return HttpAnswer(f"GET {url}", url, status, (), body if isinstance(body, str) else json.dumps(body))

    return asyncio.run(look_up(domain, provider, get)), seen


def test_the_registry_is_asked():
    """RFC 9224 section 4: the entry of the top-level domain, its https server, one domain object."""
    where = "https://rdap.registry.example/v1/domain/coach.example"
    answer, seen = asked("coach.example", {BOOTSTRAP: (200, INDEX), where: (200, DOMAIN)})
    assert answer.domain == DOMAIN
    assert seen == [BOOTSTRAP, where]


@pytest.mark.parametrize(
    ("domain", "server"),
    [
        ("a.co.example", "https://rdap.co.example"),
        ("a.example", "https://rdap.registry.example/v1/"),
        ("a.plain", None),
        ("a.other", None),
    ],
)
def test_server(domain, server):
    """The longest entry that matches; what is not https is not asked."""
    assert server_for(domain, INDEX) == server
    assert server_for(domain, {"services": 5}) is None


@pytest.mark.parametrize(
    "table",
    [
        {},
        {BOOTSTRAP: (0, "")},
        {BOOTSTRAP: (200, "no json")},
        {BOOTSTRAP: (200, [1])},
        {BOOTSTRAP: (200, {"services": []})},
        {BOOTSTRAP: (200, INDEX)},
    ],
)
def test_what_is_not_known(table):
    """No list, no registry, no such domain there: not known, with the reason."""
    answer, _ = asked("coach.example", table)
    assert not answer.known
    assert answer.reason


@pytest.mark.parametrize("provider", [DOMAIN, lambda _domain: DOMAIN])
def test_a_provider(provider):
    """A mapping, or a callable; nobody else is asked then."""
    answer, seen = asked("coach.example", {}, provider)
    assert (answer.domain, seen) == (DOMAIN, [])


def test_a_provider_that_waits():
    """A callable may be a coroutine function; what it gives has to be a domain object."""

    async def slow(_domain):
        return "text"

    assert not asked("coach.example", {}, slow)[0].known
    assert not asked("coach.example", {}, lambda _domain: None)[0].probed
