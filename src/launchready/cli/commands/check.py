"""``launchready check example.com``: what to fix before launch, ranked."""

import argparse
import datetime as dt
from pathlib import Path
from typing import Any

from launchready.cli import last_report
from launchready.cli.check_arguments import LISTS, WORDS, about, asked, taken
from launchready.cli.configuration import load
from launchready.cli.options import exit_code, use_color, write
from launchready.cli.progress import progress
from launchready.errors import ConfigError

HELP = "look at DNS, certificates, redirects, headers and mail of a domain, and say what to fix before launch"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    about(parser)
    parser.add_argument("--since", metavar="last|FILE", help="show what changed since the last run, or a JSON report")
    parser.add_argument("--allow-unknown", action="store_true", help="exit 0 although something could not be checked")


def run(args: argparse.Namespace) -> int:
    domain, options = asked(args, taken(args, load(), (*LISTS, *WORDS)))
    from launchready.checks.report import Report  # noqa: PLC0415 - "--help" must not wait for it
    from launchready.checks.run import check  # noqa: PLC0415

    with progress(args, f"asking about {domain}") as told:
        report: Report = check(domain, progress=told, **options).accepting(_accepted())
    write(args, shown(args, report))
    if last_report.is_project() or args.since:
        last_report.save(last_report.path("report", report.domain), report.to_json())
    return exit_code(
        args.fail_on,
        now=bool(report.fix_now),
        later=bool(report.can_wait),
        unknown=bool(report.undetermined),
        allow_unknown=args.allow_unknown,
    )


def _accepted() -> frozenset[str]:
    """What stands in this project's list, and is not over."""
    from launchready.secrets import accepted  # noqa: PLC0415 - as above

    return accepted.load(accepted.project_root(), dt.datetime.now(dt.UTC).date()).current


def shown(args: argparse.Namespace, report: Any) -> str:
    """The report in the format that was asked for; with ``--since`` what changed, as text or JSON."""
    if args.since:
        file = last_report.path("report", report.domain) if args.since == "last" else Path(args.since)
        before = last_report.load(file)
        if before is None and args.since != "last":
            raise ConfigError([f"--since: there is no {file}"])
        if before is not None and args.format in ("text", "json"):
            changed = report.diff(before)
            text: str = changed.to_text() if args.format == "text" else changed.to_json()
            return text
    whole: str = report.to_text(color=use_color(args)) if args.format == "text" else report.to(args.format)
    return whole
