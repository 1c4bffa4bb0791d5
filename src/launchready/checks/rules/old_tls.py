"""Hosts speak no version of TLS that is broken (RFC 8996 takes 1.0 and 1.1 out of use)."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import Handshake, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.site import Site

OLD = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1", "TLS 1.0", "TLS 1.1", "TLS1.0", "TLS1.1", "1.0", "1.1")


def name(version: str) -> str:
    """``TLSv1`` as people call it: TLS 1.0."""
    number = version.lstrip("TLSv ")
    return version if version.startswith("SSL") else f"TLS {number}" if "." in number else f"TLS {number}.0"


def hosts(site: Site) -> Iterable[str]:
    return site.web


@rule(
    "TLS004",
    family="tls",
    topic="that no broken version of TLS is spoken",
    subjects=hosts,
    after=("DNS002", "DNS003", "TLS003"),
    merge=True,
)
def old_tls(site: Site, subject: str) -> Verdict:
    """Payment providers and card networks refuse sites that still do (PCI DSS)."""
    op = Handshake(subject)
    yield op
    facts = known(op.answer)
    if not facts.probed or not facts.versions:
        return NOT_APPLICABLE
    spoken = [name(version) for version in facts.versions if version in OLD]
    if not spoken:
        return FINE
    return [
        old_tls.fail(
            site,
            subject,
            f"Old encryption that can be broken is still accepted ({', '.join(spoken)})",
            severity="medium",
            when="can-wait",
            reason="30 days: it needs an attacker in the same network",
            score=Score(2, 2, 1),
            minutes=15,
            evidence=f"TLS handshake with {subject}:443 → {', '.join(facts.versions)}",
            impact="Nobody notices; the check of your payment provider fails.",
            fix="Allow TLS 1.2 and 1.3 only (nginx: ssl_protocols TLSv1.2 TLSv1.3;).",
        )
    ]
