"""The report as one page that opens from an email: no script, nothing to load, light and dark, printable.

Text from a network is escaped. The page stays below 100 KB: longer text is cut and marked.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from launchready.checks.finding import Finding, Passed

if TYPE_CHECKING:
    from launchready.checks.report import Report

LONGEST = 1200
MOST_BYTES = 96_000
STYLE = """
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#59636e;--line:#d1d9e0;--now:#b3261e;--wait:#7a5200;
--box:#f6f8fa}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--soft:#9ea7b3;--line:#3d444d;--now:#ff8b82;
--wait:#e3b341;--box:#161b22}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:50rem;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:0 0 .3rem}.meta,footer{color:var(--soft);font-size:.875rem}
article{border-left:4px solid var(--line);padding:.1rem 0 .1rem 1rem;margin:1.4rem 0;break-inside:avoid}
.now{border-color:var(--now)}.wait,.unknown{border-color:var(--wait)}
table{border-collapse:collapse;width:100%;font-size:.9375rem}caption{text-align:left;font-weight:600;
padding:.3rem 0}th,td{text-align:left;vertical-align:top;font-weight:400;border-top:1px solid var(--line);
padding:.35rem .6rem .35rem 0;overflow-wrap:anywhere}th{width:45%}
dt{font-weight:600;margin-top:.5rem}dd{margin:0}
pre{background:var(--box);border:1px solid var(--line);padding:.5rem;margin:.2rem 0;white-space:pre-wrap;
overflow-wrap:anywhere;font:.8125rem/1.45 ui-monospace,monospace}
@media print{body{max-width:none;margin:0;font-size:11pt}:root{--ink:#000;--paper:#fff;--soft:#333;--box:#fff}}
"""


def render(report: "Report") -> str:
    """The whole page."""
    parts = [
        *section(report, "Fix within 48 hours", "now", report.fix_now),
        *section(report, "Can wait", "wait", report.can_wait),
        *section(report, "Could not be checked", "unknown", report.undetermined),
        *fine(report.passed),
    ]
    kept, size = [], len(STYLE) + 2000
    for part in parts:
        size += len(part.encode())
        if size > MOST_BYTES:
            kept.append("<p>The rest is left out here to keep the page small; the JSON report has it all.</p>")
            break
        kept.append(part)
    when = datetime.fromtimestamp(report.started, UTC).strftime("%Y-%m-%d %H:%M UTC")
    name, verdict = text(report.domain), text(report.headline)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>Launch checks of {name}</title><style>{STYLE}</style></head>\n<body><main>\n"
        f'<h1>{verdict}</h1>\n<p class="meta">{name}, checked {when} in {report.seconds:.1f} s</p>\n'
        + minimum(report.minimum)
        + "\n".join(kept)
        + "\n</main><footer><p>The order is by impact, severity, and impact x reach x now. What could not be "
        "checked is neither fine nor broken.</p></footer></body></html>\n"
    )


def minimum(bar: Sequence[tuple[str, str]]) -> str:
    """The minimum bar, shown first."""
    rows = "".join(f'<tr><th scope="row">{text(question)}</th><td>{text(answer)}</td></tr>' for question, answer in bar)
    return f"<table><caption>Minimum bar</caption>{rows}</table>\n"


def section(report: "Report", title: str, kind: str, findings: Sequence[Finding]) -> Iterator[str]:
    """One section of the list, or nothing when it is empty."""
    if findings:
        yield f"<h2>{title} ({len(findings)})</h2>"
    for finding in findings:
        yield article(kind, finding, report.fix_by(finding))


def article(kind: str, finding: Finding, by: str) -> str:
    rows = [
        f"<dt>{name}</dt><dd><pre>{text(shown)}</pre></dd>"
        for name, shown in (("Seen", finding.evidence), ("Fix", finding.fix), ("Check again", finding.verify))
    ]
    return (
        f'<article class="{kind}"><h3>{text(finding.title)}</h3><p>{text(finding.impact)}</p>'
        f'<p class="meta">{finding.code}, {finding.severity}, about {finding.minutes} minutes. {text(finding.reason)}. '
        f"{finding.score}{'; by ' + by if by else ''}</p><dl>{''.join(rows)}</dl></article>"
    )


def fine(passed: Sequence[Passed]) -> Iterator[str]:
    if passed:
        yield f"<h2>Fine ({len(passed)})</h2>"
        yield "<ul>"
        for one in passed:
            yield f"<li>{text(one.subject)}: {text(one.topic)}</li>"
        yield "</ul>"


def text(value: str) -> str:
    return escape(value if len(value) <= LONGEST else f"{value[:LONGEST]} … (cut)")
