"""Hostile zones over real UDP and TCP: the check keeps its deadline, its memory and the event loop of the caller.

- It returns within its timeout plus 0.5 s, and one record never causes a flood of queries.
- Its memory grows by less than 100 MB, and the loop of the caller is never blocked for long.
"""

import asyncio
import sys
import time
import tracemalloc
from pathlib import Path

import httpx
import pytest

from launchready.checks.run import acheck

sys.path.insert(0, str(Path(__file__).parent.parent / "conformance" / "zones"))
import zone_server

DOMAIN = "coach.example"
TIMEOUT = 3.0
BASE = "@ SOA ns.dns.example. ops.dns.example. 1 7200 900 1209600 300\n@ A 192.0.2.10\nwww A 192.0.2.10\n"
BODY = "<style>" + "url(" * 30_000 + "<![" + "<img src=a>" * 10_000


def txt(name, text):
    """One TXT record of several strings."""
    return f"{name} TXT " + " ".join(f'"{text[at : at + 250]}"' for at in range(0, len(text), 250))


def branching(number):
    """Names that each include all names: a tree of factorial size."""
    names = [f"n{one}" for one in range(number)]
    record = "v=spf1 " + " ".join(f"include:{name}.{DOMAIN}" for name in names) + " ~all"
    return "\n".join(txt(name, record) for name in ("@", *names))


def wide(term, number):
    return txt("@", "v=spf1 " + " ".join(term.format(one) for one in range(number)) + " -all")


ZONES = {
    "8 names that include all 8": branching(8),
    "9 names that include all 9": branching(9),
    "1,800 includes in one record": wide("include:x{}.coach.example", 1_800),
    "1,800 hosts in one record": wide("a:x{}.coach.example", 1_800),
    "3,000 networks in one record": wide("ip4:192.0.{}.1", 3_000),
    "macros that make a name of 600 KB": txt("@", "v=spf1 include:" + "%{d}" * 2_400 + ".a.example -all"),
    "1,500 mail servers": "\n".join(f"@ MX {one} mx{one}.coach.example." for one in range(1_500)),
    "1,500 name servers": "\n".join(f"@ NS ns{one}.coach.example." for one in range(1_500)),
    "a report address of spaces": txt("_dmarc", "v=DMARC1; p=none; rua=mailto:a" + " " * 50_000 + "b@c.example"),
    "2,000 report addresses": txt("_dmarc", "v=DMARC1; p=none; rua=" + ",".join(f"mailto:a@b{one}.example" for one in range(2_000))),
    "a key of 50 KB": txt("google._domainkey", "v=DKIM1; p=" + "A" * 50_000),
    "200 records of one kind": "\n".join(txt(name, f"v={kind}; x={one} " + "y" * 200)
                                           for name, kind in (("_dmarc", "DMARC1"), ("_mta-sts", "STSv1"), ("@", "spf1"))
                                           for one in range(80)),
    "a circle of aliases": "\n".join(f"c{one} CNAME c{(one + 1) % 30}.coach.example." for one in range(30))
                           + "\napp CNAME c0.coach.example.",
}  # fmt: skip


class Counting(zone_server.ZoneServer):
    """Counts the questions that arrive."""

    questions = 0

    def answer(self, *args, **options):
        self.questions += 1
        return super().answer(*args, **options)


async def measured(server):
    """The report, the seconds that it took, and the longest CPU time for which the loop was blocked."""
    longest = 0.0

    async def beat():
        nonlocal longest
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.01)
            longest = max(longest, time.thread_time() - before)

    heart = asyncio.create_task(beat())
    start = time.monotonic()
    page = httpx.MockTransport(lambda _request: httpx.Response(200, headers={"content-type": "text/html"}, text=BODY))
    report = await acheck(
        DOMAIN, hosts=["app"], dkim_selectors=["google"], sends_mail=True, senders=["192.0.2.77", "2001:db8::1"],
        resolver=(server.host, server.port), http=page, tls={}, rdap={}, timeout=TIMEOUT,
    )  # fmt: skip
    seconds = time.monotonic() - start
    heart.cancel()
    return report, seconds, longest


@pytest.fixture(scope="module", autouse=True)
def loaded():
    """The first run loads dnspython and the trust store, which is not what is measured here."""
    run("")


def run(lines):
    universe = zone_server.Universe()
    universe.add_lines(BASE + lines, DOMAIN)
    with Counting(universe) as server:
        return *asyncio.run(measured(server)), server.questions


@pytest.mark.parametrize("name", ZONES)
def test_a_hostile_zone(name):
    """In time, in bounded memory and questions, without blocking the loop; and no check fails by itself."""
    report, seconds, blocked, questions = run(ZONES[name])
    assert seconds < TIMEOUT + 0.5
    assert blocked < 0.5
    assert questions < 150
    assert [one.evidence for one in report if "itself failed" in one.evidence] == []


@pytest.mark.parametrize(
    "name", ["9 names that include all 9", "1,800 includes in one record", "3,000 networks in one record"]
)
def test_memory(name):
    """A run needs less than 100 MB."""
    tracemalloc.start()
    try:
        run(ZONES[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 * 2**20


@pytest.mark.parametrize("name", ["9 names that include all 9", "1,800 includes in one record"])
def test_too_many_includes_are_found(name):
    """The bound does not hide the mistake: the record is broken, whatever its size."""
    report, _, _, _ = run(ZONES[name])
    found = next(one for one in report.fix_now if one.code == "MAIL008")
    assert "lookups are needed, 10 are allowed" in found.title + found.evidence
