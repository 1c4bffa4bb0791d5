"""The list of senders says what happens with everybody else: it ends in ``~all`` or ``-all``."""

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import spf_records
from launchready.checks.site import Site
from launchready.checks.spf_tree import Node, walk
from launchready.mail.spf import SPFRecord


@rule(
    "MAIL010",
    family="mail",
    topic="what the list of senders (SPF) says about everybody else",
    after=("MAIL002", "MAIL003", "MAIL004", "MAIL008"),
)
def spf_open_end(site: Site, subject: str) -> Verdict:
    """RFC 7208 section 4.7: without ``all`` the result is "neutral", as with ``?all``: the same as no record."""
    found = yield from spf_records(subject)
    if len(found) != 1:
        return NOT_APPLICABLE
    tree = yield from walk(subject, found[0])
    last = ending(tree.nodes)
    if last is None:
        if tree.unknown:
            raise tree.unknown
        return NOT_APPLICABLE
    if last.all in ("-", "~", "+"):
        return FINE
    kept = [term.text for term in last.terms if term.name != "all"]
    what = "has no end (all is missing)" if last.all is None else "ends in ?all, which says nothing"
    return [
        spf_open_end.fail(
            site,
            subject,
            f"Mail forged in your name is not held back: the list of senders (SPF) {what}",
            severity="medium",
            when="can-wait",
            reason="30 days: your own mail arrives",
            score=Score(1, 3, 1),
            minutes=10,
            evidence=f'TXT {subject} → "{last.record}"',
            impact="Receivers treat forged mail as if you had published nothing.",
            fix=f'{subject}.  300  IN  TXT  "{" ".join(["v=spf1", *kept, "~all"])}"',
        )
    ]


def ending(nodes: list[Node]) -> SPFRecord | None:
    """The record that has the last word: redirects are followed to their end; None when that is not known."""
    node = nodes[0]
    while node.record.redirect and node.record.all is None:
        target = node.record.redirect.rstrip(".").lower()
        below = next((one for one in nodes if one.path == (*node.path, target)), None)
        if below is None:
            return None
        node = below
    return node.record
