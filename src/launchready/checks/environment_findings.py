"""Problems of the environment variables, as findings of a launch check."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from launchready.checks.finding import Finding, Score, Severity, When
from launchready.checks.operations import LocalQuestion
from launchready.checks.sanitize import one_line
from launchready.env import compare, default_source, find_problems, read
from launchready.env.loaders import EnvProblem
from launchready.errors import ConfigError


class EnvironmentCheck(NamedTuple):
    """The common parts of all findings of one code."""

    topic: str
    severity: Severity
    when: When
    score: Score
    impact: str


@dataclass(frozen=True, slots=True)
class EnvironmentAnswer:
    """The problems in the environment of one project."""

    question: str
    troubles: tuple[EnvProblem, ...] = ()
    reason: str = ""

    @property
    def known(self) -> bool:
        return not self.reason


class ReadEnvironment(LocalQuestion[EnvironmentAnswer]):
    """Reads the environment of a project: its file of production, else .env, else this process."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)

    def look(self, stopped: Callable[[], bool]) -> EnvironmentAnswer:
        del stopped
        folder = Path(self.path)
        try:
            one = read(default_source(folder), folder)
            found = find_problems(one, self.path)
            if (folder / ".env.staging").is_file() and (folder / ".env.production").is_file():
                found += compare(read("staging", folder), read("production", folder)).troubles
        except ConfigError as error:
            return self.unanswered("; ".join(error.problems))
        return EnvironmentAnswer(f"environment of {self.path}", tuple(found))

    def unanswered(self, reason: str) -> EnvironmentAnswer:
        return EnvironmentAnswer(f"environment of {self.path}", reason=reason)


ENVIRONMENT_CHECKS = {
    "ENV001": EnvironmentCheck(
        "every variable that the app needs is set",
        "high",
        "48h",
        Score(4, 3, 2),
        "The app fails at its start, or at the first customer who needs the variable.",
    ),
    "ENV002": EnvironmentCheck(
        "no placeholder is left in the environment",
        "critical",
        "48h",
        Score(5, 3, 2),
        "Everybody knows a key from a sample: it can forge sessions and links.",
    ),
    "ENV003": EnvironmentCheck(
        "debugging is off in production",
        "critical",
        "48h",
        Score(5, 3, 2),
        "Every error shows strangers the code, the settings, and what customers sent.",
    ),
    "ENV004": EnvironmentCheck(
        "no address of a developer's machine is left",
        "high",
        "48h",
        Score(4, 2, 2),
        "The address leads nowhere: links in mails are dead, and services do not answer.",
    ),
    "ENV005": EnvironmentCheck(
        "no data is kept on a disk that a deploy deletes",
        "high",
        "48h",
        Score(5, 3, 2),
        "The next deploy may delete bookings or uploads.",
    ),
    "ENV006": EnvironmentCheck(
        "git does not track .env",
        "critical",
        "48h",
        Score(5, 3, 3),
        "Every copy of the code contains the keys, for good.",
    ),
    "ENV007": EnvironmentCheck(
        "no secret stands in a configuration file",
        "critical",
        "48h",
        Score(5, 3, 2),
        "Anybody who reads the code can use it, and it is the same in every environment.",
    ),
    "ENV008": EnvironmentCheck(
        "each environment has its own keys",
        "high",
        "48h",
        Score(5, 2, 2),
        "A break-in at the test system opens the real one, too, and a test can charge a real card.",
    ),
    "ENV009": EnvironmentCheck(
        "all environments have the same variables",
        "medium",
        "can-wait",
        Score(4, 2, 1),
        "You tested something else than what goes live.",
    ),
    "ENV010": EnvironmentCheck(
        "production has no test keys", "critical", "48h", Score(5, 3, 3), "Customers book, but are not charged."
    ),
    "ENV011": EnvironmentCheck(
        "keys are restricted to what the app does",
        "medium",
        "can-wait",
        Score(5, 1, 1),
        "A full key can do everything in the account. A restricted key limits what a thief can do.",
    ),
    "ENV012": EnvironmentCheck(
        "no payment or booking runs twice",
        "high",
        "48h",
        Score(4, 3, 2),
        "A phone that repeats the request, or a second click, books and charges a second time.",
    ),
    "ENV013": EnvironmentCheck(
        "all workers share one store",
        "critical",
        "48h",
        Score(5, 3, 2),
        "A payment that is repeated at another worker is charged again, and each worker allows the whole rate limit.",
    ),
    "ENV014": EnvironmentCheck(
        "events are remembered as long as they are repeated",
        "high",
        "48h",
        Score(4, 2, 1),
        "A late delivery of an event is processed a second time.",
    ),
}


def findings(troubles: Iterable[EnvProblem]) -> Iterator[Finding]:
    """One finding for each problem."""
    for one in troubles:
        kind = ENVIRONMENT_CHECKS[one.code]
        yield Finding(
            one.code,
            one.what[:1].upper() + one.what[1:],
            kind.severity,
            kind.when,
            "fail",
            one.name,
            one_line(one.where),
            kind.impact,
            one_line(one.fix),
            "launchready env check"
            if one.code not in {"ENV008", "ENV009"}
            else "launchready env diff staging production",
            f"docs/findings/{one.code}.md",
            kind.score,
            15,
            "before launch" if kind.when == "48h" else "with time",
            kind.topic,
        )
