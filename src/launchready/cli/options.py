"""What every command of the command line has in common: the flags, where the result goes, and when it ends badly."""

import argparse
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from launchready.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ("text", "json", "md", "html", "sarif", "junit")
FAIL_ON = ("48h", "any", "never")
FOUND, UNKNOWN = 1, 3


def common() -> argparse.ArgumentParser:
    """The flags that mean the same everywhere; a command may give one its own meaning by defining it again."""
    flags = argparse.ArgumentParser(add_help=False)
    group = flags.add_argument_group("everywhere")
    group.add_argument("--only", nargs="+", metavar="NAME", help="only these families or codes: mail,DNS001")
    group.add_argument("--skip", nargs="+", metavar="NAME", help="all but these families or codes")
    group.add_argument("--ignore", nargs="+", metavar="CODE", help="leave these codes out of the result")
    group.add_argument("--format", choices=FORMATS, default="text")
    group.add_argument("-o", "--output", type=_path, metavar="FILE", help="write the result there, and not to stdout")
    group.add_argument("--fail-on", choices=FAIL_ON, default="48h", help="what makes the exit code 1 (48h)")
    group.add_argument("--timeout", type=float, metavar="SECONDS", help="for everything together")
    group.add_argument("--quiet", action="store_true", help="no progress, and no text beside the result")
    group.add_argument("--no-color", action="store_true", help="no colour; NO_COLOR in the environment does the same")
    return flags


def split_lists(values: Iterable[str] | None) -> list[str] | None:
    """``--only mail,tls`` and ``--only mail tls`` are the same."""
    if values is None:
        return None
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def use_color(args: argparse.Namespace) -> bool:
    """Colour is for a terminal that did not refuse it (no-color.org)."""
    return args.output is None and sys.stdout.isatty() and not args.no_color and not os.environ.get("NO_COLOR")


def _path(text: str) -> "Path":
    from pathlib import Path  # noqa: PLC0415 - a hook before each commit writes no file, and should not wait for it

    return Path(text)


def write(args: argparse.Namespace, text: str) -> None:
    """The result, to stdout or to ``-o FILE``. A file is replaced as a whole: nobody reads half a report. What is none
    (``/dev/null``, a pipe) is written to, never replaced; of a symbolic link, what it leads to. ConfigError for a place
    that cannot be written to.
    """
    if args.output is None:
        if hasattr(sys.stdout, "reconfigure"):  # a name that the terminal cannot write is no reason to say nothing
            sys.stdout.reconfigure(errors="backslashreplace")
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        return
    try:
        _put(args.output.resolve(), text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigError([f"-o {args.output}: {error.strerror}; name a file that can be written"]) from None


def _put(place: "Path", text: str) -> None:
    if place.exists() and not place.is_file():
        place.write_text(text, encoding="utf-8", errors="backslashreplace")
        return
    part = place.with_name(f"{place.name}.part")
    part.write_text(text, encoding="utf-8", errors="backslashreplace")
    part.replace(place)


def note(args: argparse.Namespace, text: str) -> None:
    """Progress: stderr, and only where somebody watches."""
    if sys.stderr.isatty() and not args.quiet:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def exit_code(fail_on: str, *, now: bool, later: bool, unknown: bool, allow_unknown: bool = False) -> int:
    """0 fine; 1 something at or above ``--fail-on``; 3 nothing worse, but something could not be checked."""
    if fail_on != "never" and (now or (later and fail_on == "any")):
        return FOUND
    return UNKNOWN if unknown and not allow_unknown else 0
