"""A scan: which work there is, and a leak made of each hit."""

import os
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from launchready.clock import SYSTEM
from launchready.errors import ConfigError
from launchready.secrets import git, history, submodules, work_tree, worker_pool
from launchready.secrets.dedupe import Gathered
from launchready.secrets.hits import Unread
from launchready.secrets.key_kinds import facts
from launchready.secrets.scan_blob import Hit
from launchready.secrets.submodules import Repository
from launchready.secrets.work_tree import Listed

if TYPE_CHECKING:
    import datetime as dt

    from launchready.secrets.leak import Leak

FALLBACK_KEY = b"launchready secrets"
Progress = worker_pool.Progress


class Options(NamedTuple):
    """What to look at: see ``scan``."""

    files: bool = True
    history: bool = True
    staged: bool = False
    commits: str | None = None
    engines: Sequence[str] = ()
    today: "dt.date | None" = None
    progress: Progress | None = None


class Scan:
    """What ``scan`` returns: iterating over it scans, and gives each leak once for every place it stands in.

    After that ``unread`` says what could not be looked at: while it is not empty, "no leaks" is not known. ``accepted``
    are the leaks that the owner accepted until a day, ``notes`` what a reader of the result should know.
    """

    def __init__(self, path: str, options: Options) -> None:
        self.path = path
        self.options = options
        self.unread: list[Unread] = []
        self.accepted: list[Leak] = []
        self.notes: list[str] = []
        self._root = ""
        self._git: str | None = None

    def __iter__(self) -> "Iterator[Leak]":
        if (self.options.staged and self.options.commits is not None) or (self._some and self.options.engines):
            raise ConfigError(["secrets: what is staged, a range, and engines go by themselves; leave out all but one"])
        self.unread, self.accepted, self.notes = [], [], []
        gathered = Gathered()
        for hit in self._hits(gathered):
            if isinstance(hit, Hit):
                gathered.add(hit)
            elif hit not in self.unread:
                self.unread.append(hit)
        self._second_opinions(gathered)
        leaks = list(self._leaks(gathered))
        yield from sorted(leaks, key=lambda leak: leak.rank)

    def _leaks(self, gathered: Gathered) -> "Iterator[Leak]":
        if not gathered:
            return
        import datetime as dt  # noqa: PLC0415 - most scans find nothing, and a hook should not wait for it

        from launchready.secrets import accepted  # noqa: PLC0415 - as above

        today = self.options.today or dt.datetime.fromtimestamp(SYSTEM.wall(), dt.UTC).date()
        known = accepted.load(self._root, today)
        secret = b""
        for hit, now in gathered:
            secret = secret or known.key or key(self._root)
            leak = made(hit, secret, in_files=now)
            if leak.fingerprint in known.current:
                self.accepted.append(leak)
                continue
            if leak.fingerprint in known.expired:
                self.notes.append(f"the acceptance of {leak.fingerprint} has ended")
            yield leak

    def _second_opinions(self, gathered: Gathered) -> None:
        if not self.options.engines:
            return
        from launchready.secrets import external_scanners  # noqa: PLC0415 - only where they were asked for

        for name in self.options.engines:
            found = list(external_scanners.hits(name, self._root, past=self.options.history))
            self.unread += [one for one in found if isinstance(one, Unread)]
            for hit in external_scanners.merged(gathered.hits(), [one for one in found if isinstance(one, Hit)]):
                gathered.add(hit)

    def _hits(self, gathered: Gathered) -> Iterator[Hit | Unread]:
        path = os.path.abspath(self.path)  # noqa: PTH100 - as typed, links and all
        if not os.path.exists(path):  # noqa: PTH110
            raise ConfigError([f"secrets: there is no {self.path!r}; give a folder or a file"])
        folder = os.path.isdir(path)  # noqa: PTH112
        here = path if folder else os.path.dirname(path)  # noqa: PTH120
        self._git = git.top(here) if git.available() else None
        self._root = self._git or here
        if self._some and self._git is None:
            raise ConfigError([f"secrets: {self.path!r} is in no git repository; leave out --staged and --range"])
        if self._some and self._git:
            yield from self._new(submodules.below(path, self._git), self._git, gathered)
        elif not folder:
            yield from work_tree.hits(here, os.path.basename(path), named=True)  # noqa: PTH119
        elif self._git is None:
            yield from self._plain(path)
        else:
            try:
                yield from self._repository(path, self._git, gathered)
            except git.GitError as error:
                yield Unread("(history)", str(error))

    def _plain(self, path: str) -> Iterator[Hit | Unread]:
        """A folder without a repository, or with one that cannot be read."""
        if os.path.lexists(os.path.join(path, ".git")):  # noqa: PTH118
            why = git.refusal(path) if git.available() else "git is not installed"
            yield Unread("(history)", f"{why}: only the files were looked at")
        elif self.options.history:
            self.notes.append("no git repository here: only the files were looked at")
        here = Repository("", path, Listed())
        files = sorted(work_tree.walked(path))
        yield from worker_pool.spread(worker_pool.jobs(here, (), files), self.options.progress)

    @property
    def _some(self) -> bool:
        """Whether only some commits are asked for, or the next one."""
        return self.options.staged or self.options.commits is not None

    def _new(self, only: str, top: str, gathered: Gathered) -> Iterator[Hit | Unread]:
        """What is about to be committed, or what a range of commits brought."""
        span = self.options.commits
        if span is None:
            try:
                yield from history.staged(top, only)
            except git.GitError as error:
                yield Unread("(index)", str(error))
            return
        try:
            ids = history.commits(top, span)[0]
        except git.GitError as error:
            raise ConfigError([f"secrets: git knows no range {span!r} ({error}); write main..HEAD"]) from None
        gathered.order = {commit: number for number, commit in enumerate(ids)}
        yield from worker_pool.spread(
            worker_pool.jobs(Repository(top, "", Listed(), only), ids, ()), self.options.progress
        )

    def _repository(self, path: str, top: str, gathered: Gathered) -> Iterator[Hit | Unread]:
        jobs: list[worker_pool.Job] = []
        order: dict[str, int] = {}
        beside: list[str] = []
        for one in submodules.repositories(path, top):
            if isinstance(one, Unread):
                yield one
                continue
            ids = (yield from self._commits(one)) if self.options.history else []
            order |= {commit: number for number, commit in enumerate(ids)}
            jobs += worker_pool.jobs(one, ids, one.listed.files if self.options.files else ())
            beside += [one.files_under + work_tree.shown(name) for name in one.listed.beside]
        if beside:
            few = ", ".join(beside[:3]) + (", ..." if len(beside) > 3 else "")
            self.notes.append(f"not looked at: {few}, which git does not track, as a repository of its own")
        gathered.order = order
        yield from worker_pool.spread(jobs, self.options.progress)

    def _commits(self, one: Repository) -> Generator[Hit | Unread, None, list[str]]:
        try:
            ids, trouble = history.commits(one.top)
            yield from (about._replace(path=one.under + about.path) for about in trouble)
            yield from (about._replace(path=one.under + about.path) for about in history.tags(one.top))
            shallow = git.output(one.top, "rev-parse", "--is-shallow-repository").strip() == b"true"
        except git.GitError as error:
            yield Unread(f"{one.under}(history)", str(error))
            return []
        if shallow:
            said = "a shallow clone, without its older commits; fetch them: git fetch --unshallow"
            yield Unread(f"{one.under}(history)", said)
        return ids


def made(hit: Hit, secret: bytes, *, in_files: bool) -> "Leak":
    """A hit, with what its kind opens and what to do."""
    from launchready.secrets.leak import SEVERITY, Leak, fingerprint  # noqa: PLC0415 - as above

    known = facts(hit.rule)
    return Leak(
        hit.path,
        hit.line,
        hit.commit,
        hit.rule,
        hit.value,
        fingerprint(hit.rule, hit.value, secret),
        SEVERITY[known.severity],
        advice(hit, known.revoke),
        known.opens,
        in_files,
        known.money,
    )


def key(root: str) -> bytes:
    """The key of fingerprints: the repository's first commit, so that every clone has the same, and no outsider has."""
    try:
        first = git.output(root, "rev-list", "--max-parents=0", "HEAD").decode().split()
    except git.GitError:
        first = []
    return min(first).encode() if first else FALLBACK_KEY


def advice(hit: Hit, revoke: str) -> str:
    """What to do, in order: revoke first, because removing the text does not take the key back."""
    purge = "take it out of the file, and read it from the environment"
    if hit.commit:
        purge += "; then out of the history (git filter-repo --replace-text), and have every clone fetched anew"
    return (
        f"1. Revoke: {revoke}. 2. Replace: make a new one, and set it in the environment of the deployment. "
        f"3. Redeploy. 4. Purge: {purge}. 5. Look again: launchready secrets"
    )
