"""Scripts from elsewhere that cannot change are held to it by a hash (Subresource Integrity, W3C)."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import follow, is_page
from launchready.checks.site import Site, registered
from launchready.web import page

# An address that holds a version stays as it is; what has none changes by intention (a payment script), and a hash
# would break the page on the day it does.
FIXED = re.compile(r"[@/._-]v?\d+\.\d+|\b[0-9a-f]{16,}\b", re.IGNORECASE)
KINDS = ("script", "link")
MOST_SHOWN = 6


def pages(site: Site) -> Iterable[str]:
    own = [f"https://{host}/" for host in site.web]
    return dict.fromkeys([*own, *([site.app] if site.app else []), *site.pages])


@rule(
    "WEB022",
    family="web",
    topic="that scripts from elsewhere stay what they are (SRI)",
    subjects=pages,
    after=("DNS002", "DNS003", "DNS005", "WEB010"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def foreign_scripts(site: Site, subject: str) -> Verdict:
    """Only files of another organisation with a version in their address, on the page itself."""
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
            f"Whoever gets into somebody else's server gets into {subject}: its scripts are taken unseen (no SRI)",
            severity="info",
            when="can-wait",
            reason="90 days: it needs a break-in elsewhere first",
            score=Score(1, 2, 1),
            minutes=15,
            evidence="\n".join([f"GET {subject} loads, without integrity:", *list(loose)[:MOST_SHOWN]]),
            impact="Nobody notices, until a changed script reads what customers type.",
            fix='Serve these files yourself, or add their hash:\n<script src="..." integrity="sha384-..." '
            'crossorigin="anonymous"></script>',
        )
    ]


def foreign(url: str, domain: str) -> bool:
    host = urlsplit(url).hostname or ""
    return url.startswith("https://") and registered(host) != registered(domain)
