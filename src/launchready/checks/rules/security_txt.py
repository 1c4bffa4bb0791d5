"""Whoever finds a hole knows whom to tell (security.txt, RFC 9116)."""

from launchready.checks.finding import Score
from launchready.checks.operations import Get
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.site import Site


@rule(
    "WEB016",
    family="web",
    topic="that finders of holes know whom to tell (security.txt)",
    after=("DNS002",),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def security_txt(site: Site, subject: str) -> Verdict:
    """Section 2.5.3: a line ``Contact:`` is what makes it one."""
    op = Get(f"https://{site.main}/.well-known/security.txt")
    yield op
    if not op.answer.known or op.answer.status not in (200, 404, 410):
        return NOT_APPLICABLE
    if op.answer.status == 200 and "contact:" in op.answer.body.lower():
        return FINE
    return [
        security_txt.fail(
            site,
            subject,
            "Whoever finds a security hole does not know whom to tell (no security.txt)",
            severity="info",
            when="can-wait",
            reason="90 days: it only helps",
            score=Score(1, 1, 1),
            minutes=10,
            evidence=f"GET {op.url} → {op.answer.status}",
            impact="Well-meaning people give up, or write to a form that nobody reads.",
            fix=f"Answer {op.url} with:\nContact: mailto:security@{subject}\nExpires: <a date within a year, as in "
            "2027-06-30T00:00:00Z>",
        )
    ]
