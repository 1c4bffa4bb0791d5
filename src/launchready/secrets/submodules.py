"""Finds submodules, each scanned with its own history under its path.

The index names the submodules, never .gitmodules, because a stranger may have written its paths and URLs. A submodule
is scanned if it is checked out and keeps its objects within the outer repository, as git does. Any other is reported as
unread. Nothing is fetched, and no configured command runs: see ``git``.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple

from launchready.secrets import work_tree
from launchready.secrets.git import GitError, output
from launchready.secrets.hits import Unread
from launchready.secrets.work_tree import FolderListing, printable


class Repository(NamedTuple):
    """A repository to scan. ``path``: the requested folder. ``prefix``: its path in the report."""

    top: str
    path: str
    listing: FolderListing
    only: str = ""
    prefix: str = ""

    @property
    def files_prefix(self) -> str:
        """The prefix of file paths in the report."""
        return f"{self.prefix}{printable(self.only)}/" if self.only else self.prefix


def path_in_repository(path: str, top: str) -> str:
    """Return a path relative to the root of its repository; "" for the root."""
    only = os.path.relpath(os.path.realpath(path), os.path.realpath(top))
    return "" if only == "." else only


def repositories(path: str, top: str) -> Iterator[Repository | Unread]:
    """Yield the repository, then its submodules, recursively."""
    waiting = [Repository(top, path, work_tree.list_folder(path), path_in_repository(path, top))]
    homes: tuple[str, ...] = ()
    while waiting:
        one = waiting.pop()
        yield one
        for name in one.listing.submodules:
            homes = homes or (os.path.realpath(top), _object_store(top))
            inner, under = os.path.join(one.path, name), one.files_prefix + printable(name)  # noqa: PTH118
            why = _refusal(one.path, name, homes)
            if why:
                yield Unread(under, why)
            else:
                waiting.append(Repository(inner, inner, work_tree.list_folder(inner), prefix=f"{under}/"))


def _refusal(outer: str, name: str, homes: tuple[str, ...]) -> str:
    """Return the reason to skip a submodule, or "". ``homes``: allowed locations of its objects."""
    inner = os.path.join(outer, name)  # noqa: PTH118
    real = os.path.realpath(inner)
    if real != os.path.join(os.path.realpath(outer), os.path.normpath(name)):  # noqa: PTH118
        return "a submodule behind a symbolic link: not followed"
    if not os.path.lexists(os.path.join(inner, ".git")):  # noqa: PTH118
        return "a submodule that is not checked out (git submodule update --init): not scanned"
    try:
        top = output(inner, "rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").removesuffix("\n")
        own = _object_store(inner)
    except GitError as error:
        return f"a submodule that git cannot read ({error})"
    if os.path.realpath(top) != real:
        return "a submodule without a repository of its own: not scanned"
    if not any(_within(own, home) for home in homes):
        return "a submodule that keeps its objects elsewhere: scan it separately"
    return ""


def _object_store(repo: str) -> str:
    """Return the folder of a repository's objects."""
    text = output(repo, "rev-parse", "--git-common-dir").decode("utf-8", "surrogateescape").removesuffix("\n")
    return os.path.realpath(os.path.join(repo, text))  # noqa: PTH118


def _within(path: str, folder: str) -> bool:
    return os.path.commonpath((path, folder)) == folder
