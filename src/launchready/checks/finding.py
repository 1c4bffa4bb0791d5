"""Findings: what the owner of a launch has to know, in the order in which it has to be done."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["critical", "high", "medium", "low", "info"]
When = Literal["48h", "can-wait"]
Status = Literal["fail", "undetermined"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")


@dataclass(frozen=True, slots=True)
class Score:
    """Why a finding stands where it stands: impact x reach x now, each printed, no hidden weight.

    - ``impact``: 5 money taken wrongly or customer data readable; 4 cannot sign up, log in, book or pay; 3 not told
      (mail), or the founder is blind; 2 slower, or a browser warning; 1 hygiene.
    - ``reach``: 3 everyone; 2 one platform, provider or path; 1 an edge case.
    - ``now``: 3 seen happening; 2 on a known date, or at the next deploy or renewal; 1 only if something else fails.
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

    - ``code``: stable; ``ignore=["MAIL003"]`` works everywhere. ``docs`` is the page about it.
    - ``title``: what breaks, in the founder's words. ``impact``: who notices, and why it matters.
    - ``evidence``: the exact record or answer that was seen. ``fix``: the exact thing to do or to paste.
    - ``verify``: one command that shows whether it is done.
    - ``when``: "48h" (before launch) or "can-wait". ``reason``: the rule of the deadline that decided.
    - ``topic``: what was looked at, in a few words; the same for every finding with this code.
    - ``status``: "fail", or "undetermined": it could not be checked, and is neither fine nor missing.
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

    @property
    def days(self) -> int:
        """How long it may stay, in days: 2 before a launch, else what the rule of the deadline says (30 or 90)."""
        match = re.match(r"(\d+) days", self.reason)
        return 2 if self.when == "48h" else int(match[1]) if match else 30

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        plain = {name: getattr(self, name) for name in PLAIN}
        score = {name: getattr(self.score, name) for name in ("impact", "reach", "now", "total")}
        return {**plain, "score": score, "minutes": self.minutes, "reason": self.reason, "topic": self.topic}


PLAIN = ("code", "title", "severity", "when", "status", "subject", "evidence", "impact", "fix", "verify", "docs")


@dataclass(frozen=True, slots=True)
class Passed:
    """Something that was looked at, and is fine."""

    code: str
    subject: str
    topic: str

    def to_dict(self) -> dict[str, Any]:
        return {"code": self.code, "subject": self.subject, "topic": self.topic}


@dataclass(slots=True)
class Results:
    """What a run brought together."""

    findings: list[Finding] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
