"""A host that is reached over IPv4 only, although its name says otherwise. The answers come from a table."""

import asyncio

import pytest

from checks.world import DOMAIN
from launchready.checks.engine import CheckEngine
from launchready.checks.operations import Query
from launchready.checks.options import CheckOptions
from launchready.checks.rules.availability import ipv6_reachable
from launchready.checks.site import read_site
from launchready.net.answers import DnsAnswer, HttpAnswer

FOUR, SIX = "192.0.2.10", "2001:db8:10::10"


class Table:
    """The addresses of the host, and what it answers at each family."""

    def __init__(self, four, six, addresses=(FOUR, SIX)):
        self.seen = {None: four, SIX: six}
        self.addresses = addresses

    async def answer(self, op, _engine):
        if isinstance(op, Query):
            found = tuple(one for one in self.addresses if (":" in one) == (op.rdtype == "AAAA"))
            return DnsAnswer("", "answered" if found else "empty", found)
        given = self.seen[op.address]
        more = {"status": given} if isinstance(given, int) else {"trouble": given, "reason": given}
        return HttpAnswer(f"GET {op.url}", op.url, **more)


async def findings(table):
    engine = CheckEngine(table, 5.0)
    found = await engine.run_rule(ipv6_reachable, read_site(CheckOptions(DOMAIN)), DOMAIN)
    assert found.undetermined is None
    return None if found.findings is None else [one.severity for one in found.findings]


@pytest.mark.parametrize(
    ("four", "six", "expected"),
    [
        (200, 200, []),
        (200, 404, []),
        (200, "refused", ["medium"]),
        (200, "tls", ["medium"]),
        (200, 502, ["medium"]),
        (502, 502, []),
        (200, "timeout", None),
        (200, "broken", None),
        ("refused", "refused", None),
    ],
)
def test_families(four, six, expected):
    """Only what the host itself says at its IPv6 address is evidence; a site that is down is another finding."""
    assert asyncio.run(findings(Table(four, six))) == expected


@pytest.mark.parametrize("addresses", [(FOUR,), (SIX,), (FOUR, "fd00::1")])
def test_where_the_question_does_not_arise(addresses):
    """Without both families there is nothing to compare; an address of one's own network is another finding."""
    assert asyncio.run(findings(Table(200, "refused", addresses))) is None
