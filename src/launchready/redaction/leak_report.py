"""The report of a log scan, by log, class and line, in the formats of the command line."""

import html
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from launchready.redaction.log_scan import UNREAD_KIND, LogLeak

_LINES_SHOWN = 8
_MAX_LINES = 10_000  # line numbers kept per class, so that memory stays bounded on a log of any length
_CAN_WAIT = frozenset({"name", "address", "dob", "push_token", "csrf", "pw_hash", "ip"})
_PERSONAL = frozenset({"email", "phone", "name", "address", "dob", "ip"})
_ADVICE = {
    "credential": "every reader of the log can use it: rotate it, then delete it from the log and its copies",
    "payment": "payment details must not be stored (PCI DSS 3.3): delete them from the log and its copies",
    "personal": "delete it from the log and its copies, or shorten how long the log is kept",
    "undetermined": "these lines are too long to read to their end: split them and scan again",
}


@dataclass
class LeakSummary:
    """One class of values in one log."""

    source: str
    kind: str
    count: int = 0
    in_lines: int = 0
    lines: list[int] = field(default_factory=list)

    @property
    def family(self) -> str:
        if self.kind == UNREAD_KIND:
            return "undetermined"
        if self.kind in {"card", "cvc", "iban"}:
            return "payment"
        return "personal" if self.kind in _PERSONAL else "credential"

    @property
    def when(self) -> str:
        """ "can-wait" for values that give no access, else "48h"."""
        return "can-wait" if self.kind in _CAN_WAIT or self.kind == UNREAD_KIND else "48h"

    @property
    def fix(self) -> str:
        return _ADVICE[self.family]

    def where(self) -> str:
        shown = ", ".join(str(line) for line in self.lines[:_LINES_SHOWN])
        more = self.in_lines - min(len(self.lines), _LINES_SHOWN)
        return f"line{'s' if self.in_lines > 1 else ''} {shown}{f' and {more} more' if more else ''}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values. ``lines`` holds the first 10,000."""
        return {
            "source": self.source, "class": self.kind, "count": self.count, "lines_with_it": self.in_lines,
            "lines": self.lines, "family": self.family, "when": self.when, "fix": self.fix,
        }  # fmt: skip


class LeakReport:
    """The leaks of some logs. Never holds a value."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], LeakSummary] = {}
        self.lines_read: dict[str, int] = {}
        self.unread: dict[str, str] = {}

    def add(self, source: str, logged: LogLeak) -> None:
        leaked = self._found.setdefault((source, logged.kind), LeakSummary(source, logged.kind))
        leaked.count += logged.count
        leaked.in_lines += 1
        if len(leaked.lines) < _MAX_LINES:
            leaked.lines.append(logged.line)

    def __iter__(self) -> Iterator[LeakSummary]:
        """Yield credentials first, then payment and personal data, with higher counts first."""
        order = ("credential", "payment", "personal", "undetermined")
        return iter(
            sorted(
                self._found.values(),
                key=lambda one: (one.source, order.index(one.family), one.when, -one.count, one.kind),
            )
        )

    def exit_code(self, fail_on: str = "48h") -> int:
        """Return 1 for values at or above ``fail_on``, else 3 if a part could not be read, else 0."""
        failed = {one.when for one in self if one.kind != UNREAD_KIND}
        if fail_on != "never" and ("48h" in failed or (failed and fail_on == "any")):
            return 1
        return 3 if self.unread or any(one.kind == UNREAD_KIND for one in self) else 0

    @property
    def headline(self) -> str:
        values = sum(one.count for one in self if one.kind != UNREAD_KIND)
        lines = sum(self.lines_read.values())
        unread = " A part could not be read." if self.exit_code("never") else ""
        return f"{values or 'no'} value{'' if values == 1 else 's'} leaked in {lines} lines read.{unread}"


def _text(leaks: LeakReport) -> str:
    out = [leaks.headline]
    for source in leaks.lines_read:
        rows = [one for one in leaks if one.source == source]
        out += ["", f"{source}: {leaks.lines_read[source]} lines{'' if rows else ', nothing leaked'}"]
        out += [f"  {one.kind:16} {one.count:>7}  {one.where()}" for one in rows]
        out += [f"  not read to its end: {leaks.unread[source]}"] if source in leaks.unread else []
    families = dict.fromkeys(one.family for one in leaks)
    out += [""] if families else []
    return "\n".join([*out, *(f"{family}: {_ADVICE[family]}" for family in families)])


def _json(leaks: LeakReport) -> str:
    whole = {
        "schema_version": 1, "headline": leaks.headline, "exit_code": leaks.exit_code(), "read": leaks.lines_read,
        "not_read": leaks.unread, "leaks": [one.to_dict() for one in leaks],
    }  # fmt: skip
    return json.dumps(whole, indent=2)


def _md(leaks: LeakReport) -> str:
    head = ["# Logs", "", leaks.headline, "", "| log | class | values | where | what to do |", "|---|---|---|---|---|"]
    rows = [f"| {_cell(one.source)} | {one.kind} | {one.count} | {one.where()} | {one.fix} |" for one in leaks]
    return "\n".join([*head, *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _html(leaks: LeakReport) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(one.source)}<td>{html.escape(one.kind)}<td>{one.count}<td>{one.where()}<td>{one.fix}"
        for one in leaks
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Logs</title>'
        f"<h1>Logs</h1><p>{html.escape(leaks.headline)}</p>"
        f"<table><thead><tr><th>log<th>class<th>values<th>where<th>what to do<tbody>{rows}</table></html>"
    )


def _sarif(leaks: LeakReport) -> str:
    kinds = {one.kind: one for one in leaks}
    rules = [
        {"id": f"log-{kind}", "shortDescription": {"text": f"{kind} in a log"}, "help": {"text": one.fix}}
        for kind, one in kinds.items()
    ]
    results = [
        {
            "ruleId": f"log-{one.kind}",
            "level": "error" if one.when == "48h" else "warning",
            "message": {"text": f"{one.kind} in the log"},
            "locations": [
                {"physicalLocation": {"artifactLocation": {"uri": one.source}, "region": {"startLine": line}}}
            ],
        }
        for one in leaks
        for line in one.lines
    ]
    driver = {"name": "launchready logs scan", "rules": rules}
    return json.dumps({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }, indent=2)  # fmt: skip


def _junit(leaks: LeakReport) -> str:
    rows = list(leaks)
    cases = [
        f"<testcase classname={quoteattr(one.source)} name={quoteattr(one.kind)}>"
        f"<failure message={quoteattr(f'{one.count} in {one.where()}')}>{escape(one.fix)}</failure></testcase>"
        for one in rows
    ]
    cases += [
        f'<testcase classname={quoteattr(source)} name="clean"/>'
        for source in leaks.lines_read
        if source not in {one.source for one in rows}
    ]
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><testsuite name="logs" tests="{len(cases)}" failures="{len(rows)}">'
        f"{''.join(cases)}</testsuite>"
    )


FORMATS: dict[str, Callable[[LeakReport], str]] = {
    "text": _text, "json": _json, "md": _md, "html": _html, "sarif": _sarif, "junit": _junit,
}  # fmt: skip
