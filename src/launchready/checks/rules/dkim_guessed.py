"""Where no selector was named: whether a key stands at one of the names that the usual services use."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import Together, Txt, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import sends_mail
from launchready.checks.site import Site
from launchready.mail.dkim import parse_key

GUESSES = (
    "google", "selector1", "selector2", "s1", "s2", "k1", "k2", "k3", "pm", "mail", "default", "zoho", "resend",
    "mte1", "mte2", "dkim", "fm1", "fm2", "sig1", "protonmail", "mandrill", "smtp", "mxvault", "key1",
)  # fmt: skip


def where_nobody_said(site: Site) -> Iterable[str]:
    return () if site.dkim_selectors or site.sends_mail is False else (site.domain,)


@rule("MAIL017", family="mail", topic="that your mail is signed (DKIM)", subjects=where_nobody_said)
def dkim_guessed(site: Site, subject: str) -> Verdict:
    """Selectors cannot be listed from outside, so finding none proves nothing: it is a question to the owner."""
    if (yield from sends_mail(site)) is False:
        return NOT_APPLICABLE
    ops = [Txt(f"{guess}._domainkey.{subject}") for guess in GUESSES]
    yield Together(ops)
    if any(parse_key(op.answer.records).status in ("ok", "weak") for op in ops):
        return FINE
    for op in ops:
        known(op.answer)
    return [
        dkim_guessed.fail(
            site,
            subject,
            "Whether your mail is signed cannot be seen from outside (DKIM): no key at the usual names",
            severity="info",
            when="can-wait",
            reason="it proves nothing: name the selector that you sign with",
            score=Score(1, 1, 1),
            minutes=10,
            evidence=f"TXT <{', '.join(GUESSES)}>._domainkey.{subject} → no key",
            impact="Without a signature Gmail, Yahoo and Outlook.com put mail into spam, or refuse it.",
            fix="Look into a mail of yours at a receiver for DKIM-Signature: ... s=NAME, and check again with "
            f"--dkim-selectors NAME. If there is none, switch DKIM on at the service you send {subject} with.",
        )
    ]
