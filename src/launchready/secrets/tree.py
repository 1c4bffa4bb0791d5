"""The files: those of the work tree that git would commit, else those of a folder. Links are not followed."""

import os
import stat
from collections.abc import Iterator

from launchready.secrets import look
from launchready.secrets.found import Unread
from launchready.secrets.git import GitError, output
from launchready.secrets.look import Hit

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


def files(root: str, *, git: bool) -> list[str]:
    """Paths from the root: tracked ones and new ones that are not ignored; outside of git every file."""
    if git:
        try:
            listed = output(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".").decode(
                "utf-8", "surrogateescape"
            )
            found = {path for path in listed.split("\0") if path}
            return sorted(found.union(*(_submodule(root, path) for path in found if ".gitmodules" in found)))
        except GitError:
            if not os.path.lexists(os.path.join(root, ".git")):  # noqa: PTH118
                return []  # a bare repository has no files
    return sorted(_walked(root))


def _submodule(root: str, path: str) -> list[str]:
    """The files of a repository in this one; none of any other path, and of one that is not checked out."""
    inner = os.path.join(root, path)  # noqa: PTH118
    if not os.path.lexists(os.path.join(inner, ".git")):  # noqa: PTH118
        return []
    return [os.path.join(path, name) for name in files(inner, git=True)]  # noqa: PTH118


def _walked(root: str) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118 - a hundred thousand of them


def hits(root: str, path: str, *, named: bool = False) -> Iterator[Hit | Unread]:
    """Every hit in one file; of a link only where it was ``named``, and not met in a folder."""
    whole = os.path.join(root, path)  # noqa: PTH118
    shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        status = os.stat(whole) if named else os.lstat(whole)  # noqa: PTH116 - a hundred thousand of them
        if not stat.S_ISREG(status.st_mode):
            if named:
                yield Unread(shown, "a pipe, a socket or a device: not read")
            return
        with open(whole, "rb") as file:  # noqa: PTH123
            yield from look.stream(shown, file, status.st_size)
    except FileNotFoundError:
        return  # tracked, and deleted in the work tree: the history has it
    except OSError as error:
        yield Unread(shown, error.strerror or type(error).__name__)
