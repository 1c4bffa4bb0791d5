"""Files that a project keeps between runs in ``.launchready/``: the last report and the last map of a domain.

Only projects keep them: folders with launchready.toml or .launchready/. Files are replaced atomically.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from launchready.cli.configuration import FILE
from launchready.errors import ConfigError

FOLDER = Path(".launchready")


def is_project() -> bool:
    return FOLDER.is_dir() or Path(FILE).is_file()


def path(kind: str, domain: str) -> Path:
    """``.launchready/report-coach.example.json``."""
    return FOLDER / f"{kind}-{re.sub(r'[^a-z0-9.-]', '_', domain)}.json"


def load(file: Path) -> Mapping[str, Any] | None:
    """Return the stored report, or None. Raises ConfigError if the file cannot be read."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigError([f"{file} cannot be read: {error}; delete it to start over"]) from None
    if not isinstance(found, dict):
        raise ConfigError([f"{file} is not a report; delete it to start over"])
    return found


def save(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
