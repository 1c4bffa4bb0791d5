"""The order of a report: before launch first, then by score, then the quickest to fix; ties by code and subject.

The order does not depend on the order in which findings arrived, so two runs print the same list.
"""

from collections.abc import Iterable

from launchready.checks.finding import Finding

SortKey = tuple[bool, bool, int, int, str, str, str]


def sort_key(finding: Finding) -> SortKey:
    """Undetermined findings come last: they are never ranked against failures."""
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
    """The findings in the order in which to fix them."""
    return tuple(sorted(findings, key=sort_key))
