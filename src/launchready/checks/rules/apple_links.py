"""Links open the iPhone app (apple-app-site-association)."""

import json
import re
from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import Get, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import link_hosts
from launchready.checks.site import Site
from launchready.net.answers import HttpAnswer

PATH = "/.well-known/apple-app-site-association"
MOST_BYTES = 128 * 1024
# The team, ten characters, then the bundle.
APP_ID = re.compile(r"[A-Z0-9]{10}\.[A-Za-z0-9.-]+")


def hosts(site: Site) -> Iterable[str]:
    return [] if site.mobile_app is False else link_hosts(site)


@rule("LINK001", family="deeplinks", topic="that links open the iPhone app", subjects=hosts, after=("DNS002", "DNS003"))
def apple_links(site: Site, subject: str) -> Verdict:
    """Apple, "Supporting associated domains": 200 without a redirect, application/json, at most 128 KB, app IDs with
    the team in front. A missing file is a mistake only where an app was declared (mobile_app).
    """
    op = Get(f"https://{subject}{PATH}")
    yield op
    if not declared(site, op.answer):
        return NOT_APPLICABLE
    problem = judged(known(op.answer))
    if not problem:
        return FINE
    return [
        apple_links.fail(
            site,
            subject,
            f"iPhone links to {subject} open the browser, not the app: {problem}",
            severity="high",
            when="48h",
            reason="customers cannot get into the app by a link",
            score=Score(3, 2, 3),
            minutes=20,
            evidence=f"GET {op.url} → {op.answer.status}"
            + (f" → {op.answer.location}" if op.answer.location else f", {op.answer.header('content-type')}"),
            impact="Links in mails, also those that confirm an address, land in the wrong place.",
            fix=f"Answer {op.url} itself, without a redirect, with content-type: application/json, and\n"
            '{"applinks": {"details": [{"appIDs": ["TEAM123456.com.example.app"], "components": [{"/": "/*"}]}]}}',
        )
    ]


def declared(site: Site, answer: HttpAnswer) -> bool:
    """Whether the file is meant to be there: the owner said so, or something that is one is published."""
    return bool(site.mobile_app) or (answer.status == 200 and answer.body.lstrip().startswith("{"))


def judged(answer: HttpAnswer) -> str:
    """What keeps a phone from taking the file; empty when nothing does."""
    if answer.location is not None:
        return f"the file is answered with a redirect ({answer.status})"
    if answer.status != 200:
        return f"the file is not there ({answer.status})"
    kind = (answer.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return f"the file is sent as {kind or 'nothing'}, not as application/json"
    if len(answer.body.encode()) > MOST_BYTES:
        return "the file is larger than 128 KB"
    try:
        found = json.loads(answer.body)
        details = found["applinks"]["details"]
        listed = details.values() if isinstance(details, dict) else details
        named = [app for one in listed for app in one.get("appIDs", [one.get("appID", "")])]
    except (ValueError, TypeError, KeyError, AttributeError):
        return "the file holds no applinks that can be read"
    named += list(details) if isinstance(details, dict) else []
    wrong = [str(app) for app in named if app and not APP_ID.fullmatch(str(app))]
    if wrong:
        return f"{wrong[0]!r} is not a team and a bundle, as in TEAM123456.com.example.app"
    return "" if any(named) else "the file names no app"
