"""Twelve realistic domains on a real loopback name server: what an expert finds there is found, and nothing else."""

import asyncio
import re
import sys
from pathlib import Path

import httpx
import pytest

from launchready.checks.run import acheck

HERE = Path(__file__).parent.parent / "conformance" / "zones"
sys.path.insert(0, str(HERE))
import zone_server  # noqa: E402

LEVEL = {"info": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}


def report(zone):
    told = zone.get("call") or {}
    with zone_server.ZoneServer(zone_server.load_universe([zone["id"]])) as server:
        options = {
            "hosts": told.get("hosts", ()),
            "canonical": told.get("canonical"),
            "dkim_selectors": told.get("dkim_selectors", ()),
            "sends_mail": told.get("sends_mail"),
            "ca": told.get("ca"),
            "webhooks": told.get("webhook_paths", ()),
            "resolver": (server.host, server.port),
            "cors_probe_origin": told.get("cors_probe_origin"),
            "nameservers": {public: (own, server.port) for public, own in (zone.get("ns_map") or {}).items()},
            "tls": zone.get("tls") or {},
            "rdap": zone.get("rdap") or {},
            "now": zone.get("now"),
        }
        if "http" in zone:
            options["http"] = httpx.MockTransport(zone_server.mock_http(zone))
        else:
            options["skip"] = ("web",)
        return asyncio.run(acheck(zone["domain"], **options))


@pytest.mark.parametrize("path", zone_server.zone_paths(), ids=lambda path: Path(path).stem)
def test_zone(path):
    """Everything expected is found with its deadline, and nothing above the noise ceiling that is not expected."""
    zone = zone_server.load_zone(path)
    found = [(finding, f"{finding.code} {finding.title} {finding.subject} {finding.evidence} {finding.impact}")
             for finding in report(zone)]  # fmt: skip
    expected = []
    for wanted in zone["expect"]:
        hits = [(finding, text) for finding, text in found
                if any(re.search(each, text, re.IGNORECASE | re.DOTALL) for each in wanted["match"])]  # fmt: skip
        expected += [text for _, text in hits]
        assert hits, wanted["id"]
        assert any(finding.when == wanted["when"] for finding, _ in hits), wanted["id"]
        assert any(abs(LEVEL[finding.severity] - LEVEL[wanted["severity"]]) <= 1 for finding, _ in hits), wanted["id"]
    ceiling = LEVEL[zone.get("noise_ceiling", "low")]
    noise = [text for finding, text in found if text not in expected and LEVEL[finding.severity] > ceiling]
    assert noise == []
    forbidden = [pattern for pattern in zone.get("absent") or [] for _, text in found
                 if re.search(pattern, text, re.IGNORECASE | re.DOTALL)]  # fmt: skip
    assert forbidden == []
    assert len(zone.get("rank_first") or []) <= len(expected)


def test_a_world_of_names_without_servers():
    """Where only a resolver of another world is given, nobody there is asked over HTTP, TLS or SMTP, and nothing is
    said about what was not asked: neither fine, nor undetermined.
    """
    zone = zone_server.load_zone(zone_server.zone_paths()[0])
    with zone_server.ZoneServer(zone_server.load_universe([zone["id"]])) as server:
        found = asyncio.run(acheck(zone["domain"], resolver=(server.host, server.port), sends_mail=True, timeout=5.0))
    assert [finding.code for finding in found if finding.severity not in ("info", "low")] == []
    assert [one.code for one in found.passed if one.code.startswith(("WEB", "TLS", "LINK", "REG"))] == []
