"""Where the ledger is: as far as the store reaches, so do the numbers."""

import os
import tempfile
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote


def place(store: str) -> Path | None:
    """The file for a store's URL; None for a store that is this process's own.

    Beside the file of an SQLite store. A store of several machines has one file on each of them, in a folder for
    temporary files that only this user may enter.
    """
    scheme, _, rest = store.partition("://")
    if scheme == "memory":
        return None
    if scheme == "sqlite":
        name = unquote(rest.partition("?")[0].removeprefix("/"))
        return Path(name).with_suffix(".metrics.db") if name and name != ":memory:" else None
    user = str(os.getuid()) if hasattr(os, "getuid") else "app"
    which = sha256(f"{store} {Path.cwd()}".encode()).hexdigest()[:16]  # the address holds a password
    return Path(tempfile.gettempdir()) / f"launchready-{user}" / f"{which}.metrics.db"
