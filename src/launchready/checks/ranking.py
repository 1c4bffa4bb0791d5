"""The order of a report: before launch first, then by class of impact, severity, score and time to fix.

The order does not depend on the order in which findings arrived, so two runs print the same list.
"""

from collections.abc import Iterable

from launchready.checks.finding import SEVERITIES, Finding

SortKey = tuple[bool, bool, int, int, int, int, str, str, str]


def sort_key(finding: Finding) -> SortKey:
    """Undetermined findings come last: they are never ranked against failures."""
    return (
        finding.status == "undetermined",
        finding.when != "48h",
        -impact_class(finding),
        SEVERITIES.index(finding.severity),
        -finding.score.total,
        finding.minutes,
        finding.code,
        finding.subject,
        finding.title,
    )


def impact_class(finding: Finding) -> int:
    """2: customers, money or logins are affected; 1: mail is lost; 0: the rest."""
    return 2 if finding.score.impact >= 4 else 1 if finding.score.impact == 3 else 0


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings in the order in which to fix them."""
    return tuple(sorted(findings, key=sort_key))
