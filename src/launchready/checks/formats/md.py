"""The report as Markdown. Text from a network is put into code blocks whose fence is longer than any inside."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from launchready.checks.finding import Finding

if TYPE_CHECKING:
    from launchready.checks.report import Report


def render(report: "Report") -> str:
    lines = [f"# Launch checks of {inline(report.domain)}", "", inline(report.headline), ""]
    parts = (
        ("Fix within 48 hours", report.fix_now),
        ("Can wait", report.can_wait),
        ("Could not be checked", report.undetermined),
    )
    for title, findings in parts:
        if findings:
            lines += [f"## {title}", ""]
            for finding in findings:
                lines += [*section(finding), ""]
    if report.passed:
        lines += ["## Fine", "", *(f"- {inline(one.subject)}: {inline(one.topic)}" for one in report.passed), ""]
    return "\n".join(lines).rstrip() + "\n"


def section(finding: Finding) -> Iterator[str]:
    yield f"### {finding.code}: {inline(finding.title)}"
    yield ""
    yield f"{inline(finding.impact)} About {finding.minutes} minutes. ({inline(finding.reason)}; {finding.score})"
    for title, text in (("Seen", finding.evidence), ("Fix", finding.fix), ("Check again", finding.verify)):
        yield ""
        yield f"{title}:"
        yield ""
        yield fenced(text)


def fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def inline(text: str) -> str:
    """One line without active markup."""
    return re.sub(r"([\\`*_\[\]<>#|~&!])", r"\\\1", text.replace("\n", " "))
