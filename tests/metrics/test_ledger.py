"""One file for all workers: exact after kills and forks, and bounded."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import launchready
from launchready.metrics import report
from launchready.metrics.collector import MetricsCollector
from launchready.metrics.ledger import DAY, HOUR, Ledger
from launchready.metrics.status import status
from launchready.metrics.timing import ANSWERED_EARLY, STREAM, WEBSOCKET, Timings

SOURCE = Path(launchready.__file__).parents[1]


class At:
    """A clock that the test sets."""

    def __init__(self, now=1_800_000_000.0):
        self.now = now

    def wall(self):
        return self.now

    def monotonic(self):
        return self.now


def collector(path=None, release="r1", clock=None):
    return MetricsCollector(Timings(release), path, clock or At())


def said(one, **more):
    return status(one, lambda method, route: None, one._clock.wall(), **more)


def only(document):
    (row,) = document["routes"]
    return row


WORKER = """
import sys, time, random
from pathlib import Path
from launchready.metrics.collector import MetricsCollector
from launchready.metrics.timing import Timings
timings = Timings("r1")
collector = MetricsCollector(timings, Path(sys.argv[1]))
draw = random.Random(int(sys.argv[2]))
for _ in range(5000):
    timings.record("GET", "/a", 200, draw.lognormvariate(-3, 0.8))
print("recorded", flush=True)
time.sleep(float(sys.argv[3]))
"""


def test_four_workers_and_one_is_killed(tmp_path):
    """p95 of the machine is within 1 %, and the killed worker counts once."""
    file = tmp_path / "m.db"
    command = [sys.executable, "-c", WORKER, str(file)]
    environ = {**os.environ, "PYTHONPATH": str(SOURCE)}
    workers = [
        subprocess.Popen([*command, str(seed), "0" if seed else "60"], stdout=subprocess.PIPE, env=environ)
        for seed in range(4)
    ]
    for worker in workers:
        assert worker.stdout.readline() == b"recorded\n"
    for worker in workers[1:]:
        worker.communicate(timeout=30)
        assert worker.returncode == 0
    reader = Ledger(file)
    sql = "SELECT coalesce(sum(count), 0) FROM totals"
    while reader.rows(sql)[0][0] < 20_000:  # within a second of what the fourth recorded
        pass
    os.kill(workers[0].pid, signal.SIGKILL)
    workers[0].communicate()
    values = sorted(
        draw.lognormvariate(-3, 0.8) for seed in range(4) for draw in [random.Random(seed)] for _ in range(5000)
    )
    with MetricsCollector(Timings("r1"), file).reading() as ledger:
        (tally,) = report.tallies(ledger.rows(report._SLOTS, (0,))).values()
    assert tally.requests == 20_000
    for q in (0.5, 0.95, 0.99):
        assert tally.durations.quantile(q) == pytest.approx(values[int(q * (len(values) - 1))], rel=0.0101)
    reader.close()


def test_fork(tmp_path):
    """Measurements before a fork belong to the parent; nothing is counted twice."""
    one = collector(tmp_path / "m.db")
    one.timings.record("GET", "/a", 200, 0.1)
    one.flush()
    for _ in range(10):
        one.timings.record("GET", "/a", 200, 0.1)
    if (pid := os.fork()) == 0:
        one.timings.record("GET", "/a", 200, 0.1)
        one.close()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    assert only(said(one))["count"] == 12


def test_told_apart():
    """Streams, WebSockets, disconnects, refusals, cached responses and failures have separate numbers."""
    one = collector()
    record = one.timings.record
    for _ in range(30):
        record("GET", "/a", 200, 0.1)
    record("GET", "/a", 200, 60.0, STREAM, 0.2)
    record("GET", "/a", 101, 600.0, WEBSOCKET)
    record("GET", "/a", 499, 0.3, "disconnect")
    record("GET", "/a", 429, 0.0001, ANSWERED_EARLY)
    record("GET", "/a", 200, 0.0001, ANSWERED_EARLY)
    record("GET", "/a", 500, 0.1, "error:KeyError")
    row = only(said(one))
    told = {key: row[key] for key in ("count", "errors", "streams", "websockets", "disconnects", "limited", "cached")}
    assert told == {
        "count": 35,
        "errors": 1,
        "streams": 1,
        "websockets": 1,
        "disconnects": 1,
        "limited": 1,
        "cached": 1,
    }
    assert row["exceptions"] == {"KeyError": 1}
    assert row["p99"] == pytest.approx(0.1, rel=0.01)  # neither the stream nor the socket made it slow
    assert row["first_byte_p95"] == pytest.approx(0.1, rel=0.01)


def test_no_quantile_under_twenty():
    """Nineteen requests have no 95th percentile."""
    one = collector()
    for count in range(1, 21):
        one.timings.record("GET", "/a", 200, 0.1)
        assert (only(said(one))["p95"] is not None) == (count == 20)


def test_a_week_is_kept_and_counters_stay(tmp_path):
    """Hours become days, older weeks are deleted, totals of a release never decrease."""
    clock = At(1_800_000_000.0 // DAY * DAY)
    one = collector(tmp_path / "m.db", clock=clock)
    for _ in range(10 * 24):
        one.timings.record("GET", "/a", 200, 0.1)
        one.flush()
        clock.now += HOUR
    with one.reading() as ledger:
        widths = dict(ledger.rows("SELECT width, count(*) FROM slots GROUP BY width"))
        assert widths[DAY] <= 8
        assert widths[HOUR] <= 49
        assert ledger.rows("SELECT sum(count) FROM totals") == [(240,)]
        assert ledger.rows("SELECT min(start) FROM timeline")[0][0] >= clock.now - 7 * DAY - 2 * HOUR
    assert 7 * 24 <= only(said(one, hours=7 * 24))["count"] <= 8 * 24 + 1


def test_a_full_file_makes_room(tmp_path):
    """A full file drops its oldest half and accepts new measurements."""
    one = collector(tmp_path / "m.db", clock=(clock := At()))
    one._ledger = Ledger(tmp_path / "m.db", max_bytes=64 * 4096)
    for hour in range(60):
        for route in range(40):
            one.timings.record("GET", f"/{route}", 200, 0.001 * (route + hour + 1))
        one.flush()
        clock.now += HOUR
    assert not one._unwritten
    assert (tmp_path / "m.db").stat().st_size <= 64 * 4096
    assert len(said(one)["routes"]) == 40


def test_the_file_is_gone_or_broken(tmp_path, caplog):
    """Requests are not affected: writes are repeated later, and a broken file is renamed."""
    file = tmp_path / "m.db"
    file.write_bytes(b"not a database at all, but long enough to be looked at as one" * 20)
    one = collector(file)
    one.timings.record("GET", "/a", 200, 0.1)
    assert only(said(one))["count"] == 1
    assert (tmp_path / "m.broken").exists()
    one._drop()
    one.path = tmp_path / "m.db" / "under-a-file"
    one.timings.record("GET", "/a", 200, 0.1)
    one.flush()
    assert "cannot write measurements" in caplog.text
    assert said(one)["scope"] == "unknown"
    one.path = file
    assert only(said(one))["count"] == 2


def test_strangers_cannot_read_it(tmp_path):
    """Only the app's user can read the file."""
    one = collector(tmp_path / "m.db")
    one.timings.record("GET", "/a", 200, 0.1)
    one.flush()
    assert (tmp_path / "m.db").stat().st_mode & 0o077 == 0


def test_releases_are_bounded(tmp_path):
    """Of thirty releases the last twenty are kept."""
    clock = At()
    for number in range(30):
        one = collector(tmp_path / "m.db", f"r{number}", clock)
        one.timings.record("GET", "/a", 200, 0.1)
        one.close()
        clock.now += HOUR
    with one.reading() as ledger:
        assert ledger.rows("SELECT count(*) FROM releases") == [(20,)]
        assert ledger.rows("SELECT count(*) FROM totals") == [(20,)]


def test_a_process_alone_keeps_it_in_memory():
    """Without a path nothing is written to disk."""
    one = collector()
    one.timings.record("GET", "/a", 200, 0.1)
    assert said(one)["scope"] == "process"
    assert isinstance(one._ledger.db, sqlite3.Connection)
