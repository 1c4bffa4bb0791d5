"""``launchready check example.com``: what to fix before launch, ranked."""

import argparse
import datetime as dt
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from launchready.cli import last_report
from launchready.cli.check_arguments import add_check_arguments, check_options
from launchready.cli.configuration import load
from launchready.cli.options import UNKNOWN, exit_code, use_color, write
from launchready.cli.progress import progress
from launchready.errors import ConfigError

HELP = "check DNS, certificates, redirects, headers and mail of a domain before launch"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_check_arguments(parser)
    parser.add_argument("--since", metavar="last|FILE", help="show what changed since the last run or a JSON report")
    parser.add_argument("--allow-unknown", action="store_true", help="exit 0 even if something could not be checked")


def run(args: argparse.Namespace) -> int:
    options = check_options(args, load())
    from launchready.checks.report import Report  # noqa: PLC0415 - "--help" must not wait for it
    from launchready.checks.run import check_with  # noqa: PLC0415

    with progress(args, f"checking {options.domain}") as show:
        report: Report = check_with(replace(options, progress=show)).accepting(accepted_ids())
    write(args, render(args, report))
    if last_report.is_project() or args.since:
        keep(report)
    code = exit_code(
        args.fail_on,
        now=bool(report.fix_now),
        later=bool(report.can_wait),
        unknown=bool(report.undetermined),
        allow_unknown=args.allow_unknown,
    )
    if code == UNKNOWN and not args.quiet and (args.since or args.format != "text" or args.output):
        lines = [f"could not check {one.code} {one.subject}; run again: {one.verify}" for one in report.undetermined]
        sys.stderr.write("\n".join(lines) + "\n")
    return code


def keep(report: Any) -> None:
    """Stores the newest answer of each code: a partial run does not replace a whole one."""
    file = last_report.path("report", report.domain)
    earlier = last_report.load(file)
    if earlier is not None:
        from launchready.checks.report import Report  # noqa: PLC0415 - "--help" must not wait for it

        before = Report.from_dict(earlier)
        report = report.completed(before) if before.domain == report.domain else report
    last_report.save(file, report.to_json())


def accepted_ids() -> frozenset[str]:
    """The accepted findings of this project that have not expired."""
    from launchready.secrets import accepted  # noqa: PLC0415 - as above

    return accepted.load(accepted.project_root(), dt.datetime.now(dt.UTC).date()).current


def render(args: argparse.Namespace, report: Any) -> str:
    """The report in the chosen format. With ``--since``: what changed, as text or JSON."""
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
