"""Every host speaks https at all. Since October 2026 browsers warn before any public page without it."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import Handshake, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import reach
from launchready.checks.site import Site


def hosts(site: Site) -> Iterable[str]:
    return site.web


@rule("TLS003", family="tls", topic="that the host speaks https", subjects=hosts, after=("DNS002", "DNS003"))
def https_answers(site: Site, subject: str) -> Verdict:
    """A refused connection and a failed handshake are answers; silence is not."""
    op = Handshake(subject)
    yield op
    facts = op.answer
    if not facts.probed:
        return NOT_APPLICABLE
    if facts.trouble not in ("refused", "tls"):
        known(facts)
        return FINE
    return [
        https_answers.fail(
            site,
            subject,
            f"Nobody can open {subject} safely: it does not answer over https",
            severity="critical",
            when="48h",
            reason="customers cannot reach the site",
            score=Score(4, reach(site, subject), 3),
            minutes=30,
            evidence=f"{facts.question} → {facts.reason}",
            impact="Browsers show an error or a warning instead of the site.",
            fix=f"Switch https on for {subject} at your host (or: certbot -d {subject}), and open port 443.",
        )
    ]
