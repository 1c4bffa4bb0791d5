"""``launchready check example.com``: what to fix before launch, ranked."""

import argparse
from typing import Any
from urllib.parse import urlsplit

from launchready.cli.configuration import Configuration, load
from launchready.cli.options import coloured, exit_code, listed, note, write
from launchready.errors import ConfigError

HELP = "look at DNS, certificates, redirects, headers and mail of a domain, and say what to fix before launch"

LISTS = ("hosts", "dkim_selectors", "webhooks", "pages", "protected", "only", "skip", "ignore")
WORDS = ("domain", "canonical", "ca", "app", "sends_mail", "mobile_app", "repository", "timeout")
LOCAL = ("secrets", "env", "db")
FAMILY_OR_CODE = ("only", "skip", "ignore")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("domain", nargs="?", help="the domain that customers type; else the one in launchready.toml")
    for name, what in (
        ("hosts", "names that have to work: app api"),
        ("dkim_selectors", "what your mail is signed with: google s1"),
        ("webhooks", "paths or URLs that others post to"),
        ("pages", "pages to read for mixed content"),
        ("protected", "paths that must refuse strangers"),
    ):
        parser.add_argument(f"--{name.replace('_', '-')}", nargs="+", metavar="NAME", help=what)
    parser.add_argument("--canonical", choices=("apex", "www"), help="where visitors should end")
    parser.add_argument("--ca", help="the certificate authority that renews, as in letsencrypt.org")
    parser.add_argument("--app", help="one more page to look at")
    parser.add_argument("--repository", metavar="PATH", help="the project's folder, to look for secrets in it, too")
    for name in ("sends-mail", "mobile-app"):
        parser.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument(
        "--since", metavar="last|FILE", help="show what changed since the last run, or since a JSON report"
    )
    parser.add_argument("--allow-unknown", action="store_true", help="exit 0 although something could not be checked")


def run(args: argparse.Namespace) -> int:
    options = given(args, load())
    domain = options.pop("domain", None)
    if domain is None and local(options.get("only")):
        domain = "this.project"
    if domain is None:
        raise ConfigError(
            ['no domain: write "launchready check example.com", or domain = "example.com" in launchready.toml']
        )
    note(args, f"... asking about {domain}")
    from launchready.checks.run import check  # noqa: PLC0415 - "--help" must not wait for it

    report = check(domain, **options)
    write(args, report.to_text(color=coloured(args)) if args.format == "text" else report.to(args.format))
    return exit_code(
        args.fail_on,
        now=bool(report.fix_now),
        later=bool(report.can_wait),
        unknown=bool(report.undetermined),
        allow_unknown=args.allow_unknown,
    )


def local(only: Any) -> bool:
    """Whether all that is asked for is on this machine, and needs no domain."""
    named = [str(name).lower() for name in only or ()]
    return bool(named) and all(name in LOCAL or name.startswith(("sec", "env", "db")) for name in named)


def given(args: argparse.Namespace, file: Configuration) -> dict[str, Any]:
    """What was typed, over what stands in the file."""
    options = facts(file) | file.table("check", (*LISTS, *WORDS))
    for name in (*LISTS, *WORDS):
        value = getattr(args, name)
        if value is not None:
            options[name] = listed(value) if name in LISTS else value
    # "--only mail example.com": no family and no code has a dot, so this was meant as the domain.
    for name in FAMILY_OR_CODE:
        if getattr(args, name) is not None and args.domain is None:
            stray = [value for value in options[name] if "." in value]
            if stray:
                options[name] = [value for value in options[name] if "." not in value]
                options["domain"] = stray[-1]
    return options


def facts(file: Configuration) -> dict[str, Any]:
    """What the top of launchready.toml says about the site: ``production``, ``hosts``, ``webhooks``."""
    values, found = file.values, {}
    production = values.get("production", {})
    url = production.get("url", "") if isinstance(production, dict) else ""
    hosts = values.get("hosts", {})
    if url:
        found["domain"] = urlsplit(url).hostname or url
    if isinstance(production, dict) and "mobile_app" in production:
        found["mobile_app"] = production["mobile_app"]
    if isinstance(hosts, dict) and hosts:
        # The shortest name is the domain: example.com before www.example.com and api.example.com.
        found["domain"] = min(hosts, key=lambda name: (name.count("."), len(name)))
        found["hosts"] = [name for name in hosts if name != found["domain"]]
    hooks = values.get("webhooks", {})
    if isinstance(hooks, dict):
        paths = [hook["path"] for hook in hooks.values() if isinstance(hook, dict) and "path" in hook]
        if paths:
            found["webhooks"] = paths
    return found
