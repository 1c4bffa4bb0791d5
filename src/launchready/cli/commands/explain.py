"""``launchready explain MAIL003``: the meaning of a code, its standard, and its preconditions."""

import argparse
import difflib
import json

from launchready.cli.options import write
from launchready.errors import ConfigError

HELP = "explain a code of a report"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", nargs="?", help="a code, for example MAIL003; without one, list all codes")


def run(args: argparse.Namespace) -> int:
    from launchready.checks import explain  # noqa: PLC0415 - "--help" must not wait for it
    from launchready.checks.catalogue import rules  # noqa: PLC0415

    if args.code is None:
        if args.format == "json":
            write(args, json.dumps([{"code": one.code, "family": one.family, "topic": one.topic} for one in rules()]))
        else:
            write(args, "\n".join(f"{one.code:9} {one.topic}" for one in rules()))
        return 0
    one = explain.find(args.code)
    if one is None:
        near = difflib.get_close_matches(args.code.upper(), [rule.code for rule in rules()], 3, 0.5)
        hint = f"did you mean {', '.join(near)}?" if near else "launchready explain lists all codes"
        raise ConfigError([f"explain: no code {args.code!r}; {hint}"])
    write(args, explain.page(one))
    return 0
