"""Four real workers of one server, one of them killed: what the machine says is what a stopwatch said."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

import launchready
from faces.test_rolling_restart import get
from launchready.metrics.collector import MetricsCollector
from launchready.metrics.report import tallies
from launchready.metrics.timing import Timings
from support.servers import Server, until

TESTS = Path(__file__).parent.parent
SOURCE = Path(launchready.__file__).parent.parent


class Measured(Server):
    patience = 60.0

    def __init__(self):
        super().__init__()
        self.command = (sys.executable, "-m", "uvicorn", "support.measured:app", "--port", str(self.port), "--workers", "4",
                        "--log-level", "warning", "--lifespan", "off")  # fmt: skip

    def ready(self):
        try:
            return asyncio.run(get(self.port, "/livez")) == 200
        except (OSError, IndexError):
            return False

    def exact(self):
        log = self.folder / "exact"
        rows = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
        return [float(seconds) for seconds, _ in rows], {int(pid) for _, pid in rows}


async def ask(port, count):
    """So many requests, forty at a time; how many were answered."""
    room = asyncio.Semaphore(40)

    async def one():
        async with room:
            try:
                return await get(port, "/measured") == 200
            except (OSError, IndexError):  # the worker was killed with this request in it
                return False

    return sum(await asyncio.gather(*(one() for _ in range(count))))


def test_four_workers_and_one_is_killed(monkeypatch):
    """Every answered request is counted once, and p50, p95 and p99 are within 1 % of the exact ones."""
    server = Measured()
    monkeypatch.setenv("MEASURED", str(server.folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(SOURCE), str(TESTS)]))
    try:
        server.start()
        until(lambda: asyncio.run(ask(server.port, 40)) and len(server.exact()[1]) == 4, "all four to have answered")
        asyncio.run(ask(server.port, 400))
        time.sleep(1.1)  # what a killed worker measured in its last second may be lost, and that is said in the docs
        os.kill(next(iter(server.exact()[1])), signal.SIGKILL)
        asyncio.run(ask(server.port, 400))
        values = sorted(server.exact()[0])
        keeper = MetricsCollector(Timings("reader"), server.folder / "a.metrics.db")

        def merged():
            with keeper.reading() as ledger:
                found = tallies(ledger.rows(
                    "SELECT method, route, status, note, count, seconds, last, first FROM series JOIN totals ON series = id"
                )).get(("GET", "(unmatched)"))  # fmt: skip
            return found if found is not None and found.durations.count >= len(values) else None

        tally = until(merged, "the last half second to be written down")
        keeper.close()
        assert tally.durations.count == len(values)
        for q in (0.5, 0.95, 0.99):
            # The stopwatch stands around the middleware: well under a thousandth of these durations.
            assert tally.durations.quantile(q) == pytest.approx(values[int(q * (len(values) - 1))], rel=0.011)
    finally:
        server.close()
