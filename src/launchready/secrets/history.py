"""Commits: which there are, and every hit in what they brought. A broken object costs its own file, not the scan."""

from collections.abc import Iterator, Sequence

from launchready.secrets import look
from launchready.secrets.found import Unread
from launchready.secrets.git import Blobs, GitError, lines, output
from launchready.secrets.look import Hit
from launchready.secrets.patches import LOG, PATCH, Change, Message, changes
from launchready.secrets.place import MESSAGE, TAG
from launchready.secrets.text import find


def commits(repo: str, span: str | None = None) -> tuple[list[str], list[Unread]]:
    """Every commit of every ref, the newest first; or those of a range. Raises GitError for a range git refuses."""
    if span is not None:
        return output(repo, "rev-list", "--end-of-options", span).decode().split(), []
    try:
        return output(repo, "rev-list", "--all").decode().split(), []
    except GitError as error:
        every = output(repo, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)").decode()
        found = [line[7:] for line in every.splitlines() if line.startswith("commit ")]
        return found, [
            Unread("(history)", f"refs could not be followed ({error}): every readable commit was looked at")
        ]


_FILES = ("diff-tree", "-r", "--root", "-m", "--no-renames", "--no-commit-id", "-z")


class History:
    """Reads commits of one repository. ``only``: a path from its root, to which they are limited."""

    def __init__(self, repo: str, only: str = "") -> None:
        self._repo = repo
        self._only = ("--", only) if only else ()
        self._seen: set[tuple[str, str]] = set()

    def hits(self, ids: Sequence[str]) -> Iterator[Hit | Unread]:
        """Every hit of these commits."""
        with Blobs(self._repo, look.WHOLE) as blobs:
            yield from self._hits(ids, blobs)

    def _hits(self, ids: Sequence[str], blobs: Blobs) -> Iterator[Hit | Unread]:
        last = ""
        try:
            for one in changes(lines(self._repo, (*LOG, *self._only), ids)):
                if isinstance(one, Unread):
                    yield one
                elif isinstance(one, Message):
                    last = one.commit
                    yield from message(one)
                else:
                    yield from look.change(one, blobs, self._seen)
        except GitError as error:
            yield from self._around(ids, last, error, blobs)

    def _around(self, ids: Sequence[str], last: str, error: GitError, blobs: Blobs) -> Iterator[Hit | Unread]:
        """Git stopped at a broken object: the commit it stopped at is read file by file, the rest as before."""
        if len(ids) == 1:
            yield from self._salvaged(ids[0], error, blobs)
            return
        at = ids.index(last) if last in ids else 0
        yield from self._hits(ids[at : at + 1], blobs)
        if at + 1 < len(ids):
            yield from self._hits(ids[at + 1 :], blobs)

    def _salvaged(self, commit: str, error: GitError, blobs: Blobs) -> Iterator[Hit | Unread]:
        raw = b""
        try:
            # With a commit graph the files of a commit can be known although the commit itself is broken.
            raw = output(self._repo, *_FILES, commit, *self._only)
            output(self._repo, "cat-file", "commit", commit)
        except GitError:
            yield Unread(f"commit {commit[:12]}", str(error))
        fields = raw.decode("utf-8", "replace").split("\0")
        for head, path in zip(fields[::2], fields[1::2], strict=False):
            parts = head.split(" ")
            if len(parts) == 5 and not parts[1].startswith("16"):
                yield from look.blob(path, parts[3], commit, blobs, self._seen)


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


def staged(repo: str) -> Iterator[Hit | Unread]:
    """Every hit in what is about to be committed. Raises GitError."""
    with Blobs(repo, look.WHOLE) as blobs:
        seen: set[tuple[str, str]] = set()
        for one in changes(lines(repo, ("diff", "--cached", *PATCH), ())):
            if isinstance(one, Unread):
                yield one
            elif isinstance(one, Change):
                yield from look.change(one, blobs, seen)
