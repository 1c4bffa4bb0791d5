"""How long the DNS part of ``check()`` takes beside checkdmarc: a healthy zone on a local server, 30 ms a question.

    pip install --require-hashes -r requirements/bench.txt
    python benchmarks/launch_checks.py [--rounds 7] [--latency-ms 30] [--json]

The server runs in a process of its own. In each round both check the same zone, in turn; the ratio is taken within a
round. launchready asks for more than checkdmarc does (hosts, DKIM keys, CAA, name servers, MTA-STS ...); nothing is
switched off for either but the HTTP part, which has a fixture that answers at once (launchready) or refuses
(checkdmarc, whose MTA-STS file is fetched by requests).
"""

import argparse
import asyncio
import contextlib
import importlib
import json
import logging
import statistics
import subprocess
import sys
import time
from pathlib import Path

import httpx

ZONES = Path(__file__).parents[1] / "tests" / "conformance" / "zones"
sys.path.insert(0, str(ZONES))
import zone_server  # noqa: E402

from launchready.checks.run import acheck  # noqa: E402

ZONE = "z01"


@contextlib.contextmanager
def server(latency):
    """The zone on a name server in its own process: its address."""
    with contextlib.closing(__import__("socket").create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    words = [
        sys.executable,
        ZONES / "zone_server.py",
        "--port",
        str(port),
        "--latency-ms",
        str(latency),
        "--only",
        ZONE,
    ]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().startswith("serving")
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait(10)


def zone():
    return zone_server.load_zone(next(path for path in zone_server.zone_paths() if Path(path).name.startswith(ZONE)))


async def ours(found, address):
    told = found["call"]
    return await acheck(
        found["domain"], hosts=told["hosts"], canonical="apex", dkim_selectors=told["dkim_selectors"], sends_mail=True,
        ca=told["ca"], resolver=address, http=httpx.MockTransport(zone_server.mock_http(found)), tls={}, rdap={},
    )  # fmt: skip


def peer():
    """checkdmarc's check of one domain, or None where it is not installed."""
    try:
        import checkdmarc
        import checkdmarc.utils
        import dns.nameserver
        import requests
    except ImportError:
        return None
    logging.disable(logging.CRITICAL)

    def refuse(*_args, **_options):
        raise requests.ConnectionError("no HTTP in this measurement")

    requests.Session.get = refuse
    caching = [importlib.import_module(f"checkdmarc.{name}") for name in ("utils", "dnssec", "mta_sts")]

    def check(domain, address):
        for module in caching:
            for value in vars(module).values():
                if type(value).__name__ == "ExpiringDict":
                    value.clear()
        where = [dns.nameserver.Do53Nameserver(*address)]
        return checkdmarc.check_domains([domain], nameservers=where, timeout=2.0, retries=0)

    return check


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def queries(found):
    """How many questions are asked, and how many of them are different."""
    with zone_server.ZoneServer(zone_server.load_universe([ZONE])) as counted:
        asyncio.run(ours(found, (counted.host, counted.port)))
        asked = [(name.lower(), rdtype, where) for _, _, where, name, rdtype in counted.queries]
    return len(asked), len(set(asked))


def measure(rounds, latency):
    found, other = zone(), peer()
    with server(latency) as address:
        pairs = []
        for _ in range(rounds + 1):
            mine = timed(lambda: asyncio.run(ours(found, address)))
            theirs = timed(lambda: other(found["domain"], address)) if other else None
            pairs.append((mine, theirs))
    # The first round loads modules.
    pairs = pairs[1:]
    asked, different = queries(found)
    mine = [pair[0] for pair in pairs]
    result = {
        "latency_ms": latency, "rounds": rounds, "queries": asked, "different": different,
        "launchready_ms": round(1000 * statistics.median(mine), 1), "launchready_least_ms": round(1000 * min(mine), 1),
    }  # fmt: skip
    if other:
        theirs = [pair[1] for pair in pairs]
        ratios = sorted(pair[1] / pair[0] for pair in pairs)
        result |= {
            "checkdmarc_ms": round(1000 * statistics.median(theirs), 1),
            "checkdmarc_least_ms": round(1000 * min(theirs), 1),
            "ratio": round(statistics.median(ratios), 1),
            "ratio_spread": [round(ratios[0], 1), round(ratios[-1], 1)],
        }
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--latency-ms", type=float, default=30)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = measure(args.rounds, args.latency_ms)
    if args.json:
        print(json.dumps(found))
        return
    print(f"{found['latency_ms']:g} ms a question, {found['rounds']} rounds")
    print(f"launchready  {found['launchready_ms']} ms median, {found['launchready_least_ms']} ms least; "
          f"{found['queries']} questions, {found['different']} different")  # fmt: skip
    if "ratio" in found:
        low, high = found["ratio_spread"]
        print(f"checkdmarc   {found['checkdmarc_ms']} ms median, {found['checkdmarc_least_ms']} ms least; "
              f"{found['ratio']} times as long [{low}-{high}]")  # fmt: skip
    else:
        print("checkdmarc is not installed: pip install --require-hashes -r requirements/bench.txt")


if __name__ == "__main__":
    main()
