"""The files: those of the work tree that git would commit, else those of a folder. Links are not followed."""

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from launchready.secrets import scan_blob
from launchready.secrets.git import GitError, output
from launchready.secrets.hits import Unread
from launchready.secrets.scan_blob import Hit

#: Folders that hold no work of the owner.
SKIPPED = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        "node_modules",
        ".venv",
        "venv",
        "__pycache__",
        ".tox",
        ".nox",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".gradle",
        ".idea/caches",
    }
)


class Listed(NamedTuple):
    """What git names in a folder. ``files``: tracked ones, and new ones that are not ignored. ``inner``: submodules.

    ``beside``: repositories that git sees and does not track.
    """

    files: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


_SUBMODULE = "160000"


def listed(root: str) -> Listed:
    """The paths of a folder in a repository, from that folder on."""
    try:
        said = output(root, "ls-files", "-z", "-s", "-t", "--cached", "--others", "--exclude-standard", "--", ".")
    except GitError:
        if not os.path.lexists(os.path.join(root, ".git")):  # noqa: PTH118
            return _bare(root)
        return Listed(tuple(sorted(walked(root))))
    files: set[str] = set()
    inner: set[str] = set()
    beside: set[str] = set()
    for line in said.decode("utf-8", "surrogateescape").split("\0"):
        if line.startswith("? "):
            (beside if line.endswith("/") else files).add(line[2:])
        elif line:
            facts, _, path = line.partition("\t")
            (inner if facts[2:].startswith(_SUBMODULE) else files).add(path)
    return Listed(tuple(sorted(files)), tuple(sorted(inner)), tuple(sorted(beside)))


def _bare(root: str) -> Listed:
    """A bare repository has no files; of its submodules it has only the names."""
    try:
        said = output(root, "ls-tree", "-r", "-z", "HEAD").decode("utf-8", "surrogateescape")
    except GitError:
        return Listed()
    return Listed(inner=tuple(line.partition("\t")[2] for line in said.split("\0") if line.startswith(_SUBMODULE)))


def walked(root: str) -> Iterator[str]:
    """Every file of a folder, from that folder on."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118 - a hundred thousand of them


def shown(path: str) -> str:
    """A path for a reader: with a mark for what is no text in it."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def hits(root: str, path: str, *, named: bool = False) -> Iterator[Hit | Unread]:
    """Every hit in one file; of a link only where it was ``named``, and not met in a folder."""
    whole = os.path.join(root, path)  # noqa: PTH118
    name = shown(path)
    try:
        status = os.stat(whole) if named else os.lstat(whole)  # noqa: PTH116 - a hundred thousand of them
        if not stat.S_ISREG(status.st_mode):
            if named:
                yield Unread(name, "a pipe, a socket or a device: not read")
            return
        with open(whole, "rb") as file:  # noqa: PTH123
            yield from scan_blob.stream(name, file, status.st_size)
    except FileNotFoundError:
        return  # tracked, and deleted in the work tree: the history has it
    except OSError as error:
        yield Unread(name, error.strerror or type(error).__name__)
