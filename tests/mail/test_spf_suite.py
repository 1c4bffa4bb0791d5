"""Every test of the RFC 7208 suite, over real UDP and over real TCP."""

import asyncio
import sys
from pathlib import Path

import pytest

from launchready.mail import spf
from launchready.net.dns import Resolver

sys.path.insert(0, str(Path(__file__).parent.parent / "conformance" / "spf"))
import suite

# What a scenario leaves unanswered is unanswered on loopback after a moment, too.
ATTEMPTS = (0.25, 0.25)
SCENARIOS = suite.scenarios()


async def results(scenario, server):
    """All tests of a scenario at once."""
    resolver = Resolver(((server.host, server.port),), attempts=ATTEMPTS)
    tests = scenario["tests"]

    async def one(test):
        sender, helo = test["mailfrom"], test["helo"]
        domain = sender.rpartition("@")[2] or helo
        return await spf.acheck_host(test["host"], domain, sender or f"postmaster@{helo}", helo=helo, resolver=resolver)

    found = await asyncio.gather(*(one(test) for test in tests.values()))
    return dict(zip(tests, found, strict=True))


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=[one["description"] for one in SCENARIOS])
def test_scenario(scenario, tcp):
    """The result is one that the suite allows; where it says what the explanation is, it is that."""
    with suite.zone_server.ZoneServer(suite.universe(scenario, tcp=tcp)) as server:
        found = asyncio.run(results(scenario, server))
    wrong = []
    for name, test in scenario["tests"].items():
        allowed = test["result"] if isinstance(test["result"], list) else [test["result"]]
        got = found[name]
        if got.result not in allowed:
            wrong.append((name, got, allowed))
        wanted = test.get("explanation", "DEFAULT")
        if got.result == "fail" and wanted not in ("DEFAULT", got.explanation):
            wrong.append((name, got, wanted))
        if wanted == "DEFAULT" and "explanation" in test and got.explanation:
            wrong.append((name, got, "no explanation"))
    assert wrong == []


def test_the_suite_is_whole():
    """121 tests: none was lost on the way here."""
    assert sum(len(one["tests"]) for one in SCENARIOS) == 121
