"""A scan: splits the work into jobs, and turns each hit into a leak."""

import os
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from launchready.clock import SYSTEM
from launchready.errors import ConfigError
from launchready.secrets import git, history, submodules, work_tree, worker_pool
from launchready.secrets.dedupe import HitIndex
from launchready.secrets.hits import Unread
from launchready.secrets.key_kinds import kind_info
from launchready.secrets.scan_blob import Hit
from launchready.secrets.submodules import Repository
from launchready.secrets.work_tree import FolderListing

if TYPE_CHECKING:
    import datetime as dt

    from launchready.secrets.leak import Leak

FALLBACK_KEY = b"launchready secrets"
Progress = worker_pool.Progress


class ScanOptions(NamedTuple):
    """The options of ``scan``."""

    files: bool = True
    history: bool = True
    staged: bool = False
    commits: str | None = None
    engines: Sequence[str] = ()
    today: "dt.date | None" = None
    progress: Progress | None = None


class Scan:
    """The result of ``scan``. Iterating runs the scan and yields each leak once per place.

    Afterwards ``unread`` lists everything that could not be read; unless it is empty, the scan does not prove that
    there are no leaks. ``accepted`` has the leaks accepted until a day, ``notes`` remarks for the user.
    """

    def __init__(self, path: str, options: ScanOptions) -> None:
        self.path = path
        self.options = options
        self.unread: list[Unread] = []
        self.accepted: list[Leak] = []
        self.notes: list[str] = []
        self._root = ""
        self._git: str | None = None

    def __iter__(self) -> "Iterator[Leak]":
        if (self.options.staged and self.options.commits is not None) or (self._partial and self.options.engines):
            raise ConfigError(["secrets: --staged, --range and --engine cannot be combined; use one of them"])
        self.unread, self.accepted, self.notes = [], [], []
        gathered = HitIndex()
        for hit in self._hits(gathered):
            if isinstance(hit, Hit):
                gathered.add(hit)
            elif hit not in self.unread:
                self.unread.append(hit)
        self._second_opinions(gathered)
        leaks = list(self._leaks(gathered))
        yield from sorted(leaks, key=lambda leak: leak.rank)

    def _leaks(self, gathered: HitIndex) -> "Iterator[Leak]":
        if not gathered:
            return
        import datetime as dt  # noqa: PLC0415 - most scans find nothing, and a hook must start fast

        from launchready.secrets import accepted  # noqa: PLC0415 - only for leaks

        today = self.options.today or dt.datetime.fromtimestamp(SYSTEM.wall(), dt.UTC).date()
        known = accepted.load(self._root, today)
        secret = b""
        for hit, now in gathered:
            secret = secret or known.key or fingerprint_key(self._root)
            leak = make_leak(hit, secret, in_files=now)
            if leak.fingerprint in known.current:
                self.accepted.append(leak)
                continue
            if leak.fingerprint in known.expired:
                self.notes.append(f"the acceptance of {leak.fingerprint} has expired")
            yield leak

    def _second_opinions(self, gathered: HitIndex) -> None:
        if not self.options.engines:
            return
        from launchready.secrets import external_scanners  # noqa: PLC0415 - only with --engine

        for name in self.options.engines:
            found = list(external_scanners.hits(name, self._root, past=self.options.history))
            self.unread += [one for one in found if isinstance(one, Unread)]
            for hit in external_scanners.new_hits(gathered.hits(), [one for one in found if isinstance(one, Hit)]):
                gathered.add(hit)

    def _hits(self, gathered: HitIndex) -> Iterator[Hit | Unread]:
        path = os.path.abspath(self.path)  # noqa: PTH100 - keeps symbolic links
        if not os.path.exists(path):  # noqa: PTH110
            raise ConfigError([f"secrets: {self.path!r} does not exist; name a folder or a file"])
        folder = os.path.isdir(path)  # noqa: PTH112
        here = path if folder else os.path.dirname(path)  # noqa: PTH120
        self._git = git.work_tree_root(here) if git.available() else None
        self._root = self._git or here
        if self._partial and self._git is None:
            raise ConfigError([f"secrets: {self.path!r} is not in a git repository; leave out --staged and --range"])
        if self._partial and self._git:
            yield from self._partial_hits(submodules.path_in_repository(path, self._git), self._git, gathered)
        elif not folder:
            yield from work_tree.hits(here, os.path.basename(path), explicit=True)  # noqa: PTH119
        elif self._git is None:
            yield from self._folder_hits(path)
        else:
            try:
                yield from self._repository(path, self._git, gathered)
            except git.GitError as error:
                yield Unread("(history)", str(error))

    def _folder_hits(self, path: str) -> Iterator[Hit | Unread]:
        """Scan a folder without a readable repository."""
        if os.path.lexists(os.path.join(path, ".git")):  # noqa: PTH118
            why = git.read_error(path) if git.available() else "git is not installed"
            yield Unread("(history)", f"{why}: only the files were scanned")
        elif self.options.history:
            self.notes.append("not a git repository: only the files were scanned")
        here = Repository("", path, FolderListing())
        files = sorted(work_tree.walk(path))
        yield from worker_pool.run_all(worker_pool.make_jobs(here, (), files), self.options.progress)

    @property
    def _partial(self) -> bool:
        """Whether the scan covers only the index or a range of commits."""
        return self.options.staged or self.options.commits is not None

    def _partial_hits(self, only: str, top: str, gathered: HitIndex) -> Iterator[Hit | Unread]:
        """Scan the index, or a range of commits."""
        span = self.options.commits
        if span is None:
            try:
                yield from history.staged_hits(top, only)
            except git.GitError as error:
                yield Unread("(index)", str(error))
            return
        try:
            ids = history.commits(top, span)[0]
        except git.GitError as error:
            raise ConfigError([f"secrets: invalid range {span!r} ({error}); write for example main..HEAD"]) from None
        gathered.order = {commit: number for number, commit in enumerate(ids)}
        yield from worker_pool.run_all(
            worker_pool.make_jobs(Repository(top, "", FolderListing(), only), ids, ()), self.options.progress
        )

    def _repository(self, path: str, top: str, gathered: HitIndex) -> Iterator[Hit | Unread]:
        jobs: list[worker_pool.Job] = []
        order: dict[str, int] = {}
        beside: list[str] = []
        for one in submodules.repositories(path, top):
            if isinstance(one, Unread):
                yield one
                continue
            ids = (yield from self._commits(one)) if self.options.history else []
            order |= {commit: number for number, commit in enumerate(ids)}
            jobs += worker_pool.make_jobs(one, ids, one.listing.files if self.options.files else ())
            beside += [one.files_prefix + work_tree.printable(name) for name in one.listing.untracked_repositories]
        if beside:
            few = ", ".join(beside[:3]) + (", ..." if len(beside) > 3 else "")
            self.notes.append(f"not scanned: {few}, a repository that git does not track; scan it separately")
        gathered.order = order
        yield from worker_pool.run_all(jobs, self.options.progress)

    def _commits(self, one: Repository) -> Generator[Hit | Unread, None, list[str]]:
        try:
            ids, trouble = history.commits(one.top)
            yield from (about._replace(path=one.prefix + about.path) for about in trouble)
            yield from (about._replace(path=one.prefix + about.path) for about in history.tag_hits(one.top))
            shallow = git.output(one.top, "rev-parse", "--is-shallow-repository").strip() == b"true"
        except git.GitError as error:
            yield Unread(f"{one.prefix}(history)", str(error))
            return []
        if shallow:
            reason = "a shallow clone lacks its older commits; fetch them with: git fetch --unshallow"
            yield Unread(f"{one.prefix}(history)", reason)
        return ids


def make_leak(hit: Hit, secret: bytes, *, in_files: bool) -> "Leak":
    """Turn a hit into a leak, with impact and fix."""
    from launchready.secrets.leak import SEVERITY, Leak, fingerprint  # noqa: PLC0415 - only for leaks

    known = kind_info(hit.rule)
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


def fingerprint_key(root: str) -> bytes:
    """Return the key of fingerprints: the first commit, which all clones share and outsiders do not know."""
    try:
        first = git.output(root, "rev-list", "--max-parents=0", "HEAD").decode().split()
    except git.GitError:
        first = []
    return min(first).encode() if first else FALLBACK_KEY


def advice(hit: Hit, revoke: str) -> str:
    """Return the steps in order. Revoking is first, because removing the text does not disable the key."""
    purge = "remove it from the file, and read it from the environment"
    if hit.commit:
        purge += "; then rewrite the history (git filter-repo --replace-text), and clone anew everywhere"
    return (
        f"1. Revoke: {revoke}. 2. Replace: create a new one, and set it in the environment of the deployment. "
        f"3. Redeploy. 4. Purge: {purge}. 5. Scan again: launchready secrets"
    )
