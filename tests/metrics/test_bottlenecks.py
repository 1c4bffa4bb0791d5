"""Ranking of bottlenecks: order on synthetic traffic, causes, one suggestion."""

import json
import time

import pytest

from launchready.cli import main
from launchready.metrics.bottlenecks import bottlenecks
from launchready.metrics.collector import MetricsCollector
from launchready.metrics.query_times import HTTP, SQL, QueryTimes
from launchready.metrics.timing import Timings

TARGETS = {"POST /bookings": 0.5, "POST /payments": 0.5, "GET /coaches": 0.2, "GET /admin": 0.1, "GET /fine": 1.0}
WEIGHTS = {"POST /bookings": 3.0, "POST /payments": 5.0, "GET /coaches": 1.0, "GET /fine": 1.0, "GET /me": 1.0}


def traffic(path):
    collector = MetricsCollector(Timings("r1"), path)
    record = collector.timings.record
    for _ in range(100):
        record("POST", "/bookings", 200, 0.9)  # 40 s over, x 3
        record("GET", "/coaches", 200, 1.0)  # 80 s over, x 1
        record("GET", "/admin", 200, 9.0)  # earns nothing
        record("GET", "/fine", 200, 0.2)
        record("GET", "/me", 200, 0.2)  # no target
        loop = QueryTimes({})
        for _ in range(12):
            loop.note(SQL, "SELECT name FROM client WHERE id = ?", 0.03)
        loop.note(SQL, "SELECT ?", 0.001)
        collector.timings.record_queries("POST", "/bookings", loop)
        collector.timings.record_repeated_read("GET", "/coaches", False, True)
    for _ in range(20):
        record("POST", "/payments", 200, 2.0)  # 30 s over, x 5
        chain = QueryTimes({})
        chain.note(HTTP, "pay.example", 0.8)
        chain.note(HTTP, "pay.example", 0.9)
        chain.chained = 1
        collector.timings.record_queries("POST", "/payments", chain)
    return collector


def test_golden_order(tmp_path):
    """Order by seconds lost times weight; routes without a weight are folded, without a target undetermined."""
    collector = traffic(tmp_path / "m.db")
    with collector.reading() as ledger:
        found = bottlenecks(
            ledger, time.time() - 86_400, lambda method, route: TARGETS.get(f"{method} {route}"),
            lambda method, route: WEIGHTS.get(f"{method} {route}"),
        )  # fmt: skip
    collector.close()
    assert [one.route for one in found.ranked] == ["/payments", "/bookings", "/coaches"]
    assert [one.score for one in found.ranked] == pytest.approx([150, 120, 80], rel=0.05)
    assert (found.folded, found.unknown) == (1, ("GET /me",))
    payments, bookings, coaches = found.ranked
    assert payments.causes == ("85% waiting for pay.example, 2 one after the other",)
    assert "in parallel" in payments.fix
    assert bookings.causes == ("40% in 12 times the same query: SELECT name FROM client WHERE id = ?",)
    assert "one query" in bookings.fix
    assert coaches.causes == ("100% of the public reads returned the same body as before",)
    assert coaches.fix == 'cache it: Cache(routes={"GET /coaches": "60s"})'


def test_the_command(tmp_path, monkeypatch, capsys):
    """Targets and weights from arguments and launchready.toml; one suggestion; JSON."""
    traffic(tmp_path / "m.db").close()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "launchready.toml").write_text(
        '[routes]\nbooking = { match = "POST /bookings", p95 = 500, weight = 3 }\n', encoding="utf-8"
    )
    assert main(["bottlenecks", "--file", "m.db", "--route", "POST /payments", "500ms", "5"]) == 0
    text = capsys.readouterr().out
    assert text.index("1. POST /payments") < text.index("2. POST /bookings")
    assert text.count("this one thing") == 1
    assert main(["bottlenecks", "--file", "m.db", "--format", "json"]) == 0
    assert [one["route"] for one in json.loads(capsys.readouterr().out)["ranked"]] == ["/bookings"]


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("", "--route"),
        ('[routes]\na = { match = "POST /a" }', "p95 = 800"),
        ('[routes]\na = { match = "POST /a", p95 = 1, wieght = 2 }', "wieght"),
        ('[routes]\na = { match = "POST /a", p95 = 1, weight = "much" }', "weight must be a number"),
        ('[routes]\na = { match = "post", p95 = 1 }', "/"),
    ],
)
def test_mistakes(toml, words, tmp_path, monkeypatch, capsys):
    """Exit 2 with an example."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "launchready.toml").write_text(toml, encoding="utf-8")
    assert main(["bottlenecks", "--file", "m.db"]) == 2
    assert words in capsys.readouterr().err


def test_nothing_is_over(tmp_path, monkeypatch, capsys):
    """The command reports that no route is over target."""
    traffic(tmp_path / "m.db").close()
    monkeypatch.chdir(tmp_path)
    assert main(["bottlenecks", "--file", "m.db", "--route", "GET /fine", "1s", "1"]) == 0
    assert capsys.readouterr().out == "Every route that earns meets its target.\n"
