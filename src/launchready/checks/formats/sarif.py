"""SARIF 2.1.0 (OASIS) for code scanning services: ``document`` for any findings, ``render`` for a report.

- An undetermined check has the kind "open" (section 3.27.9): neither a failure nor a pass.
- Code scanning services show only results with a place in a file. A finding about a domain has none, so it points to
  the file that names the domain. ``place`` gives the place of a finding about a file.
- The fingerprint consists of code and subject, so a finding keeps its history when its wording changes.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from launchready.checks.finding import Finding, Severity

if TYPE_CHECKING:
    from launchready.checks.report import Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS: Mapping[Severity, str] = {
    "critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note",
}  # fmt: skip
# "security-severity", by which GitHub sorts: 9.0 and up is critical, 7.0 high, 4.0 medium, below that low.
SORTED: Mapping[Severity, str] = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0", "info": "1.0"}

Place = Callable[[Finding], tuple[str, int]]
"""The place of a finding: a path relative to the project, and a line from 1."""


def at_the_configuration(finding: Finding) -> tuple[str, int]:
    """The file in which a project names its domain."""
    del finding
    return "launchready.toml", 1


def render(report: "Report") -> str:
    return document(report.findings)


def document(findings: Iterable[Finding], place: Place = at_the_configuration) -> str:
    """One run with its results, in the given order, as JSON."""
    found = list(findings)
    codes = sorted({one.code for one in found})
    driver = {"name": "launchready", "rules": [rule(code, found) for code in codes]}
    results = [result(one, codes.index(one.code), place(one)) for one in found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def rule(code: str, found: Sequence[Finding]) -> dict[str, Any]:
    """The common parts of all findings with one code, and the worst of their severities."""
    same = [one for one in found if one.code == code]
    worst = max((one.severity for one in same), key=lambda severity: float(SORTED[severity]))
    return {
        "id": code,
        "shortDescription": {"text": same[0].topic or code},
        "help": {"text": f"launchready explain {code}. See {same[0].docs}."},
        "defaultConfiguration": {"level": LEVELS[worst]},
        "properties": {"security-severity": SORTED[worst]},
    }


def result(finding: Finding, index: int, place: tuple[str, int]) -> dict[str, Any]:
    path, line = place
    identity = hashlib.sha256(f"{finding.code}\n{finding.subject}".encode()).hexdigest()
    unsure = finding.status == "undetermined"
    text = f"{finding.title}. {finding.impact}\nSeen: {finding.evidence}\nFix: {finding.fix}"
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "kind": "open" if unsure else "fail",
        "level": "none" if unsure else LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": path}, "region": {"startLine": max(1, line)}},
                "logicalLocations": [{"fullyQualifiedName": finding.subject, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"codeAndSubject/v1": identity},
        "properties": {
            "severity": finding.severity,
            "when": finding.when,
            "reason": finding.reason,
            "score": finding.score.total,
            "verify": finding.verify,
        },
    }
