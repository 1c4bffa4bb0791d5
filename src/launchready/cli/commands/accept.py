"""``launchready accept FINGERPRINT --until DATE --why TEXT``: a finding that is known, and may stay for a while."""

import argparse
import datetime as dt
import os

from launchready.cli.options import write
from launchready.errors import ConfigError

HELP = "accept a finding for a while, with a reason; after that day it is a finding again"
LONGEST = dt.timedelta(days=366)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="FINGERPRINT", help="as the finding shows it: stripe-test-key:9f3a...")
    parser.add_argument("--until", required=True, metavar="DATE", help="the last day: 2027-01-31; at most a year ahead")
    parser.add_argument("--why", required=True, metavar="TEXT", help="the reason, for whoever reads the list")


def run(args: argparse.Namespace) -> int:
    from launchready.secrets import accepted, git  # noqa: PLC0415 - "--help" must not wait for it
    from launchready.secrets.scanning import key  # noqa: PLC0415

    today = dt.datetime.now(dt.UTC).date()
    until, why = _read(args, today)
    root = git.top(os.getcwd()) or os.getcwd() if git.available() else os.getcwd()  # noqa: PTH109
    known = accepted.load(root, today)
    path = accepted.add(root, known, accepted.Acceptance(args.id, until, why), known.key or key(root))
    write(
        args, f"accepted until {until}: {args.id}\nwritten to {path}; commit it, so that the build server knows it, too"
    )
    return 0


def _read(args: argparse.Namespace, today: dt.date) -> tuple[dt.date, str]:
    problems = []
    until = today
    try:
        until = dt.date.fromisoformat(args.until)
    except ValueError:
        problems.append(f"--until: {args.until!r} is not a date; write it as {today + LONGEST / 4}")
    else:
        if not today <= until <= today + LONGEST:
            problems.append(f"--until: {until} is in the past, or more than a year ahead; at most {today + LONGEST}")
    if not args.why.strip():
        problems.append("--why: say why it may stay")
    if ":" not in args.id or len(args.id) > 200:
        problems.append(
            f"{args.id[:80]!r} is not a fingerprint; copy it from launchready secrets, as in stripe-test-key:9f3a..."
        )
    if problems:
        raise ConfigError(problems)
    return until, args.why.strip()
