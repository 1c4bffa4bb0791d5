"""A scan: which work there is, one leak a place, each with the oldest commit that brought it."""

import os
from collections.abc import Iterator

from launchready.errors import ConfigError
from launchready.secrets import git, history, tree, work
from launchready.secrets.kinds import facts
from launchready.secrets.leak import Leak, Severity, Unread, fingerprint
from launchready.secrets.look import Hit

FALLBACK_KEY = b"launchready secrets"
Progress = work.Progress


class Scan:
    """What ``scan`` returns: iterating over it scans, and gives each leak once for every path it stands in.

    After that ``unread`` says what could not be looked at; while it is not empty, "no leaks" is not known.
    """

    def __init__(
        self, path: str, *, files: bool, past: bool, staged: bool, commits: str | None, progress: Progress | None = None
    ) -> None:
        self.path = path
        self.unread: list[Unread] = []
        self.notes: list[str] = []
        self._files, self._past, self._staged, self._span, self._progress = files, past, staged, commits, progress
        self._key: bytes | None = None
        self._top: str | None = None
        self._order: dict[str, int] = {}

    def __iter__(self) -> Iterator[Leak]:
        self.unread.clear()
        self.notes.clear()
        found: dict[tuple[str, str, str], Hit] = {}
        now: set[tuple[str, str]] = set()
        more: dict[tuple[str, str, str], set[int]] = {}
        for hit in self._hits():
            if isinstance(hit, Unread):
                if hit not in self.unread:
                    self.unread.append(hit)
                continue
            key = (hit.path, hit.rule, hit.value)
            if not hit.commit:
                now.add((hit.rule, hit.value))
                more.setdefault(key, set()).add(hit.line)
            found[key] = self._older(found.get(key), hit)
        leaks = [
            self._leak(hit._replace(line=line), in_files=(hit.rule, hit.value) in now)
            for key, hit in found.items()
            for line in more.get(key, (hit.line,))
        ]
        yield from sorted(leaks, key=lambda leak: leak.rank)

    def _older(self, known: Hit | None, hit: Hit) -> Hit:
        """The line of today, the commit of long ago."""
        if known is None:
            return hit
        if not known.commit or not hit.commit:
            here, past = (known, hit) if not known.commit else (hit, known)
            return here._replace(commit=past.commit)
        return hit if self._order.get(hit.commit, -1) > self._order.get(known.commit, -1) else known

    def _leak(self, hit: Hit, *, in_files: bool) -> Leak:
        known = facts(hit.rule)
        severity: Severity = known.severity  # type: ignore[assignment]
        mark = fingerprint(hit.rule, hit.value, self._fingerprint_key())
        return Leak(
            hit.path,
            hit.line,
            hit.commit,
            hit.rule,
            hit.value,
            mark,
            severity,
            advice(hit, known.revoke),
            known.opens,
            in_files,
            known.money,
        )

    def _hits(self) -> Iterator[Hit | Unread]:
        path = os.path.abspath(self.path)  # noqa: PTH100
        if not os.path.lexists(path):
            raise ConfigError([f"secrets: there is no {self.path!r}; give a folder or a file"])
        if not os.path.isdir(path):  # noqa: PTH112
            yield from tree.hits(os.path.dirname(path), os.path.basename(path))  # noqa: PTH119, PTH120
            return
        self._top = git.top(path) if git.available() else None
        if self._top is None:
            yield from self._without_git(path)
            return
        only = os.path.relpath(os.path.realpath(path), os.path.realpath(self._top))
        only = "" if only == "." else only
        try:
            yield from self._with_git(path, self._top, only)
        except git.GitError as error:
            yield Unread("(history)", str(error))

    def _without_git(self, path: str) -> Iterator[Hit | Unread]:
        marked = os.path.lexists(os.path.join(path, ".git"))  # noqa: PTH118
        if self._staged or self._span:
            raise ConfigError(
                [f"secrets: {self.path!r} is not in a git repository that can be read; leave out --staged and --range"]
            )
        if marked:
            why = "git is not installed" if not git.available() else "git cannot read this repository"
            yield Unread("(history)", f"{why}: only the files were looked at")
        elif self._past:
            self.notes.append("no git repository here: only the files were looked at")
        yield from work.spread(work.jobs("", "", (), path, tree.files(path, git=False)), self._progress)

    def _with_git(self, path: str, top: str, only: str) -> Iterator[Hit | Unread]:
        if self._staged:
            yield from history.staged(top)
            return
        ids: list[str] = []
        if self._span is not None:
            try:
                ids, _ = history.commits(top, self._span)
            except git.GitError as error:
                raise ConfigError(
                    [f"secrets: git knows no range {self._span!r} ({error}); write it as main..HEAD"]
                ) from None
        elif self._past:
            ids, trouble = history.commits(top)
            yield from trouble
            yield from history.tags(top)
            if git.output(top, "rev-parse", "--is-shallow-repository").strip() == b"true":
                yield Unread(
                    "(history)", "a shallow clone: older commits are not here; fetch them with git fetch --unshallow"
                )
        self._order = {commit: number for number, commit in enumerate(ids)}
        paths = tree.files(path, git=True) if self._files and self._span is None else []
        for hit in work.spread(work.jobs(top, only, ids, path, paths), self._progress):
            yield hit._replace(path=f"{only}/{hit.path}") if only and isinstance(hit, Hit) and not hit.commit else hit

    def _fingerprint_key(self) -> bytes:
        if self._key is None:
            self._key = key(self._top or self.path)
        return self._key


def key(root: str) -> bytes:
    """The key of fingerprints: the repository's first commit, so that every clone has the same, and no outsider has."""
    try:
        first = git.output(root, "rev-list", "--max-parents=0", "HEAD").decode().split()
    except git.GitError:
        first = []
    return (min(first).encode() if first else b"") + FALLBACK_KEY


def advice(hit: Hit, revoke: str) -> str:
    """What to do, in order: revoke first, because removing the text does not take the key back."""
    clean = "take it out of the file, and read it from the environment"
    if hit.commit:
        clean += "; then purge the history (git filter-repo --replace-text) and have every clone fetched anew"
    return (
        f"1. Revoke: {revoke}. 2. Replace: make a new one, and set it in the environment of the "
        f"deployment. 3. Redeploy. 4. Purge: {clean}. 5. Scan again: launchready secrets"
    )
