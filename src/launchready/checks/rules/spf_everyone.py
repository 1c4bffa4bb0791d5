"""The list of senders does not end in "everybody" (``+all``), not in what it includes either."""

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import spf_records
from launchready.checks.site import Site
from launchready.checks.spf_tree import walk


@rule(
    "MAIL004", family="mail", topic="that strangers may not send mail in your name (SPF)", after=("MAIL002", "MAIL003")
)
def spf_everyone(site: Site, subject: str) -> Verdict:
    """RFC 7208 section 5.1: ``+all``, or ``all`` alone, is a pass for every server of the world."""
    found = yield from spf_records(subject)
    if len(found) != 1:
        return NOT_APPLICABLE
    tree = yield from walk(subject, found[0])
    if not tree.everyone:
        if tree.unknown:
            raise tree.unknown
        return FINE
    where = tree.everyone[-1]
    record = next(node.record for node in tree.nodes if node.path == tree.everyone)
    kept = [term.text for term in record.terms if term.name != "all" and term.network not in ("0.0.0.0/0", "::/0")]
    fix = f'{subject}.  300  IN  TXT  "{" ".join(["v=spf1", *kept, "~all"])}"'
    if where != subject:
        fix = f"Remove include:{tree.everyone[1]} from the SPF record of {subject}; it lets everybody through."
    return [
        spf_everyone.fail(
            site,
            subject,
            f"Anybody can send mail as {subject}, and it passes as real: the list of senders (SPF) allows everyone",
            severity="critical",
            when="48h",
            reason="a stranger can send in your name",
            score=Score(4, 3, 3),
            minutes=10,
            evidence=f'TXT {where} → "{record.record}"'
            + (f" (by {' → '.join(tree.everyone)})" if where != subject else ""),
            impact="Forged invoices and password mails reach your customers as if they came from you.",
            fix=fix,
        )
    ]
