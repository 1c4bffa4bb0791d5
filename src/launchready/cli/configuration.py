"""The configuration file: ``launchready.toml``, or ``[tool.launchready]`` in pyproject.toml.

The file has one table per command (``[check]``, ``[deploy.production]`` ...). Facts that several commands need are at
the top (``production``, ``hosts``, ``webhooks``). Secrets are never in the file: ``{ env = "NAME" }`` names the
environment variable, and ``secret`` reads it.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launchready.errors import ConfigError

FILE = "launchready.toml"
# Facts about the site, and the tables of the commands.
TABLES = (
    "check", "deploy", "env", "hosts", "idempotency", "logs", "map", "production", "reconcile", "redirects", "routes",
    "secrets", "webhooks",
)  # fmt: skip
# Last words of the names of secrets.
SECRET = re.compile(
    r"(?:^|_)(?:secret|secret_key(?:_fallbacks)?|password|passwd|token|api_key|private_key|credentials?)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The parsed file. ``source`` is its path, or None without a file."""

    source: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def table(self, name: str, known: Iterable[str] = ()) -> dict[str, Any]:
        """Return one table. With ``known``, any other key raises ConfigError, which suggests the nearest known key."""
        found = self.values.get(name, {})
        if not isinstance(found, dict):
            raise ConfigError([f"{self.source}: {name} must be a table: [{name}]"])
        names = list(known)
        problems = [unknown_key(f"{self.source}: [{name}]", key, names) for key in found if names and key not in names]
        if problems:
            raise ConfigError(problems)
        return dict(found)


def load(folder: Path | None = None) -> Configuration:
    """Load the configuration of a folder (default: the current one). Raises ConfigError for invalid TOML, a secret in
    it, or an unknown table.
    """
    here = Path() if folder is None else folder
    for path, keys in ((here / FILE, ()), (here / "pyproject.toml", ("tool", "launchready"))):
        values = read(path)
        for key in keys:
            values = values.get(key, {})
        if values:
            problems = [f"{path}: {problem}" for problem in plain_secrets(values)]
            where = f"{path}: [tool.launchready]" if keys else str(path)
            problems += [unknown_key(where, key, TABLES) for key in values if key not in TABLES]
            if problems:
                raise ConfigError(problems)
            return Configuration(path, values)
    return Configuration()


def read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: {error}"]) from None


def plain_secrets(values: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Yield a problem for each secret in the file, without its value."""
    for key, value in values.items():
        name = f"{at}.{key}" if at else key
        if isinstance(value, Mapping):
            yield from plain_secrets(value, name)
        elif isinstance(value, list):
            for number, one in enumerate(value):
                if isinstance(one, Mapping):
                    yield from plain_secrets(one, f"{name}[{number}]")
        elif isinstance(value, str) and value and SECRET.search(key):
            variable = re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
            yield f'{name}: the file must not hold a secret; write {key} = {{ env = "{variable}" }} and set {variable}'


def secret(value: Any, name: str) -> str:
    """Read the value behind ``{ env = "NAME" }``. Raises ConfigError if the variable is not set."""
    if not isinstance(value, Mapping) or set(value) != {"env"} or not isinstance(value["env"], str):
        raise ConfigError([f'{name}: write {{ env = "NAME" }}, and put the value in that environment variable'])
    found = os.environ.get(value["env"])
    if not found:
        raise ConfigError([f"{name}: the environment variable {value['env']} is not set"])
    return found


def unknown_key(where: str, key: str, known: Iterable[str]) -> str:
    """Return the problem of an unknown key."""
    near = difflib.get_close_matches(key, list(known), 1, 0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
    return f"{where} has no {key!r}; {hint}"
