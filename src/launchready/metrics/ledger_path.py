"""The path of the ledger file, derived from the store's URL."""

import os
import stat
import tempfile
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote


def default_path(store: str) -> Path | None:
    """The ledger file of a store's URL; None for a store in memory.

    It is beside the file of an SQLite store. A store of several machines has one file on each of them, in a folder for
    temporary files that only this user can enter.
    """
    scheme, _, rest = store.partition("://")
    if scheme == "memory":
        return None
    if scheme == "sqlite":
        name = unquote(rest.partition("?")[0].removeprefix("/"))
        return Path(name).with_suffix(".metrics.db") if name and name != ":memory:" else None
    user = str(os.getuid()) if hasattr(os, "getuid") else "app"
    which = sha256(f"{store} {Path.cwd()}".encode()).hexdigest()[:16]  # the URL contains a password
    return Path(tempfile.gettempdir()) / f"launchready-{user}" / f"{which}.metrics.db"


def create_private_file(path: Path) -> None:
    """Create the file and its folder for this user alone. Raises OSError.

    Another user may have created a folder or link of that name in the folder for temporary files; that is an error.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent.parent == Path(tempfile.gettempdir()) and path.parent.name.startswith("launchready-"):
        found = path.parent.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077 or found.st_uid != os.getuid():
            raise PermissionError("another user owns the folder for measurements")
    path.touch(mode=0o600, exist_ok=True)
