"""Everything known about an app, as one dictionary: the result of ``.status()`` and the data of the dashboard."""

import sqlite3
from typing import Any

from launchready.metrics import report
from launchready.metrics.collector import MetricsCollector
from launchready.metrics.ledger import Ledger

HOURS = 24.0


def status(collector: MetricsCollector, target: report.Target, now: float, hours: float = HOURS) -> dict[str, Any]:
    """The fields are in docs/dashboard.md. If the file cannot be read, the fields that do not need it."""
    try:
        with collector.reading() as ledger:
            return {"scope": "process" if collector.path is None else "machine", **_read(ledger, target, now, hours)}
    except (sqlite3.Error, OSError) as error:
        return {"scope": "unknown", "error": type(error).__name__, "routes": [], "releases": []}


def _read(ledger: Ledger, target: report.Target, now: float, hours: float) -> dict[str, Any]:
    since = report.window(hours, now)
    releases = report.releases(ledger)
    verdicts = {(row["method"], row["route"]): row for row in releases[0]["routes"]} if releases else {}
    points, p95 = report.timeline(ledger, since, now)
    bars = report.presence(ledger, since, now)
    rows = report.routes(ledger, since, target, verdicts)
    return {
        "since": since,
        "now": now,
        "routes": rows,
        "releases": releases,
        "p95": p95,
        "timeline": points,
        "failures": report.failures(ledger, since, now),
        "uptime": bars,
        "signals": report.signals(ledger, since),
        "jobs": report.jobs(ledger, now),
        "epoch": epoch(ledger),
    }


def epoch(ledger: Ledger) -> int:
    """The current epoch of dashboard links; links of earlier epochs are revoked."""
    found = ledger.rows("SELECT value FROM meta WHERE name = 'epoch'")
    return int(found[0][0]) if found else 0


def revoke(collector: MetricsCollector) -> None:
    """Begin a new epoch, which ends all existing links. Raises sqlite3.Error."""
    with collector.reading() as ledger, ledger.writing() as db:
        db.execute("INSERT INTO meta VALUES ('epoch', 1) ON CONFLICT DO UPDATE SET value = value + 1")
