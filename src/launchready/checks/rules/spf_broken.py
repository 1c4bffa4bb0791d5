"""The list of senders can be evaluated: no error in it or in what it includes, and no more than ten questions."""

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import sends_mail, spf_records
from launchready.checks.site import Site
from launchready.checks.spf_tree import walk
from launchready.mail.spf import MOST_LOOKUPS


@rule(
    "MAIL008",
    family="mail",
    topic="that the list of senders (SPF) can be read",
    after=("MAIL002", "MAIL003", "MAIL004"),
)
def spf_broken(site: Site, subject: str) -> Verdict:
    """RFC 7208 sections 4.6 and 4.6.4. Static: a receiver may match before it comes to what is broken."""
    found = yield from spf_records(subject)
    if len(found) != 1:
        return NOT_APPLICABLE
    tree = yield from walk(subject, found[0])
    reasons = tree.reasons
    if not reasons:
        if tree.unknown:
            raise tree.unknown
        return FINE
    sends = yield from sends_mail(site)
    fix = f"Correct what is named above in the TXT record of {subject} (or in the record that it includes)."
    if tree.lookups > MOST_LOOKUPS:
        fix = "Remove the include: of every service that you do not send with any more. " + fix
    return [
        spf_broken.fail(
            site,
            subject,
            f"Your mail lands in spam: receivers cannot evaluate who may send for {subject} (SPF): {reasons[-1]}",
            severity="high" if sends is False else "critical",
            when="48h",
            reason="mail the product depends on is refused or binned",
            score=Score(3, 3, 3),
            minutes=20,
            evidence="\n".join([f'TXT {subject} → "{found[0]}"', *reasons]),
            impact="Confirmations and password mails fail the check of receivers.",
            fix=fix,
        )
    ]
