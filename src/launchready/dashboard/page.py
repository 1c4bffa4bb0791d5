"""The page as one string, with styles and script inline and nothing from other hosts.

It shows route templates, releases, numbers and event names. It has no query strings, bodies or user ids to show.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from typing import Any

from launchready.dashboard import charts
from launchready.dashboard.wording import (
    ALL_FINE,
    DASH,
    LEAST_ERRORS,
    MANY_ERRORS,
    NO_REQUESTS,
    OVERDUE_AFTER,
    age,
    count,
    duration,
    failing,
    name,
    share,
    short,
    slow,
    unresolved,
    verdict,
)
from launchready.metrics.report import MIN_FOR_QUANTILE

Status = Mapping[str, Any]
Row = Mapping[str, Any]

STYLE = (files("launchready.dashboard") / "dashboard.css").read_text(encoding="utf-8")
SCRIPT = (files("launchready.dashboard") / "dashboard.js").read_text(encoding="utf-8")
FIRST_ROUTES, MAX_ROUTES = 15, 40
"""Routes shown at first, and in all: the others open with a click, without a script."""
JOB_FAILED, MAIL_FAILED = "job.failed", "email.failed"


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


POLICY = (
    f"default-src 'none'; style-src 'sha256-{_hash(STYLE)}'; script-src 'sha256-{_hash(SCRIPT)}'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy: this style and this script only."""


def page(status: Status, *, live: bool = True) -> str:
    """``live`` False: a static file, without refresh."""
    title = f"{verdict(status)} – launchready"  # noqa: RUF001
    script = f"<script>{SCRIPT}</script>" if live else ""
    button = '<button type="button" hidden>Pause</button>' if live else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<main>{_main(status)}</main><footer>{button}<p>Numbers of {_scope(status)}. Nothing of your customers: no "
        f"query strings, no bodies, no names.</p></footer>{script}</body></html>"
    )


def _scope(status: Status) -> str:
    if status.get("scope") == "machine":
        return "all workers of this machine"
    return "this process only" if status.get("scope") == "process" else "nobody: the file cannot be read"


def _main(status: Status) -> str:
    if "timeline" not in status:
        return f"<h1>Nothing is known.</h1><p>{escape(str(status.get('error', 'timing is off')))}</p>"
    sentence, since = verdict(status), _time(status["since"])
    look, sign = {ALL_FINE: ("good", "●"), NO_REQUESTS: ("none", "○")}.get(sentence, ("bad", "▲"))
    return "".join((
        f'<header><p class="sign {look}" aria-hidden="true">{sign}</p><h1>{escape(sentence)}</h1></header>',
        f"<p>Release <b>{escape(str(status['release']))}</b> · {since} to {_time(status['now'])} UTC</p>",
        FIRST if sentence == NO_REQUESTS else _cards(status),
        f'<h2>Uptime <small>as this app knows it</small></h2><div class="box">{charts.bar(status["uptime"], since)}',
        f"{LEGEND}</div>",
        "" if sentence == NO_REQUESTS else f"<h2>Over time</h2>{_charts(status, since)}",
        _routes(status["routes"]),
        _releases(status["releases"]),
        f'<div class="pair">{_signals(status["signals"])}{_jobs(status["jobs"])}{_counters(status)}</div>',
    ))  # fmt: skip


LEGEND = (
    '<p class="legend"><span class="up">served</span><span class="down">not ready</span>'
    '<span class="unknown">unknown</span></p>'
)
FIRST = (
    '<div class="box first"><h2>Waiting for the first request</h2><ol>'
    "<li>Open a page of the app: its route is here within a second.</li>"
    "<li>Say what a route should stay under: <code>Timing(targets={&quot;POST /payments&quot;: &quot;800ms&quot;})"
    "</code>.</li>"
    "<li>Tell what customers feel: <code>launchready.signal(&quot;payment.failed&quot;)</code>.</li>"
    "<li>Give background jobs a heartbeat: <code>launchready.job(&quot;reminders&quot;, every=&quot;1h&quot;)</code>."
    "</li></ol></div>"
)
"""Shown before the first request, instead of empty charts."""


def _cards(status: Status) -> str:
    points, signals = status["timeline"], status["signals"]
    requests, errors = (sum(point[key] for point in points) for key in ("requests", "errors"))
    known = [state for state in status["uptime"] if state is not None]
    few = requests < MIN_FOR_QUANTILE
    jobs = signals.get(JOB_FAILED, 0) + sum(job["late"] for job in status["jobs"])
    mails = signals.get(MAIL_FAILED, 0)
    return '<div class="cards">' + "".join((
        _card("Uptime", share(sum(known), len(known)), "of the time that is known", False in known),
        _card("p95", duration(status.get("p95")), f"{count(requests)} requests; it takes {MIN_FOR_QUANTILE}" if few
              else "19 of 20 requests are faster"),
        _card("Errors", share(errors, requests), f"{count(errors)} of {count(requests)} requests",
              errors >= LEAST_ERRORS and errors > MANY_ERRORS * requests),
        _card("Jobs", count(jobs), "failed or late", jobs > 0),
        _card("Mail", count(mails), "not sent", mails > 0),
        _outcomes(status),
    )) + "</div>"  # fmt: skip


RESOLVE = "launchready idempotency ls --unknown"


def _outcomes(status: Status) -> str:
    """Requests whose outcome is unknown, in the store of all workers."""
    if "unresolved" not in status.get("idempotency", {}):
        return ""
    found = unresolved(status)
    if found is None:
        value, words = DASH, "the store does not answer"
    elif not found["count"]:
        value, words = "0", "what was begun was answered"
    else:
        red = found["oldest"] >= OVERDUE_AFTER
        value = _flag(count(found["count"]) + ("" if found["whole"] else " or more"), red, not red)
        words = f"the oldest for {age(found['oldest'])}: <code>{RESOLVE}</code>"
    return f'<div class="card"><h2>Unknown outcomes</h2><b>{value}</b><small>{words}</small></div>'


def _card(title: str, value: str, words: str, bad: bool = False) -> str:
    return f'<div class="card"><h2>{title}</h2><b>{_flag(value, bad)}</b><small>{escape(words)}</small></div>'


def _charts(status: Status, since: str) -> str:
    points = status["timeline"][:-1]  # the current point is incomplete and would look like a drop
    start, end = status["since"], status["now"]
    span = max(1.0, end - start)
    marks = [
        ((row["started"] - start) / span, str(row["release"]))
        for row in status["releases"] if start < row["started"] < end
    ]  # fmt: skip
    target = max((row for row in status["routes"] if row["target"]), key=lambda row: row["target"], default=None)
    promised = (target["target"], f" of {short(target)}") if target else (None, "")
    drawn = (
        charts.chart("p95", [point["p95"] for point in points], duration, marks=marks, since=since,
                     target=promised[0], target_words=promised[1]),
        charts.chart("Errors", [point["error_share"] for point in points], _share, marks=marks, since=since,
                     target=MANY_ERRORS),
        charts.chart("Requests", [point["requests"] for point in points], _whole, marks=marks, since=since, bars=True),
        charts.chart("Failures told", status["failures"][:-1], _whole, marks=marks, since=since, bars=True),
    )  # fmt: skip
    return f'<div class="charts">{"".join(drawn)}</div>'


def _share(rate: float | None) -> str:
    return DASH if rate is None else share(rate, 1)


def _whole(value: float | None) -> str:
    return DASH if value is None else count(value)


def _routes(rows: Sequence[Row]) -> str:
    head = ("Route", "p95", "Errors", "Target", "Against last release", "Requests", "p50", "p99", "First byte p95")
    body = [
        (
            escape(name(row)),
            _flag(duration(row["p95"]), slow(row)),
            _flag(_errors(row), failing(row)),
            duration(row["target"]),
            _compared(row),
            count(row["count"]),
            duration(row["p50"]),
            duration(row["p99"]),
            duration(row["first_byte_p95"]),
        )
        for row in rows[:MAX_ROUTES]
    ]
    more = ""
    if len(body) > FIRST_ROUTES:
        hidden = len(rows) - len(body)
        left = f"<p>{hidden} more are not shown.</p>" if hidden else ""
        table = _scrolled("More routes", head, body[FIRST_ROUTES:], (4,))
        more = f"<details><summary>{len(body) - FIRST_ROUTES} more routes</summary>{table}{left}</details>"
    return _table("Routes, worst first", head, body[:FIRST_ROUTES], words=(4,)) + more


def _errors(row: Row) -> str:
    """Share of errors, and the most frequent exception."""
    if not row["errors"]:
        return "0"
    most = max(row["exceptions"], key=row["exceptions"].get) if row["exceptions"] else ""
    return f"{count(row['errors'])} ({share(row['errors'], row['count'])}){f' {escape(most)}' if most else ''}"


def _flag(text: str, bad: bool, warn: bool = False) -> str:
    """Colour never stands alone: a sign goes with it."""
    if bad:
        return f'<span class="bad">▲ {text}</span>'
    return f'<span class="warn">◆ {text}</span>' if warn else text


def _compared(row: Row) -> str:
    found = row["verdict"]
    if found is None:
        return "not enough data" if row["count"] else DASH
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
            DASH if row["ended"] is None else _time(row["ended"]),
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
    counts = {words: sum(row[key] for row in rows) for key, words in COUNTERS}
    body = [(escape(words), count(number), share(number, whole)) for words, number in counts.items() if number]
    return _table("Answered otherwise", ("Requests", "Count", "Share"), body)


def _table(title: str, head: Sequence[str], body: Sequence[Sequence[str]], words: Sequence[int] = ()) -> str:
    """A section; empty without rows."""
    return f"<section><h2>{escape(title)}</h2>{_scrolled(title, head, body, words)}</section>" if body else ""


def _scrolled(title: str, head: Sequence[str], body: Sequence[Sequence[str]], words: Sequence[int]) -> str:
    """A table; its first column holds row headers. Wide tables scroll in their box, by keyboard too."""
    columns = "".join(f'<th scope="col"{_words(index, words)}>{escape(cell)}</th>' for index, cell in enumerate(head))
    rows = "".join(f"<tr>{_cells(row, words)}</tr>" for row in body)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}">'
        f"<table><thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _words(index: int, words: Sequence[int]) -> str:
    return ' class="words"' if index in words else ""


def _cells(row: Sequence[str], words: Sequence[int]) -> str:
    cells = [f"<td{_words(index, words)}>{cell}</td>" for index, cell in enumerate(row[1:], 1)]
    return f'<th scope="row">{row[0]}</th>{"".join(cells)}'


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%b %-d, %H:%M")
