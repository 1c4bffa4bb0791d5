"""A healthy small business as a table of records and answers, and ways to break one thing in it.

Questions go through the code that reads real answers of a name server; only the sockets are missing.
"""

import asyncio
import re
import sys
from dataclasses import replace
from pathlib import Path

import dns.flags
import dns.message
import httpx

from launchready.checks.adapter import Network
from launchready.checks.catalogue import rules
from launchready.checks.engine import CheckEngine
from launchready.checks.options import CheckOptions
from launchready.checks.report import Report
from launchready.checks.results import combine, required_rules
from launchready.checks.rule import RuleSelection
from launchready.checks.site import read_site
from launchready.net.answers import DnsAnswer
from launchready.net.blocking import run_blocking
from launchready.net.dns import read_reply
from launchready.net.tls import Handshakes

sys.path.insert(0, str(Path(__file__).parent.parent / "conformance" / "zones"))
import zone_server

DOMAIN = "coach.example"
NOW = "2026-11-24T00:00:00Z"
KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAubRNW9PJ+siqgwsB3T7YiALVExVUoN+ESjmNvYaKWocPevjM5TR9x2tBY4rCaYIGsfz7"
    "Gy1+8B+qtahjTXwTfdkMLdFcnDwEKmfCuJbY8LQZQcnqS6nkMgs7+04AJQxIzGFpNzy6OkXFD2d9gGcHqqL8l3ir8QbvNAfYLjgpGXCAUmp7H29o"
    "by35H/V8twPylNdohl6HTFgGmzEer7AL8pl8UXhwufWsphzCi6c+LUVfjBcKC6JG6mpwwxmO+FO1FbSXq03iABD5/mQ3P5EX7gkROdsxgQOFKWGV"
    "Yg202le3DUVUwc/l922x03JikviggyTGYzYTeccX/u5t7y7vDwIDAQAB"
)
RECORDS = f"""
@ SOA ada.ns.dns.example. ops.dns.example. 1 7200 900 1209600 300
@ NS ada.ns.dns.example.
@ NS bob.ns.dns.example.
@ A 192.0.2.10
@ AAAA 2001:db8:10::10
@ DS 1 13 2 {"ab" * 32}
www CNAME coach.example.
app A 192.0.2.11
api A 192.0.2.12
@ MX 10 mx.mail.example.
@ TXT "v=spf1 include:spf.mail.example ~all"
_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@coach.example"
google._domainkey TXT "v=DKIM1; k=rsa; p={KEY[:200]}" "{KEY[200:]}"
_mta-sts TXT "v=STSv1; id=1"
mta-sts A 192.0.2.13
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:t@coach.example"
@ CAA 0 issue "letsencrypt.org"
"""
ELSEWHERE = """
$ORIGIN dns.example.
@ SOA ada.ns.dns.example. ops.dns.example. 1 7200 900 1209600 300
ada.ns A 198.51.100.53
bob.ns A 203.0.113.53
carl.ns A 198.51.100.54
$ORIGIN mail.example.
@ SOA ns.mail.example. ops.mail.example. 1 7200 900 1209600 300
mx A 198.51.100.25
spf TXT "v=spf1 ip4:198.51.100.0/24 ~all"
everyone TXT "v=spf1 +all"
open TXT "v=spf1 ?all"
broken TXT "v=spf1 ip4:999.1.1.1 -all"
loop TXT "v=spf1 include:loop2.mail.example -all"
loop2 TXT "v=spf1 include:loop.mail.example -all"
five TXT "v=spf1 a:mx.mail.example a:mx.mail.example a:mx.mail.example a:mx.mail.example -all"
$ORIGIN github.io.
@ SOA ns.github.io. ops.github.io. 1 7200 900 1209600 300
* A 198.51.100.60
$ORIGIN example.
@ SOA a.nic.example. ops.nic.example. 1 900 900 1800 60
"""
AUTHORITY = {"127.0.0.2": {"zones": [DOMAIN]}, "127.0.0.3": {"zones": [DOMAIN]}}
NS_MAP = {"198.51.100.53": "127.0.0.2", "203.0.113.53": "127.0.0.3", "198.51.100.54": "127.0.0.3"}
SAFE = {
    "strict-transport-security": "max-age=63072000",
    "content-security-policy": "default-src 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "content-type": "text/html",
}
POLICY = "version: STSv1\nmode: enforce\nmx: mx.mail.example\nmax_age: 604800\n"


def page(body="<!doctype html><title>Book</title>", status=200, **headers):
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"status": status, "headers": {name: value for name, value in (SAFE | more).items() if value}, "body": body}


def to(location, status=301):
    return {"status": status, "headers": {"location": location, **SAFE}, "body": ""}


def http():
    table = {
        f"http://{host}/": to(f"https://{host}/")
        for host in (DOMAIN, f"www.{DOMAIN}", f"app.{DOMAIN}", f"api.{DOMAIN}")
    }
    return table | {
        f"https://{DOMAIN}/": page(),
        f"https://www.{DOMAIN}/": to(f"https://{DOMAIN}/"),
        f"https://app.{DOMAIN}/": page(),
        f"https://api.{DOMAIN}/": page("{}", content_type="application/json"),
        f"https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt": {
            "status": 200, "headers": {"content-type": "text/plain"}, "body": POLICY,
        },
    }  # fmt: skip


def certificate(**more):
    return {
        "not_before": "2026-10-01T00:00:00Z", "not_after": "2026-12-30T00:00:00Z",
        "names": [DOMAIN, f"*.{DOMAIN}"], "issuer": "Test", "chain_complete": True, "versions": ["TLSv1.3"], **more,
    }  # fmt: skip


def registration(end="2027-11-24T00:00:00Z", status=("active", "client transfer prohibited")):
    return {
        "objectClassName": "domain", "ldhName": DOMAIN, "status": list(status),
        "events": [{"eventAction": "expiration", "eventDate": end}],
    }  # fmt: skip


class Sockets:
    """In place of the resolver: the zone server is asked, without a socket between."""

    overrides = NS_MAP

    def __init__(self, universe, closed=(), serials=None):
        self.closed = closed
        self.serials = serials or {}
        self.server = zone_server.ZoneServer(universe)
        self.asked = []

    async def query(self, name, rdtype, *, server=None, checking_disabled=False, tcp=False):
        self.asked.append((name, rdtype, server, tcp))
        if tcp and server in self.closed:
            return DnsAnswer(f"{rdtype} {name}", "closed", reason="nobody answers")
        question = f"{rdtype} {name}" + (f" at {server}" if server else "")
        request = dns.message.make_query(f"{name}.", rdtype, use_edns=0)
        request.flags |= dns.flags.AD | (dns.flags.CD if checking_disabled else 0)
        await asyncio.sleep(0)
        wire, _delay = self.server.answer(request.to_wire(), NS_MAP.get(server, "127.0.0.1"), "tcp")
        if wire is None:
            return DnsAnswer(question, "timeout", reason="no answer")
        found = read_reply(question, dns.message.from_wire(wire), rdtype)
        if rdtype == "SOA" and server in self.serials:
            parts = found.records[0].split()
            found = replace(found, records=(" ".join([*parts[:2], self.serials[server], *parts[3:]]),))
        return found


def universe(lines, *, faults=(), bogus=(), secure=(), authority=None):
    made = zone_server.Universe()
    made.add_lines(ELSEWHERE)
    made.add_lines(lines, DOMAIN)
    made.faults += [dict(fault, seen=0) for fault in faults]
    made.bogus |= {zone_server.text_key(name) for name in bogus}
    made.secure |= {zone_server.text_key(name) for name in secure}
    for address, spec in (AUTHORITY if authority is None else authority).items():
        made.auth.setdefault(address, []).append(spec)
    return made


def without(pattern, lines=RECORDS):
    return "\n".join(line for line in lines.splitlines() if not re.match(pattern, line))


def check(
    *, drop=None, add="", web=None, tls=None, rdap=None, faults=(), bogus=(), secure=(), authority=None, only=(),
    transport=None, timeout=5.0, smtp=None, subdomains=None, closed=(), serials=None, **call,
):  # fmt: skip
    """The report about the healthy business, with one thing changed."""
    lines = without(drop) if drop else RECORDS
    told = {
        "hosts": ["app", "api"], "canonical": "apex", "dkim_selectors": ["google"], "sends_mail": True,
        "ca": "letsencrypt.org", "now": NOW, **call,
    }  # fmt: skip
    table = http() | (web or {})
    shown = tls
    if not isinstance(tls, Handshakes) and not callable(tls):
        shown = {host: certificate() for host in (DOMAIN, f"www.{DOMAIN}", f"app.{DOMAIN}", f"api.{DOMAIN}")} | (
            tls or {}
        )
    options = CheckOptions(
        told.pop("domain", DOMAIN), resolver=("127.0.0.1", 1), tls=shown, smtp=smtp, subdomains=subdomains,
        http=transport or httpx.MockTransport(zone_server.mock_http({"http": table})),
        rdap=registration() if rdap is None else rdap, **told,
    )  # fmt: skip
    asked = read_site(options)
    made = universe(lines + "\n" + add, faults=faults, bogus=bogus, secure=secure, authority=authority)
    sockets = Sockets(made, closed, serials)

    async def run():
        network = Network(options)
        network.resolver = sockets
        choice = RuleSelection(frozenset(only))
        outcomes = await CheckEngine(network, timeout).run_rules(required_rules(rules(), choice), asked)
        found = combine(outcomes, asked, choice)
        return Report.of(asked.domain, found.findings, found.passed, started=asked.now, seconds=0.0)

    report = run_blocking(run)  # Playwright has a loop of its own in this thread
    return report, sockets
