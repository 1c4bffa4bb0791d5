"""The static verdict on SPF, without a sender, against the RFC 7208 suite: no broken record missed, no false alarm."""

import asyncio
import sys
from pathlib import Path

import pytest

from launchready.checks.run import acheck

sys.path.insert(0, str(Path(__file__).parent.parent / "conformance" / "spf"))
import suite

CLEAN = ("pass", "fail", "softfail", "neutral")
SCENARIOS = suite.scenarios()


async def broken(domain, server):
    """Whether check() says that receivers cannot evaluate the SPF record."""
    report = await acheck(
        domain, only=["MAIL003", "MAIL008"], resolver=(server.host, server.port), tls={}, rdap={}, timeout=3
    )
    return any(finding.code in ("MAIL003", "MAIL008") and finding.status == "fail" for finding in report)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[one["description"] for one in SCENARIOS])
def test_scenario(scenario):
    """permerror is found; a record with any other result is not called broken."""
    wanted = {}
    for test in scenario["tests"].values():
        domain = test["mailfrom"].rpartition("@")[2] or test["helo"]
        wanted.setdefault(domain, []).append(test["result"])

    async def every(server):
        asked = [name for name, results in wanted.items()
                 if all(result == "permerror" or result in CLEAN for result in map(str, results))]  # fmt: skip
        return dict(zip(asked, await asyncio.gather(*(broken(name, server) for name in asked)), strict=True))

    with suite.zone_server.ZoneServer(suite.universe(scenario, tcp=False)) as server:
        found = asyncio.run(every(server))
    assert {name: verdict for name, verdict in found.items() if verdict != ("permerror" in wanted[name])} == {}
