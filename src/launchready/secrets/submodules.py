"""Repositories in a repository: submodules, each looked at with its own history, under the path where it stands.

Where they are is what the index says, and never .gitmodules, whose paths and addresses a stranger may have written. One
is looked at where it is checked out, and keeps its objects within the outer repository, where git puts them. Any other
is said to be unread. Nothing is fetched, and no command of its configuration runs: see ``git``.
"""

import os
from collections.abc import Iterator
from typing import NamedTuple

from launchready.secrets import work_tree
from launchready.secrets.git import GitError, output
from launchready.secrets.hits import Unread
from launchready.secrets.work_tree import Listed, shown


class Repository(NamedTuple):
    """One to look at. ``path``: the folder of it that was asked for. ``under``: where it stands for the reader."""

    top: str
    path: str
    listed: Listed
    only: str = ""
    under: str = ""

    @property
    def files_under(self) -> str:
        """Where paths from the folder on stand for the reader."""
        return f"{self.under}{shown(self.only)}/" if self.only else self.under


def below(path: str, top: str) -> str:
    """A path from the root of its repository on; "" for the root itself."""
    only = os.path.relpath(os.path.realpath(path), os.path.realpath(top))
    return "" if only == "." else only


def repositories(path: str, top: str) -> Iterator[Repository | Unread]:
    """The repository, then those in it, and those in them."""
    waiting = [Repository(top, path, work_tree.listed(path), below(path, top))]
    homes: tuple[str, ...] = ()
    while waiting:
        one = waiting.pop()
        yield one
        for name in one.listed.inner:
            homes = homes or (os.path.realpath(top), _store(top))
            inner, under = os.path.join(one.path, name), one.files_under + shown(name)  # noqa: PTH118
            why = _refusal(one.path, name, homes)
            if why:
                yield Unread(under, why)
            else:
                waiting.append(Repository(inner, inner, work_tree.listed(inner), under=f"{under}/"))


def _refusal(outer: str, name: str, homes: tuple[str, ...]) -> str:
    """Why a submodule is not looked at; "" for one that is. ``homes``: where its objects may be."""
    inner = os.path.join(outer, name)  # noqa: PTH118
    real = os.path.realpath(inner)
    if real != os.path.join(os.path.realpath(outer), os.path.normpath(name)):  # noqa: PTH118
        return "a submodule behind a link: not followed"
    if not os.path.lexists(os.path.join(inner, ".git")):  # noqa: PTH118
        return "a submodule that is not checked out (git submodule update --init): not looked at"
    try:
        top = output(inner, "rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").removesuffix("\n")
        own = _store(inner)
    except GitError as error:
        return f"a submodule that git cannot read ({error})"
    if os.path.realpath(top) != real:
        return "a submodule without a repository of its own: not looked at"
    if not any(_within(own, home) for home in homes):
        return "a submodule that keeps its objects elsewhere: look at it by itself"
    return ""


def _store(repo: str) -> str:
    """Where a repository keeps its objects."""
    said = output(repo, "rev-parse", "--git-common-dir").decode("utf-8", "surrogateescape").removesuffix("\n")
    return os.path.realpath(os.path.join(repo, said))  # noqa: PTH118


def _within(path: str, folder: str) -> bool:
    return os.path.commonpath((path, folder)) == folder
