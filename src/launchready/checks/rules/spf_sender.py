"""Mail from your own addresses passes: SPF evaluated for each, as a receiver does it (RFC 7208 section 4)."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import Undetermined
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import evaluated, spf_records
from launchready.checks.site import Site


def addresses(site: Site) -> Iterable[str]:
    return site.senders


@rule("MAIL025", family="mail", topic="that mail from your own server passes (SPF)", subjects=addresses)
def spf_sender(site: Site, subject: str) -> Verdict:
    """Only "pass" counts: "softfail" and "neutral" leave it to the receiver. What is wrong with the record as a whole
    is said once, elsewhere.
    """
    found = yield from spf_records(site.domain)
    result = yield from evaluated(subject, site.domain)
    if result.result == "temperror":
        raise Undetermined(f"SPF of {site.domain} for {subject}", result.reason)
    if result.result in ("permerror", "none"):
        return NOT_APPLICABLE
    if result.result == "pass":
        return FINE
    kept = found[0].partition(" ")[2]
    kind = "ip6" if ":" in subject else "ip4"
    return [
        spf_sender.fail(
            site,
            subject,
            f"Mail from your own server {subject} lands in spam: the list of senders (SPF) does not name it",
            severity="high",
            when="48h",
            reason="mail the product depends on is refused or binned",
            score=Score(3, 2, 3),
            minutes=10,
            evidence=f'TXT {site.domain} → "{found[0]}"\ncheck_host({subject}) → {result.result}, by {result.reason}',
            impact="Confirmations and password mails that this server sends fail the check of every receiver.",
            fix=f'{site.domain}.  300  IN  TXT  "v=spf1 {kind}:{subject} {kept}"',
        )
    ]
