"""The list of senders holds nothing that is ignored, slow, or asks for what is not there."""

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import spf_records
from launchready.checks.site import Site
from launchready.checks.spf_tree import Tree, walk


@rule(
    "MAIL011",
    family="mail",
    topic="that the list of senders (SPF) is tidy",
    after=("MAIL002", "MAIL003", "MAIL004", "MAIL008"),
)
def spf_untidy(site: Site, subject: str) -> Verdict:
    """RFC 7208: ``ptr`` should not be published (5.5), ``redirect`` beside ``all`` is ignored (6.1), of lookups that
    bring nothing the third is an error (4.6.4).
    """
    found = yield from spf_records(subject)
    if len(found) != 1:
        return NOT_APPLICABLE
    tree = yield from walk(subject, found[0])
    notes = remarks(tree)
    if not notes:
        if tree.unknown:
            raise tree.unknown
        return FINE
    return [
        spf_untidy.fail(
            site,
            subject,
            f"The list of senders (SPF) works, but holds what helps nobody: {'; '.join(notes)}",
            severity="low",
            when="can-wait",
            reason="90 days: it works today",
            score=Score(1, 1, 1),
            minutes=10,
            evidence="\n".join([f'TXT {subject} → "{found[0]}"', *notes]),
            impact="Nobody notices today; each of these makes the next mistake more likely.",
            fix=f"Take these terms out of the SPF record of {subject}.",
        )
    ]


def remarks(tree: Tree) -> list[str]:
    record = tree.nodes[0].record
    notes = [f"{term.text} is slow and advised against" for term in record.terms if term.name == "ptr"]
    if record.redirect and record.all is not None:
        notes.append(f"redirect={record.redirect} is ignored beside all")
    notes += [f"{void} asks for what does not exist (void lookup)" for void in tree.voids]
    names = [term.name for term in record.terms]
    behind = record.terms[names.index("all") + 1 :] if "all" in names else ()
    return notes + [f"{term.text} stands behind all, and is never reached" for term in behind]
