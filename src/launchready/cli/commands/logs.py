"""``launchready logs scan app.log``: find sensitive values in an existing log, by class and line."""

import argparse
import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, BinaryIO, cast

from launchready.errors import ConfigError

if TYPE_CHECKING:
    from launchready.redaction.leak_report import LeakReport

HELP = "find sensitive values in a log; prints the class and line of each value, never the value"

_LONGEST = 1 << 20  # bytes of one line; longer lines are read in parts
_TICK = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    scan = kinds.add_parser("scan", help=HELP, description=HELP)
    scan.add_argument("files", nargs="+", metavar="FILE", help="a log file, also .gz; - is standard input")
    for name, text in (("only", "only these classes"), ("skip", "all but these classes"), ("ignore", "same as --skip")):
        scan.add_argument(f"--{name}", nargs="+", default=[], metavar="CLASS", help=f"{text}, for example: email card")
    scan.add_argument("--allow", nargs="+", default=[], metavar="ENTRY", help="allow a value, @domain or key:NAME")
    scan.add_argument("--format", choices=("text", "json", "md", "html", "sarif", "junit"), default="text")
    scan.add_argument("-o", "--output", type=Path, metavar="FILE", help="write to this file instead of stdout")
    scan.add_argument("--fail-on", choices=("48h", "any", "never"), default="48h")
    scan.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="stop after this time; the rest counts as not read"
    )
    scan.add_argument("--quiet", action="store_true", help="no progress")
    scan.add_argument("--no-color", action="store_true", help="no effect: this report has no colour")


def run(args: argparse.Namespace) -> int:
    from launchready.redaction.leak_report import FORMATS, LeakReport  # noqa: PLC0415 - "--help" must not wait for it

    leaks = LeakReport()
    ends = None if args.timeout is None else monotonic() + args.timeout
    for name in args.files:
        _read(name, leaks, args, ends)
    text = FORMATS[args.format](leaks)
    if args.output is None:
        print(text)  # noqa: T201 - a command
    else:
        args.output.write_text(text + "\n", encoding="utf-8")
    return leaks.exit_code(args.fail_on)


def _read(name: str, leaks: "LeakReport", args: argparse.Namespace, ends: float | None) -> None:
    from launchready.redaction import Redactor, scan  # noqa: PLC0415 - "--help" must not wait for it

    redactor = Redactor(allow=(*args.allow, *(f"class:{kind}" for kind in (*args.skip, *args.ignore))))
    source = "stdin" if name == "-" else name
    leaks.lines_read[source] = 0
    try:
        with _open(name) as log:
            for logged in scan(_lines(log, source, leaks, args, ends), redactor):
                if not args.only or logged.kind in {*args.only, "redacted"}:
                    leaks.add(source, logged)
    except (OSError, EOFError, zlib.error) as error:
        if not leaks.lines_read[source]:
            reason = getattr(error, "strerror", None) or "it is damaged"
            raise ConfigError(
                [f"{name}: cannot be read ({reason}). Name a log file, or - for standard input."]
            ) from None
        leaks.unread[source] = f"damaged after line {leaks.lines_read[source]}"


def _open(name: str) -> AbstractContextManager[BinaryIO]:
    if name == "-":
        return nullcontext(sys.stdin.buffer)
    path = Path(name)
    return cast("BinaryIO", gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb"))


def _lines(
    log: BinaryIO, source: str, leaks: "LeakReport", args: argparse.Namespace, ends: float | None
) -> Iterator[bytes]:
    """Yield lines one at a time. Progress goes to stderr if it is a terminal."""
    shows = sys.stderr.isatty() and not args.quiet
    shown_at = monotonic()
    while line := log.readline(_LONGEST):
        leaks.lines_read[source] += 1
        if leaks.lines_read[source] % 256 == 0:
            now = monotonic()
            if ends is not None and now > ends:
                leaks.unread[source] = f"stopped by --timeout after line {leaks.lines_read[source]}"
                break
            if shows and now - shown_at > _TICK:
                shown_at = now
                print(f"\r... {source}: {leaks.lines_read[source]:,} lines", end="", file=sys.stderr, flush=True)  # noqa: T201
        yield line
    if shows:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)  # noqa: T201
