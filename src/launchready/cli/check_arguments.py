"""The arguments of ``check`` and ``map``, made from the fields of ``CheckOptions``."""

import argparse
import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from launchready.checks.options import CheckOptions, flags, is_list
from launchready.cli.configuration import Configuration
from launchready.cli.options import split_lists
from launchready.errors import ConfigError

LOCAL = ("sec", "env", "db")
FAMILY_OR_CODE = ("only", "skip", "ignore")
LISTS = (*(one.name for one in flags() if is_list(one)), *FAMILY_OR_CODE)
SINGLE = ("domain", *(one.name for one in flags() if not is_list(one)), "timeout")


def add_check_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments that both commands take."""
    parser.add_argument(
        "domain", nargs="?", help="the domain that customers type (default: the one in launchready.toml)"
    )
    for one in flags():
        flag, text = f"--{one.name.replace('_', '-')}", one.metadata["help"]
        if "bool" in str(one.type):
            # A safety switch has no opposite: --no-allow-private is the default.
            action = "store_true" if one.default is False else argparse.BooleanOptionalAction
            parser.add_argument(flag, action=action, default=None, help=text)
        elif "choices" in one.metadata:
            parser.add_argument(flag, choices=one.metadata["choices"], help=text)
        elif is_list(one):
            parser.add_argument(flag, nargs="+", metavar="NAME", help=text)
        else:
            parser.add_argument(flag, metavar=one.metadata.get("metavar"), help=text)


def check_options(args: argparse.Namespace, file: Configuration, *, without: Iterable[str] = ()) -> CheckOptions:
    """The options that were typed, completed by those of the file. ConfigError when no domain is given."""
    given = {name: value for name, value in read_options(args, file).items() if name not in without}
    domain = given.pop("domain", None)
    if domain is None and is_local(given.get("only")):
        domain = "this.project"
    if domain is None:
        command = f"launchready {args.command} example.com"
        raise ConfigError(
            [f'no domain: write "{command}", or domain = "example.com" under [check] in launchready.toml']
        )
    if isinstance(given.get("hosts"), list):
        given["hosts"] = host_texts(given["hosts"])
    if isinstance(given.get("resolver"), str):
        given["resolver"] = host_and_port(given["resolver"])
    return CheckOptions(domain, **given)


def host_texts(hosts: list[str]) -> dict[str, str | None]:
    """``api="Coach API"``: a host and a text of its first page. ``api`` alone: any page."""
    return {host: text or None for host, _, text in (str(one).partition("=") for one in hosts)}


def is_local(only: Iterable[str] | None) -> bool:
    """Whether all selected checks run on this machine and need no domain: files, a database."""
    named = [name.lower() for name in only or ()]
    return bool(named) and all(name.startswith(LOCAL) for name in named)


def read_options(args: argparse.Namespace, file: Configuration) -> dict[str, Any]:
    """Every option that was typed or stands in the file. A typed option replaces that of the file."""
    options = site_facts(file) | store_option(file) | file.table("check", (*LISTS, *SINGLE))
    for name in (*LISTS, *SINGLE):
        value = getattr(args, name, None)
        if value is not None:
            options[name] = split_lists(value) if name in LISTS else value
    # "--only mail example.com": no family and no code contains a dot, so this is the domain.
    for name in FAMILY_OR_CODE:
        if getattr(args, name) is not None and args.domain is None:
            stray = [value for value in options[name] if "." in value]
            if stray:
                options[name] = [value for value in options[name] if "." not in value]
                options["domain"] = stray[-1]
    return options


def store_option(file: Configuration) -> dict[str, Any]:
    """The store of the idempotency keys, read where the other commands read it."""
    found = os.environ.get("LAUNCHREADY_STORE") or file.table("idempotency").get("store")
    return {"store": found} if found else {}


def site_facts(file: Configuration) -> dict[str, Any]:
    """The tables ``production``, ``hosts`` and ``webhooks`` of launchready.toml as options."""
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
        found["hosts"] = [f"{name}={text}" if (text := page_text(hosts[name])) else name for name in others]
    hooks = values.get("webhooks", {})
    if isinstance(hooks, dict):
        paths = [hook["path"] for hook in hooks.values() if isinstance(hook, dict) and "path" in hook]
        if paths:
            found["webhooks"] = paths
    return found


def page_text(host: object) -> str:
    """``{ shows = "Coach API" }`` beside a host: a text of its first page."""
    return str(host.get("shows", "")) if isinstance(host, dict) else ""


def host_and_port(text: str) -> tuple[str, int]:
    """``HOST:PORT``, or a host alone, whose port is 53."""
    host, colon, port = text.rpartition(":")
    if not colon or (host.count(":") > 0 and not host.endswith("]")):
        return text.strip("[]"), 53
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError([f'resolver: {text!r} is not an address and a port; write "127.0.0.1:5300"'])
    return host.strip("[]"), int(port)
