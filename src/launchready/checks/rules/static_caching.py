"""Files whose name changes with their content are kept by browsers (RFC 9111, RFC 8246)."""

import re
from urllib.parse import urlsplit

from launchready.checks.finding import Score
from launchready.checks.operations import Get, Together
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import follow, is_page
from launchready.checks.site import Site
from launchready.net.answers import HttpAnswer
from launchready.web import page

MOST_FILES = 6
WEEK = 7 * 86_400
# A name with a hash in it: app.3f9a1c22.js, main-BXk29sJq.css.
HASHED = re.compile(r"[.\-_](?=[A-Za-z0-9_-]*\d)[A-Za-z0-9_-]{8,}\.(?:js|mjs|css|woff2?|png|jpe?g|webp|svg|avif)$")


@rule(
    "WEB012",
    family="web",
    topic="that unchanging files are kept by browsers (caching)",
    after=("DNS002",),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def static_caching(site: Site, subject: str) -> Verdict:
    """Only files of the site itself, and only those that cannot change: for them a long time is safe."""
    path = yield from follow(f"https://{site.main}/")
    if path.loops or path.last.trouble is not None or not is_page(path.last):
        return NOT_APPLICABLE
    host = urlsplit(path.last.url).hostname
    found = dict.fromkeys(one.url for one in page.references(path.last.body, path.last.url))
    own = [url for url in found if urlsplit(url).hostname == host and HASHED.search(urlsplit(url).path)]
    ops = [Get(url) for url in own[:MOST_FILES]]
    yield Together(ops)
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
            reason="30 days: pages are slower than they need be",
            score=Score(2, 3, 3),
            minutes=20,
            evidence="\n".join(
                f"GET {answer.url} → cache-control: {answer.header('cache-control') or 'none'}" for answer in short
            ),
            impact="Visitors on slow phones wait at every page, and your server does the same work again.",
            fix="Send with files whose name holds a hash:\ncache-control: public, max-age=31536000, immutable",
        )
    ]


def lifetime(answer: HttpAnswer) -> int:
    """Seconds for which a browser keeps it."""
    directives = (answer.header("cache-control") or "").lower()
    if "no-store" in directives or "no-cache" in directives:
        return 0
    match = re.search(r"max-age=\"?(\d{1,10})", directives)
    return int(match[1]) if match else 0
