"""``launchready config``: every configured value and its source. Secrets are masked."""

import argparse
import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from launchready.cli.configuration import SECRET, Configuration, load
from launchready.cli.options import write

HELP = "print what is configured and where it comes from, secrets masked"

ENVIRONMENT = "LAUNCHREADY_"
# The password in a store URL: redis://user:password@host.
PASSWORD = re.compile(r"(?<=:)[^:@/]+(?=@)")
MASK = "********"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="?", choices=("show",), default="show", help="show: print the configuration (default)"
    )


def run(args: argparse.Namespace) -> int:
    rows = [*from_environment(os.environ), *from_file(load())]
    if args.format == "json":
        write(args, json.dumps([{"name": name, "value": value, "source": source} for name, value, source in rows]))
        return 0
    lines = [f"{name} = {value}  ({source})" for name, value, source in rows]
    write(args, "\n".join(lines) or "Nothing is configured: this folder has no launchready.toml. See launchready init.")
    return 0


def from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield the settings in environment variables, by name."""
    for name, value in sorted(environment.items()):
        if name.startswith(ENVIRONMENT):
            yield name.removeprefix(ENVIRONMENT).lower(), mask_value(name, value), f"environment variable {name}"


def from_file(file: Configuration) -> Iterator[tuple[str, str, str]]:
    for name, value in flatten(file.values):
        yield name, mask_value(name, value), str(file.source)


def flatten(values: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    """Flatten ``{"a": {"b": 1}}`` to ``a.b``; a reference to the environment stays one value."""
    for key, value in values.items():
        name = f"{at}.{key}" if at else key
        if isinstance(value, Mapping) and set(value) != {"env"}:
            yield from flatten(value, name)
        else:
            yield name, value


def mask_value(name: str, value: Any) -> str:
    """Return a value for display. A reference to the environment shows only whether the variable is set."""
    if isinstance(value, Mapping):
        variable = str(value["env"])
        return f"{{ env = {variable!r} }}, {'set' if os.environ.get(variable) else 'NOT SET'}"
    if SECRET.search(name.rpartition(".")[2]):
        return MASK
    return (
        PASSWORD.sub(MASK, json.dumps(value, ensure_ascii=False, default=str))
        if not isinstance(value, str)
        else repr(PASSWORD.sub(MASK, value))
    )
