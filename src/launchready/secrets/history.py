"""Commits: which there are, and every hit in what they brought. A broken object costs its own file, not the scan."""

import contextlib
import re
from collections.abc import Iterator, Sequence

from launchready.secrets import scan_blob
from launchready.secrets.file_context import MESSAGE, TAG
from launchready.secrets.git import PARTIAL, Blobs, GitError, lines, output
from launchready.secrets.hits import Unread
from launchready.secrets.patches import LOG, PATCH, Change, Message, changes
from launchready.secrets.scan_blob import Hit
from launchready.secrets.scan_text import find


def commits(repo: str, span: str | None = None) -> tuple[list[str], list[Unread]]:
    """Every commit of every ref, the newest first; or those of a range. Raises GitError for a range git refuses.

    A range from commit 0000... is that of a branch that is new: so a code host says it to a build.
    """
    if span is not None:
        ids = output(repo, "rev-list", "--end-of-options", _NEW.sub("", span)).decode().split()
        if not ids and ".." not in span:
            raise GitError("that is no commit")
        return ids, []
    stashes: list[str] = []
    with contextlib.suppress(GitError):  # refs/stash is the newest; those before it are in its log alone
        stashes = output(repo, "rev-list", "--walk-reflogs", "refs/stash", "--").decode().split()
    try:
        return output(repo, "rev-list", "--all", "--stdin", given="\n".join(stashes).encode()).decode().split(), []
    except GitError as error:
        every = output(repo, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)").decode()
        found = [line[7:] for line in every.splitlines() if line.startswith("commit ")]
        return found, [
            Unread("(history)", f"refs could not be followed ({error}): every readable commit was looked at")
        ]


_NEW = re.compile(r"^(?:0{40}|0{64})\.{2,3}")
_FILES = ("diff-tree", "--stdin", "-r", "--root", "-m", "--no-renames", "--always", "-z")
_MESSAGES = ("log", "--stdin", "--no-walk=unsorted", "--format=raw", "--no-patch", "--encoding=UTF-8", "--no-decorate")

_ABSENT = ("rev-list", "--objects", "--no-object-names", "--missing=print", "--no-walk", "--stdin")


class History:
    """Reads commits of one repository. ``only``: a path from its root, to which they are limited."""

    def __init__(self, repo: str, only: str = "") -> None:
        self._repo = repo
        self._only = ("--", only) if only else ()
        self._seen: set[tuple[str, str]] = set()

    def hits(self, ids: Sequence[str]) -> Iterator[Hit | Unread]:
        """Every hit of these commits."""
        with Blobs(self._repo, scan_blob.WHOLE) as blobs:
            last = ""
            try:
                for one in changes(lines(self._repo, (*LOG, *self._only), ids)):
                    if isinstance(one, Unread):
                        yield one
                    elif isinstance(one, Message):
                        last = one.commit
                        yield from message(one)
                    else:
                        yield from scan_blob.change(one, blobs, self._seen)
            except GitError:
                yield from self._salvaged(ids[ids.index(last) if last in ids else 0 :], blobs)

    def _salvaged(self, ids: Sequence[str], blobs: Blobs) -> Iterator[Hit | Unread]:
        """Git stopped at a broken object: from there on, whole files are read, so that it costs only its own."""
        yield from self._messages(ids)
        absent = self._absent(ids) if blobs.partial else frozenset()
        if absent:
            yield PARTIAL
        while ids:
            last = -1
            try:
                for commit, path, name in _named(lines(self._repo, (*_FILES, *self._only), ids)):
                    last = ids.index(commit, max(0, last)) if commit in ids else last
                    if path and name not in absent:
                        yield from scan_blob.blob(path, name, commit, blobs, self._seen)
            except GitError as error:
                if blobs.partial:
                    yield PARTIAL
                    return
                broken = ids[last + 1 : last + 2]
                yield from (Unread(f"commit {commit[:12]}", str(error)) for commit in broken)
                ids = ids[last + 2 :]
            else:
                return

    def _absent(self, ids: Sequence[str]) -> frozenset[str]:
        """What a partial clone left out. To ask for each of them would end ``git cat-file`` each time."""
        with contextlib.suppress(GitError):
            said = b"".join(lines(self._repo, _ABSENT, ids)).decode()
            return frozenset(line[1:] for line in said.split("\n") if line.startswith("?"))
        return frozenset()

    def _messages(self, ids: Sequence[str]) -> Iterator[Hit | Unread]:
        try:
            yield from self._said(ids)
        except GitError:
            for one in ids:
                try:
                    yield from self._said((one,))
                except GitError as error:
                    yield Unread(f"commit {one[:12]}", str(error))

    def _said(self, ids: Sequence[str]) -> Iterator[Hit]:
        for one in changes(lines(self._repo, _MESSAGES, ids)):
            if isinstance(one, Message):
                yield from message(one)


def _named(pieces: Iterator[bytes]) -> Iterator[tuple[str, str, str]]:
    """Commit, path and object of each changed file; a commit without a path before those of its files."""
    rest, commit, head = b"", "", b""
    for piece in pieces:
        *fields, rest = (rest + piece).split(b"\0")
        for field in fields:
            if head:
                facts, head = head.split(b" "), b""
                if not facts[1].startswith(b"16"):
                    yield commit, field.decode("utf-8", "replace"), facts[3].decode()
            elif field.startswith(b":"):
                head = field
            else:
                commit = field.rsplit(b"\n", 1)[-1].decode()
                yield commit, "", ""


def message(one: Message) -> Iterator[Hit]:
    """What a commit's own message gives away."""
    text = one.text.decode("utf-8", "replace")
    for found in find(text, MESSAGE):
        yield Hit(MESSAGE.path, 0, one.commit, found.rule, found.value)


def tags(repo: str) -> Iterator[Hit]:
    """What the messages of annotated tags give away; their commit is the one they name."""
    form = "%(if:equals=tag)%(objecttype)%(then)%(*objectname) %(contents)%00%(end)"
    try:
        text = output(repo, "for-each-ref", f"--format={form}", "refs/tags").decode("utf-8", "replace")
    except GitError:
        return
    for tag in text.split("\0"):
        commit, _, words = tag.strip("\n").partition(" ")
        for found in find(words, TAG):
            yield Hit(TAG.path, 0, commit, found.rule, found.value)


def staged(repo: str, only: str = "") -> Iterator[Hit | Unread]:
    """Every hit in what is about to be committed, of a path from the root or of all. Raises GitError."""
    limit = ("--", only) if only else ()
    with Blobs(repo, scan_blob.WHOLE) as blobs:
        seen: set[tuple[str, str]] = set()
        for one in changes(lines(repo, ("diff", "--cached", *PATCH, *limit), (), index=True)):
            if isinstance(one, Unread):
                yield one
            elif isinstance(one, Change):
                yield from scan_blob.change(one, blobs, seen)
