"""Receivers are told what to do with forged mail (RFC 9989)."""

from launchready.checks.finding import Score
from launchready.checks.operations import Together, Txt
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.shared_queries import dmarc_policy, sends_mail
from launchready.checks.site import Site
from launchready.exchange.operations import Flow
from launchready.mail.dmarc import POLICIES, is_record


@rule("MAIL005", family="mail", topic="the policy for forged mail (DMARC)")
def dmarc_missing(site: Site, subject: str) -> Verdict:
    """No record, two of them, or one that no receiver reads: all three are the same to a receiver. A policy with a slip
    in it acts as p=none at best, and older receivers drop the record (RFC 9989 section 4.7).
    """
    policy = yield from dmarc_policy(subject)
    slip = policy.source == subject and policy.found.tags.get("p", "none").lower() not in POLICIES
    if policy.source and not slip:
        return FINE
    astray = "" if slip else (yield from misplaced(subject))
    sends = yield from sends_mail(site)
    record = f"v=DMARC1; p=none; rua=mailto:dmarc@{subject}" if sends is not False else "v=DMARC1; p=reject"
    wrong = list(policy.found.problems)
    what = (
        "its record about forged mail (DMARC) counts for nothing"
        if wrong
        else "it says nothing about forged mail (no DMARC record)"
    )
    if astray:
        what = f"its record about forged mail (DMARC) is misplaced: it stands at {astray}, where nobody looks"
    title = f"Gmail and Outlook may refuse your mail, and anybody can write in the name of {subject}: {what}"
    evidence = [f'TXT _dmarc.{subject} → "{text}"' for text in policy.found.records]
    if astray:
        evidence.append(f"TXT {astray} → a DMARC record, which belongs to _dmarc.{subject}")
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
            fix=f"Replace what is there by one record:\n{fix}" if wrong or astray else fix,
        )
    ]


def misplaced(domain: str) -> Flow[str]:
    """Where people put it by mistake: at the domain itself, without the underscore, or with the domain twice."""
    ops = [Txt(name) for name in (domain, f"dmarc.{domain}", f"_dmarc.{domain}.{domain}", f"_dmarc.www.{domain}")]
    yield Together(ops)
    for op in ops:
        # A wildcard that answers for every name is no record that somebody put there.
        if any(is_record(text) for text in op.answer.records):
            return op.name
    return ""
