"""Links open the Android app (assetlinks.json)."""

import json
import re
from collections.abc import Iterable
from typing import Any

from launchready.checks.finding import Score
from launchready.checks.operations import Get, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import link_hosts
from launchready.checks.site import Site
from launchready.net.answers import HttpAnswer

PATH = "/.well-known/assetlinks.json"
HANDLES = "delegate_permission/common.handle_all_urls"
# SHA-256: 32 octets in upper case with colons between them.
FINGERPRINT = re.compile(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}")


def hosts(site: Site) -> Iterable[str]:
    return [] if site.mobile_app is False else link_hosts(site)


@rule(
    "LINK002", family="deeplinks", topic="that links open the Android app", subjects=hosts, after=("DNS002", "DNS003")
)
def android_links(site: Site, subject: str) -> Verdict:
    """Digital Asset Links: 200 without a redirect, application/json, fingerprints of 32 upper case octets: that of the
    upload key and that of Play's signing key. A missing file is a mistake only where an app was declared.
    """
    op = Get(f"https://{subject}{PATH}")
    yield op
    published = op.answer.status == 200 and op.answer.body.lstrip().startswith("[")
    if not site.mobile_app and not published:
        return NOT_APPLICABLE
    problem = judged(known(op.answer))
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
            impact="Links in mails, also those that confirm an address, land in the wrong place.",
            fix=f"Answer {op.url} itself, without a redirect, with content-type: application/json. The fingerprints "
            "stand in the Play Console under App integrity: that of the upload key and that of the signing key.",
        )
    ]


def judged(answer: HttpAnswer) -> str:
    """What keeps a phone from taking the file; empty when nothing does."""
    if answer.location is not None:
        return f"the file is answered with a redirect ({answer.status})"
    if answer.status != 200:
        return f"the file is not there ({answer.status})"
    kind = (answer.header("content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return f"the file is sent as {kind or 'nothing'}, not as application/json"
    try:
        targets = [one["target"] for one in json.loads(answer.body) if HANDLES in one["relation"]]
        prints = [text for target in targets for text in fingerprints(target)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return "the file holds no statements that can be read"
    wrong = [text for text in prints if not FINGERPRINT.fullmatch(text)]
    if wrong:
        return f"{wrong[0][:20]!r}... is not a fingerprint of 32 upper case octets"
    return "" if prints else "the file names no app that may open links"


def fingerprints(target: dict[str, Any]) -> list[str]:
    if target.get("namespace") != "android_app":
        return []
    return [str(text) for text in target["sha256_cert_fingerprints"]]
