"""``launchready dashboard-link``: create a signed link to the dashboard that expires after some hours."""

import argparse
import os
import time

from launchready.cli.ledger_argument import add_ledger_arguments, keeper_of
from launchready.cli.options import write
from launchready.errors import ConfigError

HELP = "create a link to the dashboard that expires, or revoke all links"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_ledger_arguments(parser)
    parser.add_argument(
        "--url",
        default="",
        help="the site's address, for example https://api.example.com; without it only the path is printed",
    )
    parser.add_argument("--path", default="/launchready", help="the path of the dashboard (/launchready)")
    parser.add_argument("--hours", type=float, default=24.0, help="hours until the link expires (24)")
    parser.add_argument("--revoke-all", action="store_true", help="revoke every link created until now")


def run(args: argparse.Namespace) -> int:
    from launchready.dashboard.links import sign  # noqa: PLC0415 - "--help" must not wait for it
    from launchready.metrics.status import epoch, revoke  # noqa: PLC0415

    key = os.environ.get("LAUNCHREADY_SECRET_KEY")
    if not key:
        raise ConfigError(
            ["LAUNCHREADY_SECRET_KEY is not set: links are signed with the same key that the app checks them with"]
        )
    if args.hours <= 0:
        raise ConfigError([f"--hours {args.hours:g}: a link needs a positive lifetime; write for example --hours 24"])
    keeper = keeper_of(args)
    if args.revoke_all:
        revoke(keeper)
    with keeper.reading() as ledger:
        token = sign([key], time.time(), args.hours, epoch(ledger))
    keeper.close()
    write(args, f"{args.url.rstrip('/')}{args.path}?token={token}")
    return 0
