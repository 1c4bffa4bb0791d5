"""A host that has an IPv6 address answers there as it does over IPv4."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import Get, Query, Together
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.site import Site
from launchready.net.addresses import is_public


def hosts(site: Site) -> Iterable[str]:
    return site.web


@rule(
    "WEB024",
    family="web",
    topic="that the site answers over IPv6",
    subjects=hosts,
    after=("DNS002", "DNS003", "DNS005", "WEB011", "TLS001", "TLS002", "TLS003"),
    merge=True,
)
def over_ipv6(site: Site, subject: str) -> Verdict:
    """RFC 8305 lets browsers fall back to IPv4; a phone in a network with nothing but IPv6 cannot, because its network
    translates only for names without an IPv6 address (RFC 6147). Many networks have no IPv6, so silence says nothing.
    """
    four, six = Query(subject, "A"), Query(subject, "AAAA")
    yield Together([four, six])
    address = next((one for one in six.answer.records if is_public(one)), None)
    if address is None or not four.answer.records:
        return NOT_APPLICABLE
    plain, other = Get(f"https://{subject}/"), Get(f"https://{subject}/", address=address)
    yield Together([plain, other])
    if not plain.answer.known or other.answer.trouble not in (None, "refused", "tls"):
        return NOT_APPLICABLE
    if other.answer.known and (other.answer.status < 500 or plain.answer.status >= 500):
        return FINE
    seen = other.answer.status or other.answer.reason
    return [
        over_ipv6.fail(
            site,
            subject,
            "Phones in networks with nothing but IPv6 cannot open the site: it does not answer at its IPv6 address",
            severity="medium",
            when="can-wait",
            reason="30 days: most visitors fall back to IPv4",
            score=Score(4, 1, 2),
            minutes=20,
            evidence=f"GET https://{subject}/ at {address} → {seen}; over IPv4 → {plain.answer.status}",
            impact="Some visitors wait, a few see an error; nobody else can reproduce it.",
            fix="Let the web server listen on IPv6 as well (nginx: listen [::]:443 ssl;), or delete the AAAA record of "
            f"{subject} until it does.",
        )
    ]
