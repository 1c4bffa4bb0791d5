"""Certificates are renewed in time, by the share of their life that is left: see ``launchready.web.certificate``."""

from collections.abc import Iterable
from datetime import UTC, datetime

from launchready.checks.finding import Score, Severity
from launchready.checks.operations import Handshake, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import reach
from launchready.checks.site import Site
from launchready.web import certificate


def hosts(site: Site) -> Iterable[str]:
    return site.web


@rule(
    "TLS001",
    family="tls",
    topic="how long the certificate is valid",
    subjects=hosts,
    after=("DNS002", "DNS003", "TLS003"),
)
def certificate_dates(site: Site, subject: str) -> Verdict:
    """Overdue below a fifth of the life; critical when it is over, or 72 hours are left of a certificate overdue."""
    op = Handshake(subject)
    yield op
    facts = known(op.answer)
    if not facts.probed or facts.not_after is None:
        return NOT_APPLICABLE
    start = facts.not_before
    left, share = certificate.left(facts.not_after if start is None else start, facts.not_after, site.now)
    overdue = share < certificate.OVERDUE if start is not None else left < certificate.LAST_HOURS
    early = start is not None and site.now < start
    if not overdue and not early:
        return FINE
    end = datetime.fromtimestamp(facts.not_after, UTC).strftime("%Y-%m-%d %H:%M UTC")
    severity: Severity = "critical" if left < certificate.LAST_HOURS or early else "high"
    if early:
        title = f"Browsers refuse to open {subject}: its certificate is not valid yet"
    elif left <= 0:
        title = f"Browsers refuse to open {subject}: its certificate has expired"
    else:
        title = f"{until(left)} nobody can open {subject} any more: its certificate expires, and was not renewed"
    return [
        certificate_dates.fail(
            site,
            subject,
            title,
            severity=severity,
            when="48h",
            reason="customers cannot reach the site" + ("" if left <= 0 or early else " on a date that is known"),
            score=Score(4, reach(site, subject), 3 if left <= 0 or early else 2),
            minutes=20,
            evidence=f"certificate of {subject}: valid until {end}"
            + ("" if start is None else f", {max(0, round(100 * share))} % of its life left"),
            impact="Every visitor at once sees a warning instead of the site; apps and webhooks stop as well.",
            fix="Renew now (certbot renew --force-renewal, or the button of your host), reload the web server, and "
            "find out why the renewal did not run by itself.",
        )
    ]


def until(seconds: float) -> str:
    days = int(seconds // certificate.DAY)
    return f"In {days} day{'s' if days != 1 else ''}" if days else f"In {int(seconds // 3600)} hours"
