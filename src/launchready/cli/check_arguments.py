"""What ``check`` and ``map`` are about: the domain and the facts that cannot be seen from outside, typed or in the
configuration.
"""

import argparse
import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from launchready.cli.configuration import Configuration
from launchready.cli.options import split_lists
from launchready.errors import ConfigError

LOCAL = ("sec", "env", "db")
LISTS = (
    "hosts", "dkim_selectors", "webhooks", "pages", "protected", "senders", "probe_limit", "subdomains",
    "only", "skip", "ignore",
)  # fmt: skip
WORDS = (
    "domain", "canonical", "ca", "app", "sends_mail", "mobile_app", "origin", "cors_probe_origin", "timeout",
    "resolver", "allow_private", "repository", "release", "health", "store",
)  # fmt: skip
FAMILY_OR_CODE = ("only", "skip", "ignore")


def about(parser: argparse.ArgumentParser) -> None:
    """The arguments of both commands."""
    parser.add_argument("domain", nargs="?", help="the domain that customers type; else the one in launchready.toml")
    for name, what in (
        ("hosts", "names that have to work: app api, or with what their first page shows: app='Coach'"),
        ("dkim_selectors", "what your mail is signed with: google s1"),
        ("webhooks", "paths or URLs that others post to"),
        ("pages", "pages to read for mixed content"),
        ("protected", "paths that must refuse strangers"),
        ("senders", "addresses that your own mail comes from"),
        ("subdomains", "names that somebody found, as in certificate logs: is one forgotten?"),
        ("probe_limit", "what must be refused after so many requests, which are sent: 'POST /login=5'"),
    ):
        parser.add_argument(f"--{name.replace('_', '-')}", nargs="+", metavar="NAME", help=what)
    parser.add_argument("--canonical", choices=("apex", "www"), help="where visitors should end")
    parser.add_argument("--ca", help="the certificate authority that renews, as in letsencrypt.org")
    parser.add_argument("--app", help="one more page to look at")
    parser.add_argument("--release", help="what should be live: the health page has to name it")
    parser.add_argument("--health", metavar="PATH", help="the health page (/healthz)")
    parser.add_argument("--store", metavar="URL", help="the middleware's store; else LAUNCHREADY_STORE")
    parser.add_argument("--repository", metavar="PATH", help="the project's folder, to look for secrets in it, too")
    for name in ("sends-mail", "mobile-app"):
        parser.add_argument(f"--{name}", action=argparse.BooleanOptionalAction, default=None)
    parser.add_argument("--origin", metavar="ADDRESS", help="the server behind your content network")
    parser.add_argument("--cors-probe-origin", metavar="ORIGIN", help="the foreign origin to try CORS with")
    parser.add_argument("--resolver", metavar="HOST:PORT", help="the DNS server to ask, in place of this machine's own")
    parser.add_argument(
        "--allow-private", action="store_true", default=None, help="connect to addresses that are not public, too"
    )


def asked(args: argparse.Namespace, options: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The domain, and the options for it. ConfigError when no domain was named."""
    domain = options.pop("domain", None)
    if domain is None and on_this_machine(options.get("only")):
        domain = "this.project"
    if domain is None:
        command = f"launchready {args.command} example.com"
        raise ConfigError(
            [f'no domain: write "{command}", or domain = "example.com" under [check] in launchready.toml']
        )
    if isinstance(options.get("hosts"), list):
        options["hosts"] = shown(options["hosts"])
    if isinstance(options.get("resolver"), str):
        options["resolver"] = address(options["resolver"])
    return domain, options


def shown(hosts: list[str]) -> dict[str, str | None]:
    """``api="Coach API"``: a host and what its first page shows; ``api`` alone: any page."""
    return {host: text or None for host, _, text in (str(one).partition("=") for one in hosts)}


def on_this_machine(only: Iterable[str] | None) -> bool:
    """Whether all that is asked for is looked at on this machine, and needs no domain: files, a database."""
    named = [name.lower() for name in only or ()]
    return bool(named) and all(name.startswith(LOCAL) for name in named)


def taken(args: argparse.Namespace, file: Configuration, names: Iterable[str]) -> dict[str, Any]:
    """What was typed, over what stands in the file."""
    options = facts(file) | the_store(file) | file.table("check", (*LISTS, *WORDS))
    for name in (*LISTS, *WORDS):
        value = getattr(args, name, None)
        if value is not None:
            options[name] = split_lists(value) if name in LISTS else value
    # "--only mail example.com": no family and no code has a dot, so this was meant as the domain.
    for name in FAMILY_OR_CODE:
        if getattr(args, name) is not None and args.domain is None:
            stray = [value for value in options[name] if "." in value]
            if stray:
                options[name] = [value for value in options[name] if "." not in value]
                options["domain"] = stray[-1]
    return {name: options[name] for name in names if name in options}


def the_store(file: Configuration) -> dict[str, Any]:
    """Where the app keeps its keys, as the other commands know it."""
    found = os.environ.get("LAUNCHREADY_STORE") or file.table("idempotency").get("store")
    return {"store": found} if found else {}


def facts(file: Configuration) -> dict[str, Any]:
    """What the top of launchready.toml says about the site: ``production``, ``hosts``, ``webhooks``."""
    values = file.values
    found: dict[str, Any] = {}
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
        others = [name for name in hosts if name != found["domain"]]
        found["hosts"] = [f"{name}={text}" if (text := says(hosts[name])) else name for name in others]
    hooks = values.get("webhooks", {})
    if isinstance(hooks, dict):
        paths = [hook["path"] for hook in hooks.values() if isinstance(hook, dict) and "path" in hook]
        if paths:
            found["webhooks"] = paths
    return found


def says(host: object) -> str:
    """``{ shows = "Coach API" }`` beside a host: what its first page shows."""
    return str(host.get("shows", "")) if isinstance(host, dict) else ""


def address(text: str) -> tuple[str, int]:
    """``HOST:PORT``, or a host alone, whose port is 53."""
    host, colon, port = text.rpartition(":")
    if not colon or (host.count(":") > 0 and not host.endswith("]")):
        return text.strip("[]"), 53
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError([f'resolver: {text!r} is not an address and a port; write "127.0.0.1:5300"'])
    return host.strip("[]"), int(port)
