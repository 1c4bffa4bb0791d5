"""What the owner accepts for a while, by fingerprint or code, for a reason. After its day it is a finding again.

The list is ``launchready-accepted.toml`` in the root of the project, to be committed, so that everyone and the build
server know it. It also holds the key of the fingerprints, once it was written: a shallow clone has no first commit to
derive the key from.
"""

import datetime as dt
import json
import os
import tomllib
from typing import NamedTuple

from launchready.errors import ConfigError

FILE = "launchready-accepted.toml"


class Acceptance(NamedTuple):
    """One line of the list."""

    id: str
    until: dt.date
    why: str


class Accepted(NamedTuple):
    """The list as it stands in the file."""

    entries: tuple[Acceptance, ...] = ()
    key: bytes | None = None
    current: frozenset[str] = frozenset()
    expired: frozenset[str] = frozenset()


def root() -> str:
    """Where the list of this project stands: the top of the checkout, else this folder."""
    from launchready.secrets import git  # noqa: PLC0415 - a scan knows its root already

    here = os.getcwd()  # noqa: PTH109 - as below
    return (git.top(here) or here) if git.available() else here


def load(root: str, today: dt.date) -> Accepted:
    """The list of a project, told apart by the day. ConfigError for a file that cannot be read as one."""
    path = os.path.join(root, FILE)  # noqa: PTH118 - pathlib costs more than the rest of this
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            table = tomllib.load(file)
    except FileNotFoundError:
        return Accepted()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError([f"{path}: {error}"]) from None
    entries = []
    for number, row in enumerate(table.get("accepted", ()), 1):
        if not (isinstance(row, dict) and isinstance(row.get("id"), str) and isinstance(row.get("until"), dt.date)):
            raise ConfigError([f'{path}: entry {number} needs id = "...", until = 2030-01-31 and why = "..."'])
        entries.append(Acceptance(row["id"], row["until"], str(row.get("why", ""))))
    current = frozenset(one.id for one in entries if one.until >= today)
    key = table.get("fingerprint_key")
    return Accepted(
        tuple(entries),
        bytes.fromhex(key) if isinstance(key, str) else None,
        current,
        frozenset(one.id for one in entries) - current,
    )


def add(root: str, known: Accepted, new: Acceptance, key: bytes) -> str:
    """Writes the list with one entry more, or changed; the path. A file is replaced as a whole."""
    path = os.path.join(root, FILE)  # noqa: PTH118
    entries = [one for one in known.entries if one.id != new.id] + [new]
    lines = [
        "# Findings that are accepted for a while. Written by: launchready accept ID --until DATE --why TEXT",
        "# The key is no secret: it makes fingerprints of this project comparable, and useless outside of it.",
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
