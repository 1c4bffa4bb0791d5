"""Pages load nothing, and send nothing, without encryption (Mixed Content, W3C)."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import follow, is_page
from launchready.checks.site import Site
from launchready.web import page

MOST_SHOWN = 8


def pages(site: Site) -> Iterable[str]:
    own = [f"https://{host}/" for host in site.web]
    return dict.fromkeys([*own, *([site.app] if site.app else []), *site.pages])


@rule(
    "WEB010",
    family="web",
    topic="that pages load nothing without encryption (mixed content)",
    subjects=pages,
    after=("DNS002", "DNS003", "DNS005"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def mixed_content(site: Site, subject: str) -> Verdict:
    """Scripts, styles and frames are refused by browsers, so the page is broken; a form sends in the open; images are
    loaded with a warning.
    """
    path = yield from follow(subject)
    if path.loops or path.last.trouble is not None or len(path.hops) > 1 or not is_page(path.last):
        return NOT_APPLICABLE
    found = list(page.mixed(path.last.body, path.last.url))
    if not found:
        return FINE
    active = [one for one in found if one.active]
    shown = [f"<{one.tag}> {one.url}" for one in (active or found)[:MOST_SHOWN]]
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
            evidence="\n".join([f"GET {subject} loads:", *shown]),
            impact="Buttons without effect, missing styles, or passwords that others can read."
            if active
            else "Visitors see a broken lock, and images that somebody else may have changed.",
            fix="Write https:// in these addresses (the servers have to speak it), or leave scheme and host away.",
        )
    ]
