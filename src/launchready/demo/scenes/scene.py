"""What every scene has: a stage to play on, and an outcome to tell."""

from dataclasses import dataclass, field

from launchready.demo.coach import CoachApp
from launchready.demo.mailbox import Mailbox
from launchready.demo.people import Net, Person


@dataclass(frozen=True, slots=True)
class Stage:
    app: CoachApp
    net: Net
    people: list[Person]
    mailbox: Mailbox


@dataclass(frozen=True, slots=True)
class Outcome:
    """``told``: what happened, for the table. ``broken``: the promises that did not hold, one line each."""

    told: str
    broken: list[str] = field(default_factory=list)
