"""The text that the demo prints: plain, aligned, at most 100 columns wide."""

import re
import statistics
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import fill, indent

from launchready.checks.finding import Finding
from launchready.checks.report import Report
from launchready.demo.customers import MAX_CONCURRENT, Customer
from launchready.demo.mailbox import Mailbox
from launchready.demo.run_scenarios import SCENARIOS, DayResult
from launchready.demo.sample_app import CoachApp
from launchready.demo.table import WIDTH, columns, table
from launchready.metrics.collector import MetricsCollector
from launchready.metrics.status import status
from launchready.metrics.timing import Timings

SHOWN = 6  # findings printed; the HTML report has all

_PARAMETER = re.compile(r"\{\w+\}")


def p95_by_route(home: Path) -> dict[str, float]:
    """Read the p95 that launchready measured in the protected app: seconds by "GET /coaches/{id}", over all workers.

    Routes with too few requests are left out.
    """
    keeper = MetricsCollector(Timings("demo"), home / "launchready.metrics.db")
    try:
        rows = status(keeper, lambda *_: None, time.time())["routes"]
    finally:
        keeper.close()
    return {
        f"{row['method']} {_PARAMETER.sub('{id}', row['route'])}": row["p95"] for row in rows if row["p95"] is not None
    }


def day_report(with_it: DayResult, without: DayResult, inside: Mapping[str, float]) -> str:
    rows = [
        (scenario.TITLE, protected.summary, bare.summary)
        for scenario, protected, bare in zip(SCENARIOS, with_it.results, without.results, strict=True)
    ]
    head = ("what was tried", "what happened with launchready", "what happened without (measured)")
    notes = [paragraph(scenario.NOTE) for scenario in SCENARIOS if scenario.NOTE]
    return "\n\n".join([table(head, rows, (24, 36, 36)), *notes, speeds(with_it, without, inside)])


def speeds(with_it: DayResult, without: DayResult, inside: Mapping[str, float]) -> str:
    """Return the p95 by route: ``inside`` as launchready measured it in all workers, and for both apps as the customers
    measured it.
    """
    rows = [("route", "requests", "p95 inside", "p95 with", "p95 without")]
    for route, seconds in sorted(with_it.seconds.items()):
        if len(seconds) >= 20:
            own = f"{1000 * inside[route]:.0f} ms" if route in inside else "-"
            rows.append((route, f"{len(seconds):,}", own, p95(seconds), p95(without.seconds.get(route, []))))
    words = f"""p95 by route. Inside: measured by launchready in both workers, as its dashboard shows it. With and
        without: measured by the customers, with up to {MAX_CONCURRENT} concurrent requests."""
    return f"{paragraph(words)}\n\n{columns(rows)}"


def p95(seconds: list[float]) -> str:
    return f"{1000 * statistics.quantiles(seconds, n=20)[18]:.0f} ms" if len(seconds) > 1 else "-"


def domain_report(report: Report, written: Path) -> str:
    lines = [f"launchready check {report.domain}", report.headline, ""]
    lines += finding_lines(report.fix_now[:SHOWN])
    left = len(report.findings) - min(SHOWN, len(report.fix_now))
    lines.append(f"{left} more findings, each with its fix: {written}")
    return "\n".join(lines)


def finding_lines(findings: Iterable[Finding]) -> list[str]:
    lines = []
    for number, finding in enumerate(findings, 1):
        lines.append(f"{number}  fix within 48 hours  {finding.code}  {finding.subject}")
        lines += [indent(fill(finding.title, WIDTH - 3), "   "), ""]
    return lines


def verdict(failures: list[str], seconds: float) -> str:
    if not failures:
        return f"Every promise held. The demo took {seconds:.0f} seconds."
    return "\n".join([f"NOT every promise held ({len(failures)} failures):", *map(item, failures)])


def item(text: str) -> str:
    return fill(text, WIDTH, initial_indent="- ", subsequent_indent="  ")


def addresses(app: CoachApp, mailbox: Mailbox, customer: Customer) -> str:
    rows = [
        ("the app", app.server.url + "/docs"),
        ("its health", app.server.url + "/healthz"),
        ("its log", str(app.server.log)),
        ("the provider's ledger", app.provider.url + "/ledger"),
        ("the mail sink (SMTP)", f"127.0.0.1:{mailbox.port}"),
        ("log in as", f"{customer.email}  {customer.password}"),
    ]
    lines = [f"{name:24}{value}" for name, value in rows]
    return "\n".join(["The app with launchready keeps running. Ctrl-C ends it.", "", *lines])


def paragraph(text: str) -> str:
    return fill(" ".join(text.split()), WIDTH)
