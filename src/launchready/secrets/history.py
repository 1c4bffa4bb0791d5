"""Scans commits: lists them, and yields every hit that they added. A broken object costs only its own file."""

import contextlib
import re
from collections.abc import Iterator, Sequence

from launchready.secrets import scan_blob
from launchready.secrets.file_context import MESSAGE, TAG
from launchready.secrets.git import PARTIAL, Blobs, GitError, output, stream_output
from launchready.secrets.hits import Unread
from launchready.secrets.patches import LOG, PATCH, Change, Message, parse_log
from launchready.secrets.scan_blob import Hit
from launchready.secrets.scan_text import find_secrets


def commits(repo: str, span: str | None = None) -> tuple[list[str], list[Unread]]:
    """Return every commit of every ref, newest first, or those of a range. Raises GitError for an invalid range.

    Code hosts name the range of a new branch from commit 0000...; it means all commits of the branch.
    """
    if span is not None:
        ids = output(repo, "rev-list", "--end-of-options", _NEW.sub("", span)).decode().split()
        if not ids and ".." not in span:
            raise GitError("not a commit")
        return ids, []
    stashes: list[str] = []
    with contextlib.suppress(GitError):  # refs/stash is the newest stash; older ones are only in its reflog
        stashes = output(repo, "rev-list", "--walk-reflogs", "refs/stash", "--").decode().split()
    try:
        return output(repo, "rev-list", "--all", "--stdin", stdin="\n".join(stashes).encode()).decode().split(), []
    except GitError as error:
        every = output(repo, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)").decode()
        found = [line[7:] for line in every.splitlines() if line.startswith("commit ")]
        return found, [Unread("(history)", f"refs could not be followed ({error}): every readable commit was scanned")]


_NEW = re.compile(r"^(?:0{40}|0{64})\.{2,3}")
_FILES = ("diff-tree", "--stdin", "-r", "--root", "-m", "--no-renames", "--always", "-z")
_MESSAGES = ("log", "--stdin", "--no-walk=unsorted", "--format=raw", "--no-patch", "--encoding=UTF-8", "--no-decorate")

_ABSENT = ("rev-list", "--objects", "--no-object-names", "--missing=print", "--no-walk", "--stdin")


class History:
    """Reads commits of one repository. ``only``: limit them to a path, relative to its root."""

    def __init__(self, repo: str, only: str = "") -> None:
        self._repo = repo
        self._only = ("--", only) if only else ()
        self._seen: set[tuple[str, str]] = set()

    def hits(self, ids: Sequence[str]) -> Iterator[Hit | Unread]:
        """Yield every hit of these commits."""
        with Blobs(self._repo, scan_blob.MAX_HELD) as blobs:
            last = ""
            try:
                for one in parse_log(stream_output(self._repo, (*LOG, *self._only), ids)):
                    if isinstance(one, Unread):
                        yield one
                    elif isinstance(one, Message):
                        last = one.commit
                        yield from message_hits(one)
                    else:
                        yield from scan_blob.scan_change(one, blobs, self._seen)
            except GitError:
                yield from self._hits_in_blobs(ids[ids.index(last) if last in ids else 0 :], blobs)

    def _hits_in_blobs(self, ids: Sequence[str], blobs: Blobs) -> Iterator[Hit | Unread]:
        """Scan whole files from the broken object on, because git stops its log there."""
        yield from self._messages(ids)
        absent = self._missing_objects(ids) if blobs.partial else frozenset()
        if absent:
            yield PARTIAL
        while ids:
            last = -1
            try:
                for commit, path, name in _changed_files(stream_output(self._repo, (*_FILES, *self._only), ids)):
                    last = ids.index(commit, max(0, last)) if commit in ids else last
                    if path and name not in absent:
                        yield from scan_blob.scan_git_object(path, name, commit, blobs, self._seen)
            except GitError as error:
                if blobs.partial:
                    yield PARTIAL
                    return
                broken = ids[last + 1 : last + 2]
                yield from (Unread(f"commit {commit[:12]}", str(error)) for commit in broken)
                ids = ids[last + 2 :]
            else:
                return

    def _missing_objects(self, ids: Sequence[str]) -> frozenset[str]:
        """Return the ids that a partial clone lacks. Reading one of them would end ``git cat-file``."""
        with contextlib.suppress(GitError):
            said = b"".join(stream_output(self._repo, _ABSENT, ids)).decode()
            return frozenset(line[1:] for line in said.split("\n") if line.startswith("?"))
        return frozenset()

    def _messages(self, ids: Sequence[str]) -> Iterator[Hit | Unread]:
        try:
            yield from self._log_messages(ids)
        except GitError:
            for one in ids:
                try:
                    yield from self._log_messages((one,))
                except GitError as error:
                    yield Unread(f"commit {one[:12]}", str(error))

    def _log_messages(self, ids: Sequence[str]) -> Iterator[Hit]:
        for one in parse_log(stream_output(self._repo, _MESSAGES, ids)):
            if isinstance(one, Message):
                yield from message_hits(one)


def _changed_files(pieces: Iterator[bytes]) -> Iterator[tuple[str, str, str]]:
    """Yield commit, path and object id of each changed file. A commit comes first, with an empty path."""
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


def message_hits(one: Message) -> Iterator[Hit]:
    """Yield the secrets in a commit's message."""
    text = one.text.decode("utf-8", "replace")
    for found in find_secrets(text, MESSAGE):
        yield Hit(MESSAGE.path, 0, one.commit, found.rule, found.value)


def tag_hits(repo: str) -> Iterator[Hit]:
    """What the messages of annotated tags give away; their commit is the one they name."""
    form = "%(if:equals=tag)%(objecttype)%(then)%(*objectname) %(contents)%00%(end)"
    try:
        text = output(repo, "for-each-ref", f"--format={form}", "refs/tags").decode("utf-8", "replace")
    except GitError:
        return
    for tag in text.split("\0"):
        commit, _, words = tag.strip("\n").partition(" ")
        for found in find_secrets(words, TAG):
            yield Hit(TAG.path, 0, commit, found.rule, found.value)


def staged_hits(repo: str, only: str = "") -> Iterator[Hit | Unread]:
    """Yield every hit in the index, limited to a path if given. Raises GitError."""
    limit = ("--", only) if only else ()
    with Blobs(repo, scan_blob.MAX_HELD) as blobs:
        seen: set[tuple[str, str]] = set()
        for one in parse_log(stream_output(repo, ("diff", "--cached", *PATCH, *limit), (), index=True)):
            if isinstance(one, Unread):
                yield one
            elif isinstance(one, Change):
                yield from scan_blob.scan_change(one, blobs, seen)
