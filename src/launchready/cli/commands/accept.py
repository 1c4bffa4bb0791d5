"""``launchready accept ID --until DATE --why TEXT``: accept a known finding for a while.

ID is the fingerprint of a secret, or a code of ``check``, everywhere or at one subject: ``MAIL003@example.com``.
"""

import argparse
import datetime as dt
import difflib
import re

from launchready.cli.options import write
from launchready.errors import ConfigError

HELP = "accept a finding until a day, with a reason; afterwards it is a finding again"
LONGEST_ACCEPTANCE = dt.timedelta(days=366)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="a fingerprint: stripe-test-key:9f3a...; or a code: MAIL003, "
                        "MAIL003@example.com")  # fmt: skip
    parser.add_argument("--until", required=True, metavar="DATE", help="the last day: 2027-01-31; at most a year ahead")
    parser.add_argument("--why", required=True, metavar="TEXT", help="the reason, for readers of the list")


def run(args: argparse.Namespace) -> int:
    from launchready.secrets import accepted  # noqa: PLC0415 - "--help" must not wait for it
    from launchready.secrets.scanner import fingerprint_key  # noqa: PLC0415

    today = dt.datetime.now(dt.UTC).date()
    until, why = _read(args, today)
    root = accepted.project_root()
    known = accepted.load(root, today)
    path = accepted.add(root, known, accepted.Acceptance(args.id, until, why), known.key or fingerprint_key(root))
    write(
        args, f"accepted until {until}: {args.id}\nwritten to {path}; commit the file, so that the build server uses it"
    )
    return 0


def _read(args: argparse.Namespace, today: dt.date) -> tuple[dt.date, str]:
    problems = []
    until = today
    try:
        until = dt.date.fromisoformat(args.until)
    except ValueError:
        problems.append(f"--until: {args.until!r} is not a date; write it as {today + LONGEST_ACCEPTANCE / 4}")
    else:
        if not today <= until <= today + LONGEST_ACCEPTANCE:
            problems.append(
                f"--until: {until} is in the past, or more than a year ahead; at most {today + LONGEST_ACCEPTANCE}"
            )
    if not args.why.strip():
        problems.append("--why: give a reason")
    problems += _check_id(args.id)
    if problems:
        raise ConfigError(problems)
    return until, args.why.strip()


_FINGERPRINT = re.compile(r"[A-Za-z0-9][\w.-]{0,80}:[0-9a-f]{16}", re.ASCII)


def _check_id(name: str) -> list[str]:
    """Return the problems of an id. An unknown code would be accepted without effect."""
    if _FINGERPRINT.fullmatch(name):
        return []
    from launchready.checks.catalogue import rules  # noqa: PLC0415 - "--help" must not wait for it

    code, at, subject = name.partition("@")
    codes = [one.code for one in rules()]
    if code in codes and bool(at) == bool(subject) and len(name) <= 500:
        return []
    near = difflib.get_close_matches(code.upper(), codes, 1, 0.7)
    copied = "copy a fingerprint (stripe-test-key:9f3a...) or a code (MAIL003) from the report"
    hint = f"did you mean {near[0] + at + subject!r}?" if near else copied
    return [f"{name[:80]!r} is neither a fingerprint nor a code; {hint}"]
