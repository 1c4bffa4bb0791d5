"""Certificates are for the host that shows them (RFC 9525), and from an authority that browsers trust."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import Handshake, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import reach
from launchready.checks.site import Site
from launchready.net.answers import TlsFacts
from launchready.web import certificate


def hosts(site: Site) -> Iterable[str]:
    return site.web


@rule(
    "TLS002",
    family="tls",
    topic="whom the certificate is for",
    subjects=hosts,
    after=("DNS002", "DNS003", "TLS003"),
)
def certificate_name(site: Site, subject: str) -> Verdict:
    """A wrong name first: it explains whatever else is wrong with somebody else's certificate."""
    op = Handshake(subject)
    yield op
    facts = known(op.answer)
    if not facts.probed:
        return NOT_APPLICABLE
    trouble = problem(facts, subject)
    if not trouble:
        return FINE
    complete = facts.chain_complete is not False
    return [
        certificate_name.fail(
            site,
            subject,
            f"Browsers refuse to open {subject}: {trouble}",
            severity="critical" if complete else "high",
            when="48h",
            reason="customers cannot reach the site",
            score=Score(4, reach(site, subject), 3),
            minutes=30,
            evidence=f"certificate of {subject}: for {', '.join(facts.names) or 'no name'}; issued by "
            f"{facts.issuer or 'unknown'}" + (f"; {facts.reason}" if facts.reason else ""),
            impact="Every visitor sees a warning instead of the site; apps and webhooks do not connect at all.",
            fix=f"Have a certificate issued for {subject} (certbot -d {subject}, or add the domain at your host)."
            if complete
            else "Let the web server send the whole chain: with certbot use fullchain.pem, not cert.pem.",
        )
    ]


def problem(facts: TlsFacts, host: str) -> str:
    """What a browser would object to, dates aside."""
    if facts.names and not certificate.covers(facts.names, host):
        return f"its certificate is for {facts.names[0]}, not for this name"
    if facts.self_signed:
        return "its certificate was signed by itself, not by an authority (self-signed)"
    if facts.chain_complete is False:
        return "the chain from its certificate to a known authority is not complete (a missing intermediate)"
    if facts.trusted is False:
        return "its certificate comes from an authority that browsers do not know"
    return ""
