"""What pages load: without encryption, from other servers, and with a cache lifetime."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from launchready.checks.finding import Score
from launchready.checks.operations import AskAll, HttpGet
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import follow, is_page
from launchready.checks.site import Site, registered
from launchready.net.answers import HttpAnswer
from launchready.web import page

MAX_SHOWN_REFERENCES = 8


def pages(site: Site) -> Iterable[str]:
    own = [f"https://{host}/" for host in site.web]
    return dict.fromkeys([*own, *([site.app] if site.app else []), *site.pages])


@rule(
    "WEB010",
    family="web",
    topic="pages load nothing without encryption (mixed content)",
    subjects=pages,
    after=("DNS002", "DNS003", "DNS005"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def mixed_content(site: Site, subject: str) -> Verdict:
    """Pages load and send nothing without encryption (Mixed Content, W3C).

    Browsers refuse such scripts, styles and frames, so the page is broken. They send such forms in the open, and load
    such images with a warning.
    """
    path = yield from follow(subject)
    if path.loops or path.last.trouble is not None or len(path.hops) > 1 or not is_page(path.last):
        return NOT_APPLICABLE
    found = list(page.mixed(path.last.body, path.last.url))
    if not found:
        return FINE
    active = [one for one in found if one.active]
    shown = [f"<{one.tag}> {one.url}" for one in (active or found)[:MAX_SHOWN_REFERENCES]]
    forms = any(one.tag == "form" for one in active)
    return [
        mixed_content.fail(
            site,
            subject,
            f"A form on {subject} sends what customers type without encryption (mixed content)"
            if forms
            else f"A part of {subject} does not work: browsers refuse what it loads without encryption (mixed content)"
            if active
            else f"Browsers call {subject} not fully secure: images are loaded without encryption (mixed content)",
            severity="high" if active else "medium",
            when="48h" if active else "can-wait",
            reason="customers cannot use the page" if active else "30 days: the page works",
            score=Score(4, 2, 3) if active else Score(2, 2, 3),
            minutes=20,
            evidence=[f"GET {subject} loads:", *shown],
            impact="Buttons do nothing, styles are missing, or others can read passwords."
            if active
            else "Visitors see a broken lock, and images that somebody else may have changed.",
            fix="Write https:// in these addresses (the servers must speak it), or use addresses without "
            "scheme and host.",
        )
    ]


# An address that holds a version stays as it is; what has none changes by intention (a payment script), and a hash
# would break the page on the day it does.
FIXED = re.compile(r"[@/._-]v?\d+\.\d+|\b[0-9a-f]{16,}\b", re.IGNORECASE)


KINDS = ("script", "link")


MAX_SHOWN_SCRIPTS = 6


@rule(
    "WEB022",
    family="web",
    topic="scripts from other servers cannot change unnoticed (SRI)",
    subjects=pages,
    after=("DNS002", "DNS003", "DNS005", "WEB010"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def foreign_scripts(site: Site, subject: str) -> Verdict:
    """Scripts from other servers are pinned by a hash (Subresource Integrity, W3C).

    Only scripts of another organisation with a version in their URL, on the page itself.
    """
    path = yield from follow(subject)
    if path.loops or path.last.trouble is not None or len(path.hops) > 1 or not is_page(path.last):
        return NOT_APPLICABLE
    loaded = [one for one in page.references(path.last.body, path.last.url) if one.tag in KINDS and not one.pinned]
    loose = dict.fromkeys(
        one.url for one in loaded if foreign(one.url, site.domain) and FIXED.search(urlsplit(one.url).path)
    )
    if not loose:
        return FINE
    return [
        foreign_scripts.fail(
            site,
            subject,
            f"A break-in at somebody else's server reaches {subject}: its scripts are loaded without a check (no SRI)",
            severity="info",
            when="can-wait",
            reason="90 days: it needs a break-in elsewhere first",
            score=Score(1, 2, 1),
            minutes=15,
            evidence=[f"GET {subject} loads, without integrity:", *list(loose)[:MAX_SHOWN_SCRIPTS]],
            impact="Nobody notices until a changed script reads what customers type.",
            fix=[
                "Serve these files yourself, or add their hash:",
                '<script src="..." integrity="sha384-..." crossorigin="anonymous"></script>',
            ],
        )
    ]


def foreign(url: str, domain: str) -> bool:
    host = urlsplit(url).hostname or ""
    return url.startswith("https://") and registered(host) != registered(domain)


MOST_FILES = 6


WEEK = 7 * 86_400


# A name that contains a hash: app.3f9a1c22.js, main-BXk29sJq.css.
HASHED = re.compile(r"[.\-_](?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{8,}\.(?:js|mjs|css|woff2?|png|jpe?g|webp|svg|avif)$")


@rule(
    "WEB012",
    family="web",
    topic="browsers keep unchanging files (caching)",
    after=("DNS002",),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def static_caching(site: Site, subject: str) -> Verdict:
    """Browsers keep files whose name changes with their content (RFC 9111, RFC 8246).

    Only files of the site itself with a hash in their name: a long lifetime is safe for them.
    """
    path = yield from follow(f"https://{site.main}/")
    if path.loops or path.last.trouble is not None or not is_page(path.last):
        return NOT_APPLICABLE
    host = urlsplit(path.last.url).hostname
    found = dict.fromkeys(one.url for one in page.references(path.last.body, path.last.url))
    own = [url for url in found if urlsplit(url).hostname == host and HASHED.search(urlsplit(url).path)]
    ops = [HttpGet(url) for url in own[:MOST_FILES]]
    yield AskAll(ops)
    loaded = [op.answer for op in ops if op.answer.known and op.answer.status == 200]
    if not loaded:
        return NOT_APPLICABLE
    short = [answer for answer in loaded if lifetime(answer) < WEEK]
    if not short:
        return FINE
    return [
        static_caching.fail(
            site,
            subject,
            "Every screen loads the same files again: browsers are not told to keep them",
            severity="low",
            when="can-wait",
            reason="30 days: pages are slower than necessary",
            score=Score(2, 3, 3),
            minutes=20,
            evidence=[
                f"GET {answer.url} → cache-control: {answer.header('cache-control') or 'none'}" for answer in short
            ],
            impact="Visitors on slow phones wait at every page, and your server does the same work again.",
            fix=[
                "Send with files that have a hash in their name:",
                "cache-control: public, max-age=31536000, immutable",
            ],
        )
    ]


def lifetime(answer: HttpAnswer) -> int:
    """How long a browser may keep the answer, in seconds."""
    directives = (answer.header("cache-control") or "").lower()
    if "no-store" in directives or "no-cache" in directives:
        return 0
    match = re.search(r"max-age=\"?(\d{1,10})", directives)
    return int(match[1]) if match else 0
