"""``launchready bottlenecks``: which slow route costs the business most, and the one change to make next."""

import argparse
import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from launchready.cli import configuration
from launchready.cli.ledger_argument import add_ledger_arguments, keeper_of, targets_of
from launchready.cli.options import write
from launchready.errors import ConfigError

if TYPE_CHECKING:
    from launchready.metrics.bottlenecks import BottleneckRanking
    from launchready.metrics.report import Target

HELP = "rank slow routes by the time customers lose, and suggest one change for the next release"

ROUTE = ("match", "p95", "weight")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_ledger_arguments(parser)
    parser.add_argument("--hours", type=float, default=168.0, help="hours to look back (168, the maximum)")
    parser.add_argument("--route", nargs=3, action="append", default=[], metavar=("ROUTE", "TARGET", "WEIGHT"),
                        help='--route "POST /bookings" 800ms 3, besides [routes] in launchready.toml')  # fmt: skip
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(args: argparse.Namespace) -> int:
    from launchready.metrics.bottlenecks import bottlenecks  # noqa: PLC0415 - "--help" must not wait for it
    from launchready.metrics.report import window  # noqa: PLC0415

    target, weight = routes(args.route)
    keeper = keeper_of(args)
    with keeper.reading() as ledger:
        found = bottlenecks(ledger, window(args.hours, time.time()), target, weight)
    keeper.close()
    write(args, json.dumps(asdict(found), indent=2) if args.format == "json" else as_text(found))
    return 0


def routes(arguments: list[list[str]]) -> "tuple[Target, Target]":
    """Return targets and weights of the arguments and of ``[routes]``: ``booking = { match = "POST /bookings", p95 =
    800, weight = 3 }``. Raises ConfigError.
    """
    rows = [(match, target, number(f"--route {match}", weight)) for match, target, weight in arguments]
    for name, row in configuration.load().table("routes").items():
        problems = [
            f"[routes] {name}: unknown option {key!r}; known are {', '.join(ROUTE)}" for key in row if key not in ROUTE
        ]
        if problems or "match" not in row or "p95" not in row:
            raise ConfigError(problems or [f'[routes] {name}: write {{ match = "POST /bookings", p95 = 800 }}'])
        rows.append((row["match"], f"{row['p95']}ms", number(f"[routes] {name}", row.get("weight", 1))))
    if not rows:
        raise ConfigError(['no routes: write --route "POST /bookings" 800ms 3, or [routes] in launchready.toml'])
    weights = {match: weight for match, _, weight in rows}
    target = targets_of([[match, time] for match, time, _ in rows])
    from launchready.http.routes import RouteTable  # noqa: PLC0415

    table = RouteTable(weights)
    return target, lambda method, route: table.find(method, route, None)


def number(where: str, value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise ConfigError(
            [f"{where}: the weight must be a number: the route's earnings relative to the others"]
        ) from None


def as_text(found: "BottleneckRanking") -> str:
    """Return the ranking, then the suggestion."""
    from launchready.dashboard.wording import count, duration  # noqa: PLC0415

    lines = []
    for place, one in enumerate(found.ranked, 1):
        p95 = f"p95 {duration(one.p95)}, target {duration(one.target)}"
        lines.append(f"{place}. {one.method} {one.route}: {p95}, {count(one.requests)} requests")
        lines.append(f"   customers waited {duration(one.lost)} too long in total, x {one.weight:g} = {one.score:.1f}")
        lines += [f"   {cause}" for cause in one.causes]
    if found.ranked:
        lines += [
            "",
            f"Next release, this one thing: {found.ranked[0].method} {found.ranked[0].route}: {found.ranked[0].fix}.",
        ]
    else:
        lines.append("Every route that earns meets its target.")
    if found.folded:
        lines.append(f"{found.folded} more exceed their target but earn nothing; they can wait.")
    if found.unknown:
        lines.append(f"No target, so not determined: {', '.join(found.unknown)}.")
    return "\n".join(lines)
