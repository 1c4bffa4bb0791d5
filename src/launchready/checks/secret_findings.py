"""Findings of the secrets scan as findings of a launch check: one for each secret, with all its places."""

import itertools
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from launchready.checks.finding import Finding, Score, When
from launchready.checks.operations import LocalQuestion, known
from launchready.checks.rule import Verdict
from launchready.checks.sanitize import lines
from launchready.checks.site import Site
from launchready.secrets import scan
from launchready.secrets.hits import Unread
from launchready.secrets.leak import Leak, mask

TOPICS = {
    "SEC001": "no payment key is in the repository",
    "SEC002": "no password or key is in the files",
    "SEC003": "no password or key is in the history",
    "SEC004": "no test key or restricted key is in the repository",
    "SEC005": "all files and the whole history were read",
}
MAX_PLACES = 8


@dataclass(frozen=True, slots=True)
class SecretsAnswer:
    """The result of scanning one repository."""

    question: str
    leaks: tuple[Leak, ...] = ()
    unread: tuple[Unread, ...] = ()
    reason: str = ""

    @property
    def known(self) -> bool:
        return not self.reason


class ScanRepository(LocalQuestion[SecretsAnswer]):
    """Scans a repository and its history for secrets."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)

    def look(self, stopped: Callable[[], bool]) -> SecretsAnswer:
        def going_on(done: int, every: int) -> None:
            if stopped():
                raise TimeoutError(f"{done} of {every} portions")

        found = scan(self.path, progress=going_on)
        try:
            leaks = tuple(found)
        except TimeoutError as error:
            return self.unanswered(str(error))
        return SecretsAnswer(f"secrets in {self.path}", leaks, tuple(found.unread))

    def unanswered(self, reason: str) -> SecretsAnswer:
        return SecretsAnswer(f"secrets in {self.path}", reason=reason)


def repository_subject(site: Site) -> Iterable[str]:
    """The subject of these rules: the project's folder, if one was given."""
    return (site.repository,) if site.repository else ()


def verdict(code: str, site: Site, subject: str) -> Verdict:
    """The findings of one code. The scan runs once for all codes."""
    op = ScanRepository(subject)
    yield op
    found = known(op.answer)
    return tuple(one for one in findings(found.leaks, site.repository) if one.code == code)


def code_of(leak: Leak) -> str:
    """The code of a leak."""
    if leak.severity in {"medium", "low"}:
        return "SEC004"
    if leak.money:
        return "SEC001"
    return "SEC002" if leak.in_files else "SEC003"


def findings(leaks: Iterable[Leak], path: str = ".") -> Iterator[Finding]:
    """One finding for each secret, with all its places, in the order of the leaks."""
    groups: dict[str, list[Leak]] = {}
    for leak in leaks:
        groups.setdefault(leak.fingerprint, []).append(leak)
    for group in groups.values():
        yield finding(group, path)


def finding(group: Sequence[Leak], path: str) -> Finding:
    """One secret."""
    first, rule = group[0], code_of(group[0])
    minor = rule == "SEC004"
    when: When = "can-wait" if minor else "48h"
    kind = first.rule.replace("-", " ")
    where = f"stands in {first.path}" if first.in_files else f"is in the history ({first.path})"
    places = [
        f"{leak.path}"
        + (f":{leak.line}" if leak.line else "")
        + (f" (commit {leak.commit[:12]})" if leak.commit else "")
        for leak in itertools.islice(group, MAX_PLACES)
    ]
    more = [f"and {len(group) - MAX_PLACES} places more"] if len(group) > MAX_PLACES else []
    return Finding(
        rule,
        f"Whoever can read the code {first.opens}: a {kind} {where}",
        first.severity,
        when,
        "fail",
        f"{first.path} [{first.fingerprint}]",
        lines([f"{first.rule}: {mask(first.value)}", *places, *more]),
        "A stranger first: bots read public code within minutes, and every copy of the repository keeps it.",
        lines(first.steps),
        shlex.join(["launchready", "secrets", path]),
        f"docs/findings/{rule}.md",
        Score(2, 2, 1) if minor else Score(5, 3, 3 if first.money else 2),
        30,
        "with time: it opens a test account, or one site" if minor else "keys or customers' data can be read",
        TOPICS[rule],
    )


def places(leaks: Iterable[Leak]) -> Callable[[Finding], tuple[str, int]]:
    """The place of a finding: a path that code scanning can open, and a line."""
    first: dict[str, tuple[str, int]] = {}
    for leak in leaks:
        path = (
            leak.path.partition("!/")[0].replace("(commit message)", "COMMIT_MESSAGE").replace("(tag message)", "TAG")
        )
        first.setdefault(f"{leak.path} [{leak.fingerprint}]", (quote(path), leak.line))
    return lambda one: first.get(one.subject, (".", 1))


def undetermined(unread: Sequence[Unread], path: str) -> Finding | None:
    """One finding about everything that could not be read, or None."""
    if not unread:
        return None
    again = shlex.join(["launchready", "secrets", path])
    shown = [f"{one.path}: {one.reason}" for one in unread[:MAX_PLACES]]
    return Finding(
        "SEC005",
        f"Whether a secret was committed is not known for {len(unread)} "
        + ("place" if len(unread) == 1 else "places")
        + f": {unread[0].path}: {unread[0].reason}",
        "medium",
        "can-wait",
        "undetermined",
        path,
        lines(shown),
        "It may be fine, and it may hold a key: nobody looked.",
        f"Make it readable (git fsck shows broken objects), and look again: {again}",
        again,
        "docs/findings/SEC005.md",
        Score(1, 1, 1),
        15,
        "could not be checked",
        TOPICS["SEC005"],
    )
