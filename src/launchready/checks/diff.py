"""The difference between two reports about one domain: new, first checked, fixed, same, and no longer known.

A finding is *new* only if its check ran last time as well. A finding that is gone is *fixed* only if its check ran and
decided. If it did not run or was undetermined, the finding is *unknown*: the problem may still exist.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from launchready.checks.finding import PLAIN, Finding, Passed, Score
from launchready.errors import ConfigError

Identity = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Diff:
    """The changes between ``before`` (seconds since the epoch) and now."""

    before: float
    new: tuple[Finding, ...] = ()
    fixed: tuple[Finding, ...] = ()
    same: tuple[Finding, ...] = ()
    unknown: tuple[Finding, ...] = ()
    first: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is different."""
        return bool(self.new or self.fixed or self.unknown or self.first)

    @property
    def headline(self) -> str:
        """The counts in one line."""
        when = datetime.fromtimestamp(self.before, UTC).strftime("%Y-%m-%d %H:%M UTC")
        counts = f"{len(self.new)} new, {len(self.fixed)} fixed, {len(self.same)} as before"
        counts += f", {len(self.first)} checked for the first time" if self.first else ""
        counts += f", {len(self.unknown)} not known any more" if self.unknown else ""
        return f"Since {when}: {counts}."

    def to_text(self) -> str:
        """The headline, and one line for each finding that changed."""
        lines = [self.headline]
        for mark, found in (("NEW", self.new), ("FIRST", self.first), ("FIXED", self.fixed), ("?", self.unknown)):
            lines += [f"{mark:<6}{one.code:<9}{one.subject}: {one.title}" for one in found]
        return "\n".join(lines) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        parts = {"new": self.new, "first": self.first, "fixed": self.fixed, "same": self.same, "unknown": self.unknown}
        plain = {name: [one.to_dict() for one in found] for name, found in parts.items()}
        return {"before": self.before, "headline": self.headline, **plain}

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def compare(
    now: Iterable[Finding],
    before: Iterable[Finding],
    *,
    since: float,
    checked: Iterable[str],
    checked_before: Iterable[str] = (),
) -> Diff:
    """Compares findings. ``checked``, ``checked_before``: the codes that ran this time and last time.

    A finding of a code that did not run last time is not new: it may have been there for long.
    """
    known = set(checked_before)
    old = {identity(one): one for one in before if one.status == "fail"}
    current = [one for one in now if one.status == "fail"]
    codes = set(checked)
    unsure = [one for one in now if one.status == "undetermined"]
    seen = {identity(one) for one in current}
    gone = [one for name, one in old.items() if name not in seen]
    open_questions = {(one.code, name) for one in unsure for name in subjects(one)}
    lost = [one for one in gone if one.code not in codes or any((one.code, s) in open_questions for s in subjects(one))]
    return Diff(
        since,
        tuple(one for one in current if identity(one) not in old and (not known or one.code in known)),
        tuple(one for one in gone if one not in lost),
        tuple(one for one in current if identity(one) in old),
        tuple(lost),
        tuple(one for one in current if identity(one) not in old and known and one.code not in known),
    )


def identity(finding: Finding) -> Identity:
    return finding.code, finding.subject


def subjects(finding: Finding) -> list[str]:
    return finding.subject.split(", ")


def read_findings(data: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The findings of a report in JSON form. ConfigError when the data is not a report."""
    try:
        return tuple(read_finding(one) for one in data["findings"])
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError([f"not a report of launchready: {type(error).__name__}: {error}"]) from None


def read_finding(data: Mapping[str, Any]) -> Finding:
    score = Score(*(int(data["score"][name]) for name in ("impact", "reach", "now")))
    plain = {name: data[name] for name in PLAIN}
    return Finding(
        **plain, score=score, minutes=data["minutes"], reason=data.get("reason", ""), topic=data.get("topic", "")
    )


def read_passed(data: Mapping[str, Any]) -> tuple[Passed, ...]:
    return tuple(Passed(one["code"], one["subject"], one["topic"]) for one in data.get("passed", ()))
