"""Findings that the owner accepts until a day, by fingerprint or code, with a reason. Afterwards they are findings
again.

The list is ``launchready-accepted.toml`` in the root of the project. Commit it, so that the build server and all clones
use it. The file also stores the key of the fingerprints, because a shallow clone has no first commit to derive it from.
"""

import datetime as dt
import json
import os
import tomllib
from typing import NamedTuple

from launchready.errors import ConfigError

FILE = "launchready-accepted.toml"


class Acceptance(NamedTuple):
    """One entry of the list."""

    id: str
    until: dt.date
    why: str


class AcceptedList(NamedTuple):
    """The entries of the file. ``current`` and ``expired`` hold the ids whose day is ahead or has passed."""

    entries: tuple[Acceptance, ...] = ()
    key: bytes | None = None
    current: frozenset[str] = frozenset()
    expired: frozenset[str] = frozenset()


def project_root() -> str:
    """Return the folder of the list: the top of the checkout, else the current folder."""
    from launchready.secrets import git  # noqa: PLC0415 - a scan already knows its root

    here = os.getcwd()  # noqa: PTH109 - as below
    return (git.work_tree_root(here) or here) if git.available() else here


def load(root: str, today: dt.date) -> AcceptedList:
    """Read the list and split it by ``today``. Raises ConfigError if the file is invalid."""
    path = os.path.join(root, FILE)  # noqa: PTH118 - pathlib costs more than the rest of this
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            table = tomllib.load(file)
    except FileNotFoundError:
        return AcceptedList()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError([f"{path}: {error}"]) from None
    entries = []
    for number, row in enumerate(table.get("accepted", ()), 1):
        if not (isinstance(row, dict) and isinstance(row.get("id"), str) and isinstance(row.get("until"), dt.date)):
            raise ConfigError([f'{path}: entry {number} needs id = "...", until = 2030-01-31 and why = "..."'])
        entries.append(Acceptance(row["id"], row["until"], str(row.get("why", ""))))
    current = frozenset(one.id for one in entries if one.until >= today)
    key = table.get("fingerprint_key")
    return AcceptedList(
        tuple(entries),
        bytes.fromhex(key) if isinstance(key, str) else None,
        current,
        frozenset(one.id for one in entries) - current,
    )


def add(root: str, known: AcceptedList, new: Acceptance, key: bytes) -> str:
    """Add or replace one entry, write the list atomically, and return its path."""
    path = os.path.join(root, FILE)  # noqa: PTH118
    entries = [one for one in known.entries if one.id != new.id] + [new]
    lines = [
        "# Findings that are accepted for a while. Written by: launchready accept ID --until DATE --why TEXT",
        "# The key is not a secret. It makes the fingerprints of all clones of this project equal.",
        f'fingerprint_key = "{(known.key or key)[:64].hex()}"',
    ]
    for one in entries:
        why = json.dumps(one.why, ensure_ascii=False)
        lines += ["", "[[accepted]]", f"id = {json.dumps(one.id)}", f"until = {one.until.isoformat()}", f"why = {why}"]
    part = f"{path}.part"
    with open(part, "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write("\n".join(lines) + "\n")
    os.replace(part, path)  # noqa: PTH105
    return path
