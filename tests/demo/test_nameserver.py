"""The sample domain's name server answers as an authoritative server does."""

import asyncio

import dns.asyncquery
import dns.message
import dns.rcode
import pytest

from launchready.demo import sample_domain
from launchready.demo.nameserver import NameServer

ROWS = [
    ("coach.example", "A", "NOERROR", ["192.0.2.10"]),
    ("COACH.example", "NS", "NOERROR", ["ns1.coach.example.", "ns2.coach.example."]),
    ("www.coach.example", "A", "NOERROR", ["coach.example.", "192.0.2.10"]),
    ("admin.coach.example", "A", "NXDOMAIN", []),
    ("app.coach.example", "AAAA", "NOERROR", []),
    ("_domainkey.coach.example", "TXT", "NOERROR", []),
    ("newsletter._domainkey.coach.example", "TXT", "SERVFAIL", []),
    ("coach.test", "A", "REFUSED", []),
]


@pytest.mark.parametrize(("name", "rdtype", "rcode", "records"), ROWS)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_the_zone_over_loopback(transport: str, name: str, rdtype: str, rcode: str, records: list[str]) -> None:
    """Records, aliases, missing types, missing names, failures and foreign names."""

    async def ask() -> dns.message.Message:
        ask_it = dns.asyncquery.udp if transport == "udp" else dns.asyncquery.tcp
        async with NameServer(sample_domain.DOMAIN, sample_domain.ZONE, failing=sample_domain.FAILING) as server:
            host, port = server.address
            return await ask_it(dns.message.make_query(name, rdtype), host, port=port, timeout=5)

    reply = asyncio.run(ask())
    assert dns.rcode.to_text(reply.rcode()) == rcode
    assert sorted(rdata.to_text().lower() for rrset in reply.answer for rdata in rrset) == sorted(records)


def test_two_spf_records_are_planted() -> None:
    """The zone contains the planted mistakes."""
    server = NameServer(sample_domain.DOMAIN, sample_domain.ZONE)
    reply = dns.message.from_wire(server.answer(dns.message.make_query("coach.example", "TXT").to_wire()))
    assert sum(b"v=spf1" in rdata.strings[0] for rrset in reply.answer for rdata in rrset) == 2
