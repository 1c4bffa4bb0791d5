"""Shared by all commands: common flags, output, exit codes."""

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
    """Return the common flags. A command may redefine one."""
    flags = argparse.ArgumentParser(add_help=False)
    group = flags.add_argument_group("common options")
    group.add_argument(
        "--only", nargs="+", metavar="NAME", help="only these families or codes, for example mail,DNS001"
    )
    group.add_argument("--skip", nargs="+", metavar="NAME", help="all but these families or codes")
    group.add_argument("--ignore", nargs="+", metavar="CODE", help="omit these codes from the result")
    group.add_argument("--format", choices=FORMATS, default="text")
    group.add_argument("-o", "--output", type=_path, metavar="FILE", help="write the result to FILE instead of stdout")
    group.add_argument("--fail-on", choices=FAIL_ON, default="48h", help="findings that make the exit code 1 (48h)")
    group.add_argument("--timeout", type=float, metavar="SECONDS", help="time limit of the whole command")
    group.add_argument("--quiet", action="store_true", help="no progress, and nothing but the result")
    group.add_argument("--no-color", action="store_true", help="no colour; same as NO_COLOR in the environment")
    return flags


def split_lists(values: Iterable[str] | None) -> list[str] | None:
    """Split comma-separated values: ``--only mail,tls`` and ``--only mail tls`` are the same."""
    if values is None:
        return None
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def use_color(args: argparse.Namespace) -> bool:
    """Whether to use colour: on a terminal, unless disabled (no-color.org)."""
    return args.output is None and sys.stdout.isatty() and not args.no_color and not os.environ.get("NO_COLOR")


def _path(text: str) -> "Path":
    from pathlib import Path  # noqa: PLC0415 - a commit hook writes no file, and must start fast

    return Path(text)


def write(args: argparse.Namespace, text: str) -> None:
    """Write the result to stdout or to ``-o FILE``.

    A regular file is replaced atomically, so no reader sees half a report. Devices and pipes are written to, never
    replaced; symbolic links are followed. Raises ConfigError if the file cannot be written.
    """
    if args.output is None:
        if hasattr(sys.stdout, "reconfigure"):  # the terminal may not support every character
            sys.stdout.reconfigure(errors="backslashreplace")
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        return
    try:
        _write_file(args.output.resolve(), text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigError([f"-o {args.output}: {error.strerror}; name a writable file"]) from None


def _write_file(target: "Path", text: str) -> None:
    if target.exists() and not target.is_file():
        target.write_text(text, encoding="utf-8", errors="backslashreplace")
        return
    part = target.with_name(f"{target.name}.part")
    part.write_text(text, encoding="utf-8", errors="backslashreplace")
    part.replace(target)


def note(args: argparse.Namespace, text: str) -> None:
    """Print progress to stderr if it is a terminal."""
    if sys.stderr.isatty() and not args.quiet:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def exit_code(fail_on: str, *, now: bool, later: bool, unknown: bool, allow_unknown: bool = False) -> int:
    """Return 0 if fine, 1 for findings at or above ``--fail-on``, 3 if only a check was not possible."""
    if fail_on != "never" and (now or (later and fail_on == "any")):
        return FOUND
    return UNKNOWN if unknown and not allow_unknown else 0
