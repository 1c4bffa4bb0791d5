"""The order of a report: before launch first, then score, then what is quickest to fix; ties by code and subject.

Nothing depends on the order in which findings arrived, so two runs print the same list.
"""

from collections.abc import Iterable

from launchready.checks.finding import Finding

SortKey = tuple[bool, bool, int, int, str, str, str]


def sort_key(finding: Finding) -> SortKey:
    """What could not be checked is never ranked against what was seen: it comes last."""
    return (
        finding.status == "undetermined",
        finding.when != "48h",
        -finding.score.total,
        finding.minutes,
        finding.code,
        finding.subject,
        finding.title,
    )


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, the first to fix first."""
    return tuple(sorted(findings, key=sort_key))
