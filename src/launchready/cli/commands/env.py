"""``launchready env check`` and ``launchready env diff``: check environment variables before launch."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from launchready.cli.options import exit_code, split_lists, write
from launchready.errors import ConfigError

if TYPE_CHECKING:
    from launchready.env import Comparison, Environment, EnvProblem

HELP = "check environment variables for missing values, placeholders and laptop settings; compare two environments"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="what", required=True, metavar="check|diff")
    check = kinds.add_parser("check", help="check one environment")
    check.add_argument(
        "source",
        nargs="?",
        metavar="SOURCE",
        help="production, a dotenv file, process, django:coach.settings, coach.config:Settings",
    )
    check.add_argument("--require", nargs="+", metavar="NAME", help="names that must be set")
    check.add_argument("--as", dest="stage", metavar="NAME", help="the kind of environment: production, staging")
    check.add_argument("--no-files", action="store_true", help="check only the variables, not the project's files")
    diff = kinds.add_parser("diff", help="compare two environments by names and equality; values are never shown")
    diff.add_argument("first", help="staging, or any source of check")
    diff.add_argument("second", help="production, or any source of check")
    for own in (check, diff):
        own.add_argument(
            "--format", choices=("text", "json", "md", "html", "sarif", "junit"), default=argparse.SUPPRESS
        )
        own.add_argument("-o", "--output", type=Path, metavar="FILE", default=argparse.SUPPRESS)
        own.add_argument("--fail-on", choices=("48h", "any", "never"), default=argparse.SUPPRESS)
        own.add_argument("--ignore", nargs="+", metavar="CODE", default=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    from launchready.env import compare, default_source, find_problems  # noqa: PLC0415 - "--help" must not wait for it

    if args.what == "diff":
        result = compare(_read(args.first), _read(args.second))
        return _finish(list(result.troubles), f"{result.first} and {result.second}", args, result)
    one = _read(args.source or default_source())
    wanted = dict.fromkeys(split_lists(args.require) or (), "--require")
    one = one._replace(required={**one.required, **wanted, **_required_names("required")}, name=args.stage or one.name)
    return _finish(find_problems(one, files=not args.no_files), one.where, args)


def _read(name: str) -> "Environment":
    from launchready.cli.configuration import load  # noqa: PLC0415
    from launchready.env import read  # noqa: PLC0415

    named = load().table("env").get(name)
    if isinstance(named, dict) and isinstance(named.get("file"), str):
        return read(named["file"])._replace(name=name)
    return read(name)


def _required_names(key: str) -> dict[str, str]:
    """Return the names in ``[env] required`` of launchready.toml."""
    from launchready.cli.configuration import load  # noqa: PLC0415

    names = load().table("env").get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ConfigError(
            [f'launchready.toml: [env] {key} must be a list of names, for example {key} = ["STRIPE_SECRET_KEY"]']
        )
    return dict.fromkeys(names, "launchready.toml")


def _finish(
    troubles: "list[EnvProblem]", subject: str, args: argparse.Namespace, result: "Comparison | None" = None
) -> int:
    from launchready.checks.environment_findings import findings  # noqa: PLC0415
    from launchready.checks.report import Report  # noqa: PLC0415

    ignored = set(split_lists(args.ignore) or ())
    rows = [one for one in findings(troubles) if one.code not in ignored]
    report = Report.of(subject, rows, (), started=0.0, seconds=0.0)
    if args.format == "text":
        write(args, _text(list(report), subject, result))
    elif args.format == "json" and result is not None:
        plain = {name: value for name, value in result._asdict().items() if name != "troubles"}
        write(args, json.dumps({**plain, "findings": [one.to_dict() for one in rows]}, indent=2, ensure_ascii=False))
    else:
        write(args, report.to(args.format))
    return exit_code(args.fail_on, now=bool(report.fix_now), later=bool(report.can_wait), unknown=False)


def _text(rows: "list", subject: str, result: "Comparison | None") -> str:  # type: ignore[type-arg]
    lines = [f"{subject}: " + (f"{len(rows)} problems." if rows else "fine.")]
    if result is not None:
        lines += [
            f"  only in {result.first}: {', '.join(result.only_first) or 'nothing'}",
            f"  only in {result.second}: {', '.join(result.only_second) or 'nothing'}",
            f"  different: {', '.join(result.different) or 'nothing'}",
            f"  equal: {', '.join(result.equal) or 'nothing'}",
        ]
    for one in rows:
        lines += [
            "",
            f"{'FIX NOW' if one.when == '48h' else 'WAIT':<8} {one.code}  {one.title}",
            f"         {one.evidence}",
            f"         Fix: {one.fix}",
        ]
    return "\n".join(lines) + "\n"
