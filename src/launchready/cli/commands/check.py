"""``launchready check example.com``: what to fix before launch, ranked."""

import argparse
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

from launchready.errors import ConfigError

HELP = "look at DNS, certificates, redirects, headers and mail of a domain, and say what to fix before launch"

LISTS = ("hosts", "dkim_selectors", "webhooks", "only", "skip", "ignore")
WORDS = ("domain", "canonical", "ca", "app", "sends_mail", "timeout")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("domain", nargs="?", help="the domain that customers type; else the one in launchready.toml")
    for name in LISTS:
        parser.add_argument(f"--{name.replace('_', '-')}", nargs="+", default=None, metavar="NAME")
    parser.add_argument("--canonical", choices=("apex", "www"), help="where visitors should end")
    parser.add_argument("--ca", help="the certificate authority that renews, as in letsencrypt.org")
    parser.add_argument("--app", help="one more page to look at")
    parser.add_argument("--sends-mail", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument("--timeout", type=float, default=None, metavar="SECONDS", help="for everything (10)")
    parser.add_argument("--format", choices=("text", "json", "md", "html"), default="text")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write there, and not to stdout")
    parser.add_argument("--fail-on", choices=("48h", "any", "never"), default="48h")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--no-color", action="store_true")


def run(args: argparse.Namespace) -> int:
    options = configured()
    for name in (*LISTS, *WORDS):
        given = getattr(args, name)
        if given is not None:
            options[name] = given
    domain = options.pop("domain", None)
    if domain is None:
        raise ConfigError(
            ['no domain: write "launchready check example.com", or domain = "example.com" in launchready.toml']
        )
    if sys.stderr.isatty() and not args.quiet:
        print(f"... asking about {domain}", file=sys.stderr, flush=True)  # noqa: T201
    from launchready.checks.run import check  # noqa: PLC0415 - "--help" must not wait for it

    report = check(domain, **options)
    color = args.output is None and sys.stdout.isatty() and not args.no_color and "NO_COLOR" not in os.environ
    text = {
        "text": lambda: report.to_text(color=color),
        "json": report.to_json,
        "md": report.to_markdown,
        "html": report.to_html,
    }[args.format]()
    if args.output is None:
        print(text)  # noqa: T201
    else:
        args.output.write_text(text, encoding="utf-8")
    return exit_code(report, args.fail_on)


def exit_code(report: Any, fail_on: str) -> int:
    """0, 1 or 3 by the findings that count."""
    if fail_on != "never" and (report.fix_now or (fail_on == "any" and report.can_wait)):
        return 1
    return 3 if report.undetermined else 0


def configured() -> dict[str, Any]:
    """``[check]`` of launchready.toml, else of ``[tool.launchready]`` in pyproject.toml. Raises ConfigError."""
    for path, keys in ((Path("launchready.toml"), ()), (Path("pyproject.toml"), ("tool", "launchready"))):
        if not path.is_file():
            continue
        try:
            table: Any = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise ConfigError([f"{path}: {error}"]) from None
        for key in keys:
            table = table.get(key, {})
        found: dict[str, Any] = table.get("check", {})
        unknown = sorted(set(found) - {*LISTS, *WORDS})
        if unknown:
            raise ConfigError(
                [f"{path}: [check] has no {name!r}; it has {', '.join((*WORDS, *LISTS))}" for name in unknown]
            )
        if found:
            return dict(found)
    return {}
