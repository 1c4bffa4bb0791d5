"""Receivers are told what to do with forged mail (RFC 9989)."""

from launchready.checks.facts import dmarc_policy, sends_mail
from launchready.checks.finding import Score
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site


@rule("MAIL005", family="mail", topic="the policy for forged mail (DMARC)")
def dmarc_missing(site: Site, subject: str) -> Verdict:
    """No record, two of them, or one that no receiver reads: all three are the same to a receiver."""
    policy = yield from dmarc_policy(subject)
    if policy.source:
        return FINE
    sends = yield from sends_mail(site)
    record = f"v=DMARC1; p=none; rua=mailto:dmarc@{subject}" if sends is not False else "v=DMARC1; p=reject"
    wrong = list(policy.found.problems)
    what = (
        "its record about forged mail (DMARC) counts for nothing"
        if wrong
        else "it says nothing about forged mail (no DMARC record)"
    )
    title = f"Gmail and Outlook may refuse your mail, and anybody can write in the name of {subject}: {what}"
    evidence = [f'TXT _dmarc.{subject} → "{text}"' for text in policy.found.records]
    if not evidence and not wrong:
        evidence = [f"TXT _dmarc.{subject} → no record, and none at a parent"]
    fix = f'_dmarc.{subject}.  300  IN  TXT  "{record}"'
    return [
        dmarc_missing.fail(
            site,
            subject,
            title,
            severity="high" if sends else "low" if sends is False else "medium",
            when="48h" if sends else "can-wait",
            reason="mail the product depends on is refused or binned"
            if sends
            else "30 days: no mail is known to be sent",
            score=Score(3, 3, 3) if sends else Score(1, 2, 1),
            minutes=15,
            evidence="\n".join([*evidence, *wrong]),
            impact="Since 2024 large mailbox providers ask for this record from everybody who sends much mail.",
            fix=f"Replace what is there by one record:\n{fix}" if wrong else fix,
        )
    ]
