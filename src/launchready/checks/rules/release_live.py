"""The release that should be live is live: the health page names it."""

import json
from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import Get, known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site
from launchready.net.answers import HttpAnswer

NAMES = ("release", "releaseId", "version", "commit", "sha")
# A commit in full and in short are the same release.
SHORTEST = 7


def pages(site: Site) -> Iterable[str]:
    return (site.health,) if site.release else ()


@rule(
    "WEB020",
    family="web",
    topic="that the right release is live",
    subjects=pages,
    after=("DNS002", "DNS003", "WEB001", "WEB011"),
    blocked_by=("TLS001", "TLS002", "TLS003"),
)
def release_live(site: Site, subject: str) -> Verdict:
    """What ``/healthz`` of this library says (draft-inadarei-api-health-check: releaseId), asked past every cache."""
    op = Get(subject, [("cache-control", "no-store")])
    yield op
    answer = known(op.answer)
    live = named(answer)
    if same(live, site.release):
        return FINE
    what = f"{live} is live" if live else f"its health page names no release ({answer.status})"
    return [
        release_live.fail(
            site,
            subject,
            f"Customers do not get what you shipped: {site.release} should be live, and {what}",
            severity="high",
            when="48h",
            reason="the release that was checked is not the one that customers use",
            score=Score(4, 2, 3),
            minutes=20,
            evidence=f"GET {subject} → {answer.status}, release {live or 'not named'}",
            impact="What you have tested and what runs are not the same.",
            fix="Deploy again, and restart all workers. The health page of this library names the release by itself; "
            'in another one answer with {"release": "<commit>"} there.',
        )
    ]


def named(answer: HttpAnswer) -> str:
    """The release that an answer names; "" for none."""
    try:
        found = json.loads(answer.body)
    except ValueError:
        return ""
    names = (found.get(name) for name in NAMES) if isinstance(found, dict) else ()
    return next((str(name) for name in names if name), "")


def same(live: str, wanted: str) -> bool:
    if not live:
        return False
    short, long = sorted((live.lower(), wanted.lower()), key=len)
    return short == long or (len(short) >= SHORTEST and long.startswith(short))
