"""Exactly one list of senders: with two, receivers use none (RFC 7208 section 4.5)."""

from collections.abc import Sequence

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import sends_mail, spf_records
from launchready.checks.site import Site
from launchready.mail import spf


@rule("MAIL003", family="mail", topic="that one list of senders (SPF) is published, not several", after=("MAIL002",))
def spf_two(site: Site, subject: str) -> Verdict:
    """More than one record is a permerror: mail is treated as if there were none, or worse."""
    found = yield from spf_records(subject)
    if len(found) < 2:
        return FINE if found else NOT_APPLICABLE
    sends = yield from sends_mail(site)
    return [
        spf_two.fail(
            site,
            subject,
            f"Your mail lands in spam: {subject} publishes {'two' if len(found) == 2 else len(found)} SPF records "
            "(lists of who may send its mail), and receivers accept only one",
            severity="high" if sends is False else "critical",
            when="48h",
            reason="mail the product depends on is refused or binned",
            score=Score(3, 3, 3),
            minutes=15,
            evidence="\n".join(f'TXT {subject} → "{record}"' for record in found),
            impact="Confirmations and password mails fail the check of every receiver.",
            fix=f'Delete them all, and publish one:\n{subject}.  300  IN  TXT  "{merged(found)}"',
        )
    ]


def merged(found: Sequence[str]) -> str:
    """One record that lets through whoever one of them let through; the softer ending, so that nothing is lost."""
    read = [spf.parse(record) for record in found]
    terms = dict.fromkeys(term.text for record in read for term in record.terms if term.name != "all")
    redirects = dict.fromkeys(f"include:{record.redirect}" for record in read if record.redirect and record.all is None)
    endings = {record.all for record in read if record.all in ("-", "~")}
    return " ".join(["v=spf1", *terms, *redirects, "-all" if endings == {"-"} else "~all"])
