"""``launchready map example.com``: each host, where its name leads, and where a visitor who types it ends."""

import argparse
from typing import Any

from launchready.checks.options import CheckOptions
from launchready.cli import last_report
from launchready.cli.check_arguments import add_check_arguments, check_options
from launchready.cli.configuration import Configuration, load
from launchready.cli.options import note, write
from launchready.errors import ConfigError

HELP = "print where every host leads: its DNS target and its redirects"
NOT_FOR_A_MAP = ("only", "skip", "ignore", "subdomains")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_check_arguments(parser)
    parser.add_argument(
        "--diff", action="store_true", help="print only what changed since the last map; exit 1 if anything did"
    )


def run(args: argparse.Namespace) -> int:
    file = load()
    options = check_options(args, file, without=NOT_FOR_A_MAP)
    if args.format not in ("text", "json", "md"):
        raise ConfigError([f"--format {args.format}: a map can be printed as text, json or md"])
    note(args, f"... drawing the map of {options.domain}")
    from launchready.checks.domain_map import Map  # noqa: PLC0415 - "--help" must not wait for it

    drawn: Map = draw(options, file)
    place = last_report.path("map", drawn.domain)
    before = last_report.load(place)
    if args.diff or last_report.is_project():
        last_report.save(place, drawn.to_json())
    if not args.diff:
        write(args, {"text": drawn.to_text, "json": drawn.to_json, "md": drawn.to_markdown}[args.format]())
        return 0
    if before is None:
        write(args, f"No earlier map of {drawn.domain}: this one is kept in {place}.\n")
        return 0
    changed = drawn.diff(Map.from_dict(before))
    write(args, "\n".join(changed or ["Nothing changed."]))
    return 1 if changed and args.fail_on != "never" else 0


def draw(options: CheckOptions, file: Configuration) -> Any:
    from launchready.checks.run import map_domain  # noqa: PLC0415

    moved = file.values.get("redirects", {})
    if not isinstance(moved, dict) or not all(isinstance(value, str) for value in moved.values()):
        raise ConfigError([f'{file.source}: [redirects] holds lines like "/old" = "/new"'])
    return map_domain(options, moved)
