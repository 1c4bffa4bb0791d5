"""The report for a terminal."""

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from launchready.checks.finding import Finding

if TYPE_CHECKING:
    from launchready.checks.report import Report

WIDTH = 100
INDENT = " " * 11
RED, YELLOW, GREY, BOLD, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[90m", "\x1b[1m", "\x1b[0m"


def render(report: "Report", *, color: bool = False) -> str:
    """The verdict in one line, then each finding, the first to fix first."""
    paint = colored if color else plain
    lines = [paint(report.headline, BOLD) + f"      {report.domain}  {report.seconds:.1f} s"]
    failed = (*report.fix_now, *report.can_wait)
    for number, finding in enumerate(failed, 1):
        now = finding.when == "48h"
        label = paint(f"{number:<3}{'FIX NOW' if now else 'WAIT':<8}", RED if now else YELLOW)
        lines += ["", *shown(label, finding)]
        lines += [INDENT + paint(f"{note(finding)}; by {report.fix_by(finding)}", GREY)]
    for finding in report.undetermined:
        lines += [
            "",
            *wrapped(paint(f"{'?':<11}", YELLOW), f"{finding.title}."),
            INDENT + f"Retry: {finding.verify}",
        ]
    if report.accepted:
        lines += ["", paint(f"Accepted for now: {', '.join(sorted(map(short, report.accepted)))}", GREY)]
    return "\n".join(lines) + "\n"


def short(finding: Finding) -> str:
    return f"{finding.code} {finding.subject}"


def shown(label: str, finding: Finding) -> Iterator[str]:
    """The title, impact, evidence, fix and command of one finding."""
    yield from wrapped(label, f"{finding.title}.   {finding.code}  ~{finding.minutes} min")
    yield from wrapped(INDENT, finding.impact)
    for line in finding.evidence.split("\n"):
        yield from wrapped(INDENT, line)
    for number, line in enumerate(finding.fix.split("\n")):
        yield from wrapped(INDENT, line if number else f"Fix: {line}")
    # Commands and records are never wrapped, because people copy them.
    yield f"{INDENT}Check again: {finding.verify}   (why: launchready explain {finding.code})"


def note(finding: Finding) -> str:
    return f"{finding.severity}; {finding.reason}; {finding.score}"


def wrapped(label: str, text: str) -> list[str]:
    """Wraps prose at the width of the terminal. Text that has to be copied stays on one line."""
    if "  IN  " in text or "→" in text:
        return [label + text]
    lines = textwrap.wrap(text, WIDTH - len(INDENT), break_long_words=False, break_on_hyphens=False) or [""]
    return [label + lines[0], *(INDENT + line for line in lines[1:])]


def colored(text: str, code: str) -> str:
    return f"{code}{text}{PLAIN}"


def plain(text: str, _code: str) -> str:
    return text
