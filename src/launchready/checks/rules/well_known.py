"""Files below /.well-known/: deep links of mobile apps, and security.txt."""

import json
import re
from collections.abc import Iterable
from typing import Any

from launchready.checks.finding import Score
from launchready.checks.operations import HttpGet, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import link_hosts
from launchready.checks.site import Site
from launchready.net.answers import HttpAnswer

APPLE_PATH = "/.well-known/apple-app-site-association"


MOST_BYTES = 128 * 1024


# The team (ten characters), then the bundle.
APP_ID = re.compile(r"[A-Z0-9]{10}\.[A-Za-z0-9.-]+")


def hosts(site: Site) -> Iterable[str]:
    return [] if site.mobile_app is False else link_hosts(site)


@rule("LINK001", family="deeplinks", topic="links open the iPhone app", subjects=hosts, after=("DNS002", "DNS003"))
def apple_links(site: Site, subject: str) -> Verdict:
    """Links open the iPhone app (apple-app-site-association).

    Apple, "Supporting associated domains": 200 without a redirect, application/json, at most 128 KB, app IDs that
    begin with the team. A missing file is a finding only if an app was declared (mobile_app).
    """
    op = HttpGet(f"https://{subject}{APPLE_PATH}")
    yield op
    if not declared(site, op.answer):
        return NOT_APPLICABLE
    problem = apple_problem(known(op.answer))
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
            impact="Links in mails, including those that confirm an address, open in the wrong place.",
            fix=[
                f"Answer {op.url} itself, without a redirect, with content-type: application/json, and",
                '{"applinks": {"details": [{"appIDs": ["TEAM123456.com.example.app"], "components": [{"/": "/*"}]}]}}',
            ],
        )
    ]


def declared(site: Site, answer: HttpAnswer) -> bool:
    """Whether the file should exist: the owner said so, or a file of this kind is published."""
    return bool(site.mobile_app) or (answer.status == 200 and answer.body.lstrip().startswith("{"))


def apple_problem(answer: HttpAnswer) -> str:
    """Why a phone refuses the file, or ""."""
    if answer.location is not None:
        return f"the file is answered with a redirect ({answer.status})"
    if answer.status != 200:
        return f"the file does not exist ({answer.status})"
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
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return "the file contains no readable applinks"
    named += list(details) if isinstance(details, dict) else []
    wrong = [str(app) for app in named if app and not APP_ID.fullmatch(str(app))]
    if wrong:
        return f"{wrong[0]!r} is not a team and a bundle, as in TEAM123456.com.example.app"
    return "" if any(named) else "the file names no app"


ANDROID_PATH = "/.well-known/assetlinks.json"


HANDLES = "delegate_permission/common.handle_all_urls"


# SHA-256: 32 octets in upper case with colons between them.
FINGERPRINT = re.compile(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}")


@rule("LINK002", family="deeplinks", topic="links open the Android app", subjects=hosts, after=("DNS002", "DNS003"))
def android_links(site: Site, subject: str) -> Verdict:
    """Links open the Android app (assetlinks.json).

    Digital Asset Links: 200 without a redirect, application/json, fingerprints of 32 octets in upper case (upload key
    and Play signing key). A missing file is a finding only if an app was declared.
    """
    op = HttpGet(f"https://{subject}{ANDROID_PATH}")
    yield op
    published = op.answer.status == 200 and op.answer.body.lstrip().startswith("[")
    if not site.mobile_app and not published:
        return NOT_APPLICABLE
    problem = android_problem(known(op.answer))
    if not problem:
        return FINE
    return [
        android_links.fail(
            site,
            subject,
            f"Android links to {subject} open the browser, not the app: {problem}",
            severity="high",
            when="48h",
            reason="customers cannot get into the app by a link",
            score=Score(3, 2, 3),
            minutes=20,
            evidence=f"GET {op.url} → {op.answer.status}" + (f" → {op.answer.location}" if op.answer.location else ""),
            impact="Links in mails, including those that confirm an address, open in the wrong place.",
            fix=f"Answer {op.url} itself, without a redirect, with content-type: application/json. The Play "
            "Console shows the fingerprints under App integrity: that of the upload key and that of the "
            "signing key.",
        )
    ]


def android_problem(answer: HttpAnswer) -> str:
    """Why a phone refuses the file, or ""."""
    if answer.location is not None:
        return f"the file is answered with a redirect ({answer.status})"
    if answer.status != 200:
        return f"the file does not exist ({answer.status})"
    kind = (answer.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return f"the file is sent as {kind or 'nothing'}, not as application/json"
    try:
        targets = [one["target"] for one in json.loads(answer.body) if HANDLES in one["relation"]]
        prints = [text for target in targets for text in fingerprints(target)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return "the file contains no readable statements"
    wrong = [text for text in prints if not FINGERPRINT.fullmatch(text)]
    if wrong:
        return f"{wrong[0][:20]!r}... is not a fingerprint of 32 upper case octets"
    return "" if prints else "the file names no app that may open links"


def fingerprints(target: dict[str, Any]) -> list[str]:
    if target.get("namespace") != "android_app":
        return []
    return [str(text) for text in target["sha256_cert_fingerprints"]]


@rule(
    "WEB016",
    family="web",
    topic="security.txt names a contact",
    after=("DNS002",),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def security_txt(site: Site, subject: str) -> Verdict:
    """Finders of a security hole know whom to tell (security.txt, RFC 9116).

    Section 2.5.3: the file must contain a ``Contact:`` line.
    """
    op = HttpGet(f"https://{site.main}/.well-known/security.txt")
    yield op
    if not op.answer.known or op.answer.status not in (200, 404, 410):
        return NOT_APPLICABLE
    if op.answer.status == 200 and "contact:" in op.answer.body.lower():
        return FINE
    return [
        security_txt.fail(
            site,
            subject,
            "Anybody who finds a security hole does not know whom to tell (no security.txt)",
            severity="info",
            when="can-wait",
            reason="90 days: it only helps",
            score=Score(1, 1, 1),
            minutes=10,
            evidence=f"GET {op.url} → {op.answer.status}",
            impact="Well-meaning people give up, or write to a form that nobody reads.",
            fix=[
                f"Answer {op.url} with:",
                f"Contact: mailto:security@{subject}",
                "Expires: <a date within a year, as in 2027-06-30T00:00:00Z>",
            ],
        )
    ]
