"""``launchready map example.com``: each host, where its name leads, and where a visitor who types it ends."""

import argparse
from typing import Any

from launchready.cli import last_report
from launchready.cli.check_arguments import LISTS, WORDS, about, asked, taken
from launchready.cli.configuration import Configuration, load
from launchready.cli.options import note, write
from launchready.errors import ConfigError

HELP = "print where every host leads: its DNS target, and the redirects from there"
NOT_FACTS = ("only", "skip", "ignore", "subdomains")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    about(parser)
    parser.add_argument(
        "--diff", action="store_true", help="only what changed since the last map; exit 1 if anything did"
    )


def run(args: argparse.Namespace) -> int:
    file = load()
    domain, options = asked(args, taken(args, file, [one for one in (*LISTS, *WORDS) if one not in NOT_FACTS]))
    if args.format not in ("text", "json", "md"):
        raise ConfigError([f"--format {args.format}: a map comes as text, json or md"])
    note(args, f"... drawing the map of {domain}")
    from launchready.checks.domain_map import Map  # noqa: PLC0415 - "--help" must not wait for it

    drawn: Map = draw(domain, options, file)
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


def draw(domain: str, options: dict[str, Any], file: Configuration) -> Any:
    from launchready.checks.run import chart  # noqa: PLC0415

    moved = file.values.get("redirects", {})
    if not isinstance(moved, dict) or not all(isinstance(value, str) for value in moved.values()):
        raise ConfigError([f'{file.source}: [redirects] holds lines like "/old" = "/new"'])
    return chart(domain, moved=moved, **options)
