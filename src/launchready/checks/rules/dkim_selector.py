"""The keys that your mail is signed with are published and can be used (RFC 6376, RFC 8301, RFC 8463).

Selectors cannot be listed from outside, so only those that were named are checked.
"""

from collections.abc import Iterable

from launchready.checks.finding import Finding, Score
from launchready.checks.ops import Txt, known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site
from launchready.mail.dkim import DKIMKey, parse_key
from launchready.net.answers import DnsAnswer


def keys(site: Site) -> Iterable[str]:
    return [f"{selector}._domainkey.{site.domain}" for selector in site.dkim_selectors]


@rule("MAIL007", family="mail", topic="the key that your mail is signed with (DKIM)", subjects=keys)
def dkim_selector(site: Site, subject: str) -> Verdict:
    """RFC 6376 section 3.6.1: an empty ``p=`` is a revoked key. RFC 8301: less than 1024 bits must not verify."""
    op = Txt(subject)
    yield op
    key = parse_key(known(op.answer).records)
    if key.status == "ok":
        return FINE
    return [weak(site, subject, key) if key.status == "weak" else unusable(site, subject, key, op.answer)]


def unusable(site: Site, subject: str, key: DKIMKey, answer: DnsAnswer) -> Finding:
    selector = subject.partition("._domainkey.")[0]
    what = {
        "missing": "its key is not published",
        "revoked": "its key was revoked",
        "unusable": f"its key cannot be used: {'; '.join(key.problems)}",
    }[key.status]
    target = f" CNAME {answer.chain[-1]};" if answer.chain else ""
    seen = f'"{key.record}"' if key.record else "no key record" + (" (NXDOMAIN)" if answer.status == "nxdomain" else "")
    sends = site.sends_mail is not False
    return dkim_selector.fail(
        site,
        subject,
        f"Mail signed with {selector} lands in spam: {what} (DKIM, the proof that a mail is yours)",
        severity="high" if sends else "low",
        when="48h" if sends else "can-wait",
        reason="mail the product depends on is refused or binned" if sends else "90 days: no mail is sent",
        score=Score(3, 2, 3) if sends else Score(1, 1, 1),
        minutes=20,
        evidence=f"TXT {subject} →{target} {seen}",
        impact="Receivers cannot tell your mail from a forgery; with a strict policy they refuse it.",
        fix=f'In the settings of the service that signs with "{selector}", show the DKIM record, and publish it '
        f'unchanged at\n{subject}.  300  IN  TXT  "v=DKIM1; k=rsa; p=<the key that it shows>"',
    )


def weak(site: Site, subject: str, key: DKIMKey) -> Finding:
    selector = subject.partition("._domainkey.")[0]
    return dkim_selector.fail(
        site,
        subject,
        f"The key that mail is signed with ({selector}, DKIM) works, but is not as advised: {'; '.join(key.problems)}",
        severity="low",
        when="can-wait",
        reason="90 days: it works today",
        score=Score(1, 2, 1),
        minutes=30,
        evidence=f'TXT {subject} → "{key.record}"',
        impact="Nobody notices today. Receivers raise their demands from time to time.",
        fix=f'In the settings of the service that signs with "{selector}", make a new key of 2048 bits and publish it.',
    )
