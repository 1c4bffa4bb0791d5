"""Findings: what the owner has to fix before or after the launch."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from launchready.checks.sanitize import lines, one_line

Severity = Literal["critical", "high", "medium", "low", "info"]
When = Literal["48h", "can-wait"]
Status = Literal["fail", "undetermined"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")


@dataclass(frozen=True, slots=True)
class Score:
    """The rank of a finding: impact x reach x now. All three are printed; there are no hidden weights.

    - ``impact``: 5 money is charged wrongly or customer data is readable; 4 customers cannot sign up, log in, book or
      pay; 3 mail does not arrive, or the founder learns nothing; 2 slower, or a browser warning; 1 hygiene.
    - ``reach``: 3 everyone; 2 one platform, provider or path; 1 an edge case.
    - ``now``: 3 happening; 2 on a known date, or at the next deploy or renewal; 1 only if something else fails.
    """

    impact: int
    reach: int
    now: int

    @property
    def total(self) -> int:
        return self.impact * self.reach * self.now

    def __str__(self) -> str:
        return f"impact {self.impact} x reach {self.reach} x now {self.now} = {self.total}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to do.

    - ``code``: stable; ``ignore=["MAIL003"]`` works everywhere. ``docs`` is its page.
    - ``title``: what breaks, in the founder's words. ``impact``: who notices, and why it matters.
    - ``evidence``: the exact record or answer. ``fix``: the exact thing to do or to paste.
    - ``verify``: one command that shows whether the fix works.
    - ``when``: "48h" (before launch) or "can-wait". ``reason``: why.
    - ``topic``: the statement that is false; the same for every finding with this code.
    - ``status``: "fail", or "undetermined": it could not be checked, so it is neither fine nor broken.
    """

    code: str
    title: str
    severity: Severity
    when: When
    status: Status
    subject: str
    evidence: str
    impact: str
    fix: str
    verify: str
    docs: str
    score: Score
    minutes: int
    reason: str = ""
    topic: str = ""

    def __post_init__(self) -> None:
        """Makes all text safe to show, whatever a network put into it."""
        for name in ONE_LINE:
            object.__setattr__(self, name, one_line(getattr(self, name)))
        for name in ("evidence", "fix"):
            object.__setattr__(self, name, lines(getattr(self, name)))

    @property
    def days(self) -> int:
        """How many days the finding may stay: 2 before a launch, else the number in ``reason`` (30 or 90)."""
        match = re.match(r"(\d+) days", self.reason)
        return 2 if self.when == "48h" else int(match[1]) if match else 30

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        plain = {name: getattr(self, name) for name in PLAIN}
        score = {name: getattr(self.score, name) for name in ("impact", "reach", "now", "total")}
        return {**plain, "score": score, "minutes": self.minutes, "reason": self.reason, "topic": self.topic}


ONE_LINE = ("title", "subject", "impact", "verify", "reason", "topic")
PLAIN = ("code", "title", "severity", "when", "status", "subject", "evidence", "impact", "fix", "verify", "docs")


@dataclass(frozen=True, slots=True)
class Passed:
    """A rule that passed on one subject."""

    code: str
    subject: str
    topic: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "subject", one_line(self.subject))

    def to_dict(self) -> dict[str, Any]:
        return {"code": self.code, "subject": self.subject, "topic": self.topic}


@dataclass(slots=True)
class Results:
    """The findings and passes of a run."""

    findings: list[Finding] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
