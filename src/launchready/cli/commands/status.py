"""``launchready status``: the numbers of the dashboard, in the terminal, as JSON, or as one HTML file."""

import argparse
import json
import time
from collections.abc import Mapping
from typing import Any

from launchready.cli.ledger_argument import add_ledger_arguments, keeper_of, targets_of
from launchready.cli.options import write

HELP = "show the measurements of the app's workers on this machine: routes, releases, jobs, signals"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_ledger_arguments(parser)
    parser.add_argument("--hours", type=float, default=24.0, help="hours to look back (24, at most 168)")
    parser.add_argument("--target", nargs=2, action="append", default=[], metavar=("ROUTE", "TIME"),
                        help='the p95 target of a route: --target "POST /bookings" 800ms')  # fmt: skip
    parser.add_argument("--format", choices=("text", "json", "html"), default="text")
    parser.add_argument("--html", action="store_const", dest="format", const="html", help="same as --format html")


def run(args: argparse.Namespace) -> int:
    from launchready.dashboard.page import page  # noqa: PLC0415 - "--help" must not wait for it
    from launchready.metrics.status import status  # noqa: PLC0415

    keeper = keeper_of(args)
    found = status(keeper, targets_of(args.target), time.time(), args.hours)
    keeper.close()
    newest = found["releases"][0]["release"] if found["releases"] else "unknown"
    document = {"release": newest, **found}
    if args.format == "json":
        text = json.dumps(document, indent=2)
    else:
        text = page(document, live=False) if args.format == "html" else as_text(document)
    write(args, text)
    return 0


def as_text(status: Mapping[str, Any]) -> str:
    """Return a summary sentence and a table."""
    from launchready.dashboard.wording import count, duration, name, share, verdict  # noqa: PLC0415

    lines = [verdict(status), "", f"{'route':<40} {'p95':>9} {'target':>9} {'errors':>8} {'requests':>10}"]
    for row in status["routes"]:
        errors = share(row["errors"], row["count"])
        p95, target = duration(row["p95"]), duration(row["target"])
        lines.append(f"{name(row)[:40]:<40} {p95:>9} {target:>9} {errors:>8} {count(row['count']):>10}")
    for release in status["releases"]:
        lines += ["", f"release {release['release']}: {release['verdict']}, {count(release['count'])} requests"]
        for row in release["routes"]:
            found = row["latency"]
            if found["word"] != "same":
                sizes = f"n = {count(found['before'])} and {count(found['after'])}"
                lines.append(f"  {name(row)}: {found['word']} ({found['test']}, p = {found['p']:.2g}, {sizes})")
    return "\n".join(lines)
