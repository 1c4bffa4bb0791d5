"""The page, as one string: styles and script inside, nothing from any other host.

It shows route templates, releases, numbers and names of events; it has no query strings, bodies or user ids to show.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from typing import Any

from launchready.dashboard import charts
from launchready.dashboard.words import (
    MANY_ERRORS,
    NOBODY,
    count,
    duration,
    failing,
    name,
    share,
    slow,
    verdict,
)

Status = Mapping[str, Any]
Row = Mapping[str, Any]

STYLE = (files("launchready.dashboard") / "dashboard.css").read_text(encoding="utf-8")
SCRIPT = (files("launchready.dashboard") / "dashboard.js").read_text(encoding="utf-8")
MAX_ROUTES = 40
JOB_FAILED, MAIL_FAILED = "job.failed", "email.failed"


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


POLICY = (
    f"default-src 'none'; style-src 'sha256-{_hash(STYLE)}'; script-src 'sha256-{_hash(SCRIPT)}'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The content security policy: this style and this script, and nothing else."""


def page(status: Status, *, live: bool = True) -> str:
    """``live`` False: the same as a file, which does not refresh."""
    title = f"{verdict(status)} – launchready"  # noqa: RUF001
    script = f"<script>{SCRIPT}</script>" if live else ""
    button = '<button type="button" hidden>Pause</button>' if live else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<main>{_main(status)}</main><footer>{button}<span>Numbers of {_scope(status)}. No cookies of "
        f"your customers, no queries, no bodies.</span></footer>{script}</body></html>"
    )


def _scope(status: Status) -> str:
    if status.get("scope") == "machine":
        return "all workers of this machine"
    return "this process only" if status.get("scope") == "process" else "nobody: the file cannot be read"


def _main(status: Status) -> str:
    if "timeline" not in status:
        return f"<h1>Nothing is known.</h1><p>{escape(str(status.get('error', 'timing is off')))}</p>"
    since = _time(status["since"])
    return "".join((
        f"<h1>{escape(verdict(status))}</h1>",
        f"<p>Release <b>{escape(str(status['release']))}</b>, {since} to {_time(status['now'])} UTC</p>",
        _cards(status),
        f"<h2>Uptime, as this app knows it</h2>{charts.bar(status['uptime'], since)}",
        f"<h2>The last hours</h2>{_charts(status)}",
        _routes(status["routes"]),
        _releases(status["releases"]),
        _signals(status["signals"]),
        _jobs(status["jobs"]),
        _counters(status),
    ))  # fmt: skip


def _cards(status: Status) -> str:
    points, signals = status["timeline"], status["signals"]
    requests, errors = (sum(point[key] for point in points) for key in ("requests", "errors"))
    known = [state for state in status["uptime"] if state is not None]
    p95 = status.get("p95")
    late = sum(job["late"] for job in status["jobs"])
    cards = (
        (share(sum(known), len(known)), "uptime, of the time that is known"),
        (duration(p95), "p95: 19 of 20 requests are faster"),
        (share(errors, requests), f"errors, {count(errors)} of {count(requests)} requests"),
        (count(signals.get(JOB_FAILED, 0) + late), "failed or late jobs"),
        (count(signals.get(MAIL_FAILED, 0)), "mails not sent"),
    )
    return '<div class="cards">' + "".join(_card(*card) for card in cards) + "</div>"


def _card(value: str, words: str) -> str:
    return f'<div class="card"><b>{value}</b><span>{escape(words)}</span></div>'


def _charts(status: Status) -> str:
    points = status["timeline"][:-1]  # the last five minutes are not over: they would always look like a collapse
    start, end = status["since"], status["now"]
    span = max(1.0, end - start)
    marks = [
        ((row["started"] - start) / span, str(row["release"]))
        for row in status["releases"] if start < row["started"] < end
    ]  # fmt: skip
    rates = [point["errors"] / point["requests"] if point["requests"] else None for point in points]
    target = max((row for row in status["routes"] if row["target"]), key=lambda row: row["target"], default=None)
    drawn = (
        charts.line("p95", [point["p95"] for point in points], duration, marks=marks,
                    target=target["target"] if target else None, target_words=f" of {name(target)}" if target else ""),
        charts.line("Errors", rates, lambda rate: NOBODY if rate is None else share(rate, 1), marks=marks,
                    target=MANY_ERRORS),
        charts.line("Requests", [point["requests"] for point in points], _whole, marks=marks),
        charts.line("Failures told by the app", status["failures"][:-1], _whole, marks=marks),
    )  # fmt: skip
    return f'<div class="charts">{"".join(drawn)}</div>'


def _whole(value: float | None) -> str:
    return NOBODY if value is None else count(value)


def _routes(rows: Sequence[Row]) -> str:
    head = ("Route", "p95", "Target", "Errors", "Against last release", "Requests", "p50", "p99", "First byte p95")
    body = [
        (
            escape(name(row)),
            _flag(duration(row["p95"]), slow(row)),
            duration(row["target"]),
            _flag(_errors(row), failing(row)),
            _compared(row),
            count(row["count"]),
            duration(row["p50"]),
            duration(row["p99"]),
            duration(row["first_byte_p95"]),
        )
        for row in rows[:MAX_ROUTES]
    ]
    more = f"<p>{len(rows) - MAX_ROUTES} more routes are not shown.</p>" if len(rows) > MAX_ROUTES else ""
    return _table("Routes, worst first", head, body, words=(4,)) + more


def _errors(row: Row) -> str:
    """The share, and what was raised most."""
    if not row["errors"]:
        return "0"
    most = max(row["exceptions"], key=row["exceptions"].get) if row["exceptions"] else ""
    return f"{count(row['errors'])} ({share(row['errors'], row['count'])}){f' {escape(most)}' if most else ''}"


def _flag(text: str, bad: bool) -> str:
    """Colour is never alone: a sign goes with it."""
    return f'<span class="bad">▲ {text}</span>' if bad else text


def _compared(row: Row) -> str:
    found = row["verdict"]
    if found is None:
        return "not enough data" if row["count"] else NOBODY
    css = {"worse": "bad", "better": "good"}.get(found["word"], "")
    word = f'<span class="{css}">{found["word"]}</span>' if css else str(found["word"])
    return f"{word}, n = {count(found['before'])} and {count(found['after'])}"


def _releases(rows: Sequence[Row]) -> str:
    head = ("Release", "Since (UTC)", "Verdict", "p95", "Errors", "Requests")
    body = [
        (
            escape(str(row["release"])),
            _time(row["started"]),
            _flag(row["verdict"], row["verdict"] == "worse"),
            duration(row["p95"]),
            f"{count(row['errors'])} ({share(row['errors'], row['count'])})",
            count(row["count"]),
        )
        for row in rows
    ]
    return _table("Releases", head, body, words=(2,))


def _signals(found: Mapping[str, int]) -> str:
    return _table("Signals", ("Event", "Times"), [(escape(key), count(value)) for key, value in found.items()])


def _jobs(rows: Sequence[Row]) -> str:
    head = ("Job", "Last ended well (UTC)", "State", "Runs", "Failures")
    body = [
        (
            escape(row["name"]),
            NOBODY if row["ended"] is None else _time(row["ended"]),
            _flag("late", row["late"]) if row["late"] else "in time",
            count(row["runs"] or 0),
            count(row["failures"] or 0),
        )
        for row in rows
    ]
    return _table("Background jobs", head, body, words=(2,))


COUNTERS = (
    ("cached", "answered from the cache"),
    ("limited", "over a rate limit (429)"),
    ("replayed", "repeated with the same key, answered without running twice"),
    ("streams", "streamed"),
    ("websockets", "WebSockets"),
    ("disconnects", "left by the client"),
)


def _counters(status: Status) -> str:
    rows = status["routes"]
    whole = sum(row["count"] for row in rows)
    body = [
        (escape(words), count(sum(row[key] for row in rows)), share(sum(row[key] for row in rows), whole))
        for key, words in COUNTERS
    ]
    return _table("Requests that were special", ("Requests", "Count", "Share"), body)


def _table(title: str, head: Sequence[str], body: Sequence[Sequence[str]], words: Sequence[int] = ()) -> str:
    """The first cell of a row is its header. Wide tables scroll inside their box, by keyboard as well."""
    if not body:
        return ""
    columns = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    rows = "".join(f"<tr>{_cells(row, words)}</tr>" for row in body)
    label = escape(title)
    return (
        f'<h2>{label}</h2><div class="scroll" tabindex="0" role="region" aria-label="{label}">'
        f"<table><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cells(row: Sequence[str], words: Sequence[int]) -> str:
    cells = [f'<th scope="row">{row[0]}</th>']
    for index, cell in enumerate(row[1:], 1):
        cells.append(f'<td class="words">{cell}</td>' if index in words else f"<td>{cell}</td>")
    return "".join(cells)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%b %-d, %H:%M")
