"""``launchready dashboard-link``: a signed address of the dashboard, for so many hours."""

import argparse
import os
import time

from launchready.cli.ledger_argument import add_ledger_arguments, keeper_of
from launchready.cli.options import write
from launchready.errors import ConfigError

HELP = "make a link to the dashboard that works for some hours, or revoke all links"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_ledger_arguments(parser)
    parser.add_argument("--url", default="", help="the site's address, as in https://api.example.com; else the path")
    parser.add_argument("--path", default="/launchready", help="where the dashboard is (/launchready)")
    parser.add_argument("--hours", type=float, default=24.0, help="how long it works (24)")
    parser.add_argument("--revoke-all", action="store_true", help="no link made until now works any more")


def run(args: argparse.Namespace) -> int:
    from launchready.dashboard.links import sign  # noqa: PLC0415 - "--help" must not wait for it
    from launchready.metrics.status import epoch, revoke  # noqa: PLC0415

    key = os.environ.get("LAUNCHREADY_SECRET_KEY")
    if not key:
        raise ConfigError(["LAUNCHREADY_SECRET_KEY is not set: links are signed with it, as the app's are checked"])
    if args.hours <= 0:
        raise ConfigError([f"--hours {args.hours:g}: a link works for some time; write for example --hours 24"])
    keeper = keeper_of(args)
    if args.revoke_all:
        revoke(keeper)
    with keeper.reading() as ledger:
        token = sign([key], time.time(), args.hours, epoch(ledger))
    keeper.close()
    write(args, f"{args.url.rstrip('/')}{args.path}?token={token}")
    return 0
