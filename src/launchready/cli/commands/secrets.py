"""``launchready secrets``: find credentials in files, in the history, and in the next commit."""

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from launchready.cli.options import exit_code, split_lists, use_color, write
from launchready.errors import ConfigError

if TYPE_CHECKING:
    from launchready.secrets import Leak, Scan

HELP = "find passwords and keys in files, in the git history, and in the next commit"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("where", nargs="?", metavar="PATH", help="a project or folder (the current one)")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--staged", action="store_true", help="only what is about to be committed")
    one.add_argument("--range", metavar="A..B", dest="span", help="only these commits")
    parser.add_argument("--no-history", action="store_true", help="only the current files")
    one.add_argument("--path", metavar="FILE", help="only this file, for example a chat export, a log or a build")
    parser.add_argument("--engine", nargs="+", metavar="NAME", help="also run gitleaks, betterleaks or kingfisher")
    parser.add_argument(
        "--fail-on", choices=("48h", "any", "never"), default="any", help="findings that make the exit code 1 (any)"
    )


def run(args: argparse.Namespace) -> int:
    from launchready.secrets import scan  # noqa: PLC0415 - "--help" must not wait for it
    from launchready.secrets.work_tree import printable  # noqa: PLC0415

    if args.path and args.where:
        raise ConfigError([f"secrets: {args.where!r} and --path {args.path!r}; give only one of them"])
    path = args.path or args.where or "."
    watched = sys.stderr.isatty() and not args.quiet
    found = scan(
        path,
        history=not args.no_history and not args.path,
        staged=args.staged,
        commits=args.span,
        engines=split_lists(args.engine) or (),
        progress=_bar if watched else None,
    )
    leaks = _filter(list(found), args)
    if watched:
        sys.stderr.write("\r\x1b[K")
    write(args, _render(leaks, found, printable(path), args))
    for note in dict.fromkeys(found.notes) if not args.quiet else ():
        print(f"launchready secrets: {note}", file=sys.stderr)  # noqa: T201
    grave = any(leak.severity in {"critical", "high"} for leak in leaks)
    return exit_code(args.fail_on, now=grave, later=bool(leaks), unknown=bool(found.unread))


def _filter(leaks: "list[Leak]", args: argparse.Namespace) -> "list[Leak]":
    """Apply ``--only``, ``--skip`` and ``--ignore``: names of rules, or fingerprints."""
    only, skip = split_lists(args.only), {*(split_lists(args.skip) or ()), *(split_lists(args.ignore) or ())}
    return [
        leak
        for leak in leaks
        if (only is None or {leak.rule, leak.fingerprint} & set(only)) and not {leak.rule, leak.fingerprint} & skip
    ]


def _bar(done: int, every: int) -> None:
    sys.stderr.write(f"\r... {100 * done // max(1, every)} % read")
    sys.stderr.flush()


def _render(leaks: "list[Leak]", found: "Scan", path: str, args: argparse.Namespace) -> str:
    kinds: dict[str, Callable[[], str]] = {
        "text": lambda: _text(leaks, found, color=use_color(args)),
        "json": lambda: _json(leaks, found, path),
    }
    return kinds[args.format]() if args.format in kinds else _report(leaks, found, path, args.format)


def _text(leaks: "list[Leak]", found: "Scan", *, color: bool) -> str:
    if not (leaks or found.unread or found.accepted):
        return "No secrets found."
    from launchready.secrets.text_report import render  # noqa: PLC0415 - only leaks need it

    return render(leaks, found.unread, len(found.accepted), color=color)


def _json(leaks: "list[Leak]", found: "Scan", path: str) -> str:
    import json  # noqa: PLC0415

    plain = {
        "schema_version": 1,
        "path": path,
        "leaks": [leak.to_dict() for leak in leaks],
        "accepted": sorted({leak.fingerprint for leak in found.accepted}),
        "unread": [{"path": one.path, "reason": one.reason} for one in found.unread],
        "notes": list(dict.fromkeys(found.notes)),
    }
    return json.dumps(plain, indent=2, ensure_ascii=False)


def _report(leaks: "list[Leak]", found: "Scan", path: str, name: str) -> str:
    """Return a report in the other formats, from the findings that ``check`` shows."""
    from launchready.checks import secret_findings as findings  # noqa: PLC0415
    from launchready.checks.finding import Passed  # noqa: PLC0415
    from launchready.checks.formats import junit, sarif  # noqa: PLC0415
    from launchready.checks.report import Report  # noqa: PLC0415

    rows = list(findings.findings(leaks, path))
    unknown = findings.undetermined(found.unread, path)
    rows += [unknown] if unknown else []
    fine = [] if rows else [Passed("SEC002", path, findings.TOPICS["SEC002"])]
    if name == "sarif":
        return sarif.document(rows, findings.places(leaks))
    if name == "junit":
        return junit.document(rows, fine, name=f"launchready secrets {path}")
    return Report.of(path, rows, fine, started=0.0, seconds=0.0).to(name)
