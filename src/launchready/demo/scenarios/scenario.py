"""Types shared by all scenarios."""

from dataclasses import dataclass, field

from launchready.demo.customers import AppClient, Customer
from launchready.demo.mailbox import Mailbox
from launchready.demo.sample_app import CoachApp


@dataclass(frozen=True, slots=True)
class ScenarioContext:
    app: CoachApp
    client: AppClient
    customers: list[Customer]
    mailbox: Mailbox


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """``summary``: a line for the table. ``failures``: the promises that did not hold, one line each."""

    summary: str
    failures: list[str] = field(default_factory=list)
