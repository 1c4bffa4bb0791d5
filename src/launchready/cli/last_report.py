"""What a project keeps between two runs, in ``.launchready/``: the last report and the last map of a domain.

Only a project keeps something: a folder with launchready.toml or .launchready/. Files are replaced as a whole.
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
    """What was kept there; None when nothing was. ConfigError when it cannot be read."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigError([f"{file} cannot be read: {error}; delete it to start anew"]) from None
    if not isinstance(found, dict):
        raise ConfigError([f"{file} is not a report; delete it to start anew"])
    return found


def save(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
