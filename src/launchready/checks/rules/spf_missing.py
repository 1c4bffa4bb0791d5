"""The domain says which servers send its mail (RFC 7208); Gmail, Yahoo and Outlook.com refuse bulk mail without."""

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import Txt, known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.shared_queries import mail_servers, sender_include, sends_mail, spf_records
from launchready.checks.site import Site
from launchready.exchange.operations import Flow


@rule("MAIL002", family="mail", topic="the list of servers that may send mail (SPF)", after=("DNS014",))
def spf_missing(site: Site, subject: str) -> Verdict:
    """RFC 7208 section 4.5: no record is the result "none": receivers have nothing to go by."""
    found = yield from spf_records(subject)
    if found:
        return FINE
    sends = yield from sends_mail(site)
    return [(yield from finding(site, subject, sends=sends))]


def finding(site: Site, subject: str, *, sends: bool | None) -> Flow[Finding]:
    texts = Txt(subject)
    yield texts
    nearly = [text for text in known(texts.answer).records if "spf1" in text.lower()]
    if sends is False:
        record, title = (
            "v=spf1 -all",
            f"Strangers can write in the name of {subject}: it does not say that it sends no mail",
        )
    else:
        servers = yield from mail_servers(subject)
        record = f"v=spf1 include:{sender_include(servers)} ~all"
        title = f"Your mail lands in spam or is refused: {subject} does not say who may send its mail (no SPF record)"
    return spf_missing.fail(
        site,
        subject,
        title,
        severity="high" if sends else "low" if sends is False else "medium",
        when="48h" if sends else "can-wait",
        reason="mail the product depends on is refused or binned" if sends else "30 days: no mail is known to be sent",
        score=Score(3, 3, 3) if sends else Score(1, 2, 1),
        minutes=15,
        evidence="\n".join([f"TXT {subject} → no text that starts with v=spf1 and a space", *nearly]),
        impact="Confirmations and password mails do not arrive, and anybody can send mail that looks like yours.",
        fix=f'{subject}.  300  IN  TXT  "{record}"',
    )
