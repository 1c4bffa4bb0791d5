"""Troubles of an environment, as findings of a launch check."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from launchready.checks.finding import Finding, Score, Severity, When
from launchready.checks.operations import LocalQuestion
from launchready.env import compared, examined, read, usual
from launchready.env.loaders import Trouble
from launchready.errors import ConfigError


class EnvironmentCheck(NamedTuple):
    """What all findings of one code have in common."""

    topic: str
    severity: Severity
    when: When
    score: Score
    impact: str


@dataclass(frozen=True, slots=True)
class EnvironmentAnswer:
    """What was found in the environment of one project."""

    question: str
    troubles: tuple[Trouble, ...] = ()
    reason: str = ""

    @property
    def known(self) -> bool:
        return not self.reason


class ReadEnvironment(LocalQuestion[EnvironmentAnswer]):
    """What is wrong with the environment of a project: its file of production, else .env, else this process."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)

    def look(self, stopped: Callable[[], bool]) -> EnvironmentAnswer:
        del stopped
        folder = Path(self.path)
        try:
            one = read(usual(folder), folder)
            found = examined(one, self.path)
            if (folder / ".env.staging").is_file() and (folder / ".env.production").is_file():
                found += compared(read("staging", folder), read("production", folder)).troubles
        except ConfigError as error:
            return self.unanswered("; ".join(error.problems))
        return EnvironmentAnswer(f"environment of {self.path}", tuple(found))

    def unanswered(self, reason: str) -> EnvironmentAnswer:
        return EnvironmentAnswer(f"environment of {self.path}", reason=reason)


ENVIRONMENT_CHECKS = {
    "ENV001": EnvironmentCheck(
        "that every variable the app needs is set",
        "high",
        "48h",
        Score(4, 3, 2),
        "The app fails at its start, or at the first customer who needs it.",
    ),
    "ENV002": EnvironmentCheck(
        "that no placeholder is left in the environment",
        "critical",
        "48h",
        Score(5, 3, 2),
        "A key that stands in a sample is known to everybody: sessions and links can be forged with it.",
    ),
    "ENV003": EnvironmentCheck(
        "that debugging is off in production",
        "critical",
        "48h",
        Score(5, 3, 2),
        "Every error shows a stranger the code, the settings, and what customers sent.",
    ),
    "ENV004": EnvironmentCheck(
        "that no address of a developer's machine is left",
        "high",
        "48h",
        Score(4, 2, 2),
        "Whoever follows the address ends nowhere: mails link to it, and services do not answer.",
    ),
    "ENV005": EnvironmentCheck(
        "that nothing is kept on a disk that goes with a deploy",
        "high",
        "48h",
        Score(5, 3, 2),
        "Bookings or uploads may be gone with the next deploy.",
    ),
    "ENV006": EnvironmentCheck(
        "that git tracks no .env",
        "critical",
        "48h",
        Score(5, 3, 3),
        "Every copy of the code holds the keys, and keeps them.",
    ),
    "ENV007": EnvironmentCheck(
        "that no secret stands in a configuration file",
        "critical",
        "48h",
        Score(5, 3, 2),
        "Whoever reads the code can use it, and it is the same in every environment.",
    ),
    "ENV008": EnvironmentCheck(
        "that each environment has keys of its own",
        "high",
        "48h",
        Score(5, 2, 2),
        "Who breaks into the test system has the real one, too; a test can charge a real card.",
    ),
    "ENV009": EnvironmentCheck(
        "that environments have the same variables",
        "medium",
        "can-wait",
        Score(4, 2, 1),
        "What was tested is not what goes live.",
    ),
    "ENV010": EnvironmentCheck(
        "that production has no test keys", "critical", "48h", Score(5, 3, 3), "Customers book, and nobody is charged."
    ),
    "ENV011": EnvironmentCheck(
        "that keys are restricted to what the app does",
        "medium",
        "can-wait",
        Score(5, 1, 1),
        "A full key does everything in the account; a restricted one limits what a thief can do.",
    ),
    "ENV012": EnvironmentCheck(
        "that no payment or booking is carried out twice",
        "high",
        "48h",
        Score(4, 3, 2),
        "A phone that repeats the request, or a second click, books and charges a second time.",
    ),
    "ENV013": EnvironmentCheck(
        "that all workers share one store",
        "critical",
        "48h",
        Score(5, 3, 2),
        "A payment that another worker repeats is charged again, and each worker lets the whole limit through.",
    ),
    "ENV014": EnvironmentCheck(
        "that events are remembered for as long as they are repeated",
        "high",
        "48h",
        Score(4, 2, 1),
        "A late delivery of an event that was worked on is worked on again.",
    ),
}


def findings(troubles: Iterable[Trouble]) -> Iterator[Finding]:
    """One finding for each trouble."""
    for one in troubles:
        kind = ENVIRONMENT_CHECKS[one.code]
        yield Finding(
            one.code,
            one.what[:1].upper() + one.what[1:],
            kind.severity,
            kind.when,
            "fail",
            one.name,
            one.where,
            kind.impact,
            one.fix,
            "launchready env check"
            if one.code not in {"ENV008", "ENV009"}
            else "launchready env diff staging production",
            f"docs/findings/{one.code}.md",
            kind.score,
            15,
            "before launch" if kind.when == "48h" else "with time",
            kind.topic,
        )
