"""JUnit XML for build servers: ``document`` for any findings, ``render`` for a report.

One test case for each code and subject. An undetermined check is an *error*: never a pass, and never "skipped", which
build servers show in green.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from launchready.checks.finding import Finding, Passed

if TYPE_CHECKING:
    from launchready.checks.report import Report

# XML 1.0 section 2.2: characters that a document may not contain, not even escaped.
FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: "Report") -> str:
    return document(report.findings, report.passed, name=f"launchready check {report.domain}", seconds=report.seconds)


def document(
    findings: Iterable[Finding], passed: Iterable[Passed] = (), *, name: str = "launchready", seconds: float = 0.0
) -> str:
    """One test suite, findings first."""
    found, fine = list(findings), list(passed)
    counts = {
        "tests": str(len(found) + len(fine)),
        "failures": str(sum(one.status == "fail" for one in found)),
        "errors": str(sum(one.status == "undetermined" for one in found)),
    }
    root = ET.Element("testsuites", counts | {"name": legal(name), "time": f"{seconds:.3f}"})
    times = {"skipped": "0", "time": f"{seconds:.3f}"}
    suite = ET.SubElement(root, "testsuite", counts | times | {"name": legal(name)})
    for finding in found:
        case(suite, finding)
    for one in fine:
        ET.SubElement(suite, "testcase", named(one.code, f"{one.subject}: {one.topic}"))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def case(suite: ET.Element, finding: Finding) -> None:
    failed = finding.status == "fail"
    element = ET.SubElement(suite, "testcase", named(finding.code, f"{finding.subject}: {finding.title}"))
    kind = f"{finding.severity} {finding.when}" if failed else "undetermined"
    inner = ET.SubElement(element, "failure" if failed else "error", {"type": kind, "message": legal(finding.title)})
    rows = (("Seen", finding.evidence), ("Breaks", finding.impact), ("Fix", finding.fix), ("Again", finding.verify))
    inner.text = legal("\n".join(f"{label}: {text}" for label, text in rows))


def named(code: str, name: str) -> dict[str, str]:
    return {"classname": f"launchready.{code}", "name": legal(name), "time": "0"}


def legal(text: str) -> str:
    """The text without characters that XML cannot carry."""
    return FORBIDDEN.sub("\ufffd", text)
