"""Lists and scans files: those that git would commit, else all files of a folder. Links are not followed."""

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from launchready.secrets import scan_blob
from launchready.secrets.git import GitError, output
from launchready.secrets.hits import Unread
from launchready.secrets.scan_blob import Hit

#: Folders of tools and dependencies.
SKIPPED_FOLDERS = frozenset(
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


class FolderListing(NamedTuple):
    """Git's view of a folder. ``files``: tracked files, and new ones that are not ignored. ``submodules``: their paths.

    ``untracked_repositories``: repositories that git sees and does not track.
    """

    files: tuple[str, ...] = ()
    submodules: tuple[str, ...] = ()
    untracked_repositories: tuple[str, ...] = ()


_SUBMODULE = "160000"


def list_folder(root: str) -> FolderListing:
    """List the paths of a folder in a repository, relative to the folder."""
    try:
        text = output(root, "ls-files", "-z", "-s", "-t", "--cached", "--others", "--exclude-standard", "--", ".")
    except GitError:
        if not os.path.lexists(os.path.join(root, ".git")):  # noqa: PTH118
            return _bare(root)
        return FolderListing(tuple(sorted(walk(root))))
    files: set[str] = set()
    inner: set[str] = set()
    beside: set[str] = set()
    for line in text.decode("utf-8", "surrogateescape").split("\0"):
        if line.startswith("? "):
            (beside if line.endswith("/") else files).add(line[2:])
        elif line:
            facts, _, path = line.partition("\t")
            (inner if facts[2:].startswith(_SUBMODULE) else files).add(path)
    return FolderListing(tuple(sorted(files)), tuple(sorted(inner)), tuple(sorted(beside)))


def _bare(root: str) -> FolderListing:
    """List the submodule paths of a bare repository, which has no files."""
    try:
        text = output(root, "ls-tree", "-r", "-z", "HEAD").decode("utf-8", "surrogateescape")
    except GitError:
        return FolderListing()
    return FolderListing(
        submodules=tuple(line.partition("\t")[2] for line in text.split("\0") if line.startswith(_SUBMODULE))
    )


def walk(root: str) -> Iterator[str]:
    """Yield every file of a folder, relative to it."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118 - called for up to 100,000 files


def printable(path: str) -> str:
    """Return a path for display, with a replacement character for bytes that are not text."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def hits(root: str, path: str, *, explicit: bool = False) -> Iterator[Hit | Unread]:
    """Yield every hit in one file. Links are followed only if ``explicit``."""
    whole = os.path.join(root, path)  # noqa: PTH118
    name = printable(path)
    try:
        status = os.stat(whole) if explicit else os.lstat(whole)  # noqa: PTH116 - called for up to 100,000 files
        if not stat.S_ISREG(status.st_mode):
            if explicit:
                yield Unread(name, "a pipe, socket or device: not read")
            return
        with open(whole, "rb") as file:  # noqa: PTH123
            yield from scan_blob.scan_stream(name, file, status.st_size)
    except FileNotFoundError:
        return  # deleted in the work tree; the history scan reads it
    except OSError as error:
        yield Unread(name, error.strerror or type(error).__name__)
