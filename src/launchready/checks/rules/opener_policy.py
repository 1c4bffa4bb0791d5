"""A page with a login cannot be steered by the window that opened it (COOP), nor loaded into a foreign page (CORP)."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import follow, is_page
from launchready.checks.site import Site

VALUES = {
    "cross-origin-opener-policy": "cross-origin-opener-policy: same-origin-allow-popups",
    "cross-origin-resource-policy": "cross-origin-resource-policy: same-origin",
}


def pages(site: Site) -> Iterable[str]:
    own = [f"https://{host}/" for host in site.web]
    return dict.fromkeys([*own, *([site.app] if site.app else []), *site.pages])


@rule(
    "WEB023",
    family="web",
    topic="that a login stands alone in its window (COOP, CORP)",
    subjects=pages,
    after=("DNS002", "DNS003", "DNS005", "WEB009"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
    merge=True,
)
def opener_policy(site: Site, subject: str) -> Verdict:
    """HTML standard, cross-origin opener policies; Fetch section 3.7. Asked of pages with a password field only."""
    path = yield from follow(subject)
    answer = path.last
    if path.loops or answer.trouble is not None or len(path.hops) > 1 or not is_page(answer):
        return NOT_APPLICABLE
    if 'type="password"' not in answer.body.replace("'", '"').lower():
        return NOT_APPLICABLE
    gone = [name for name in VALUES if not answer.header(name)]
    if not gone:
        return FINE
    return [
        opener_policy.fail(
            site,
            subject,
            f"A page that opened your login can steer its window: headers are missing ({', '.join(gone)})",
            severity="info",
            when="can-wait",
            reason="90 days: it needs a foreign page that a customer trusts",
            score=Score(1, 1, 1),
            minutes=10,
            evidence=f"GET {subject} → {answer.status}, without {', '.join(gone)}",
            impact="Nobody notices; a foreign page may replace your login by a copy behind the customer's back.",
            fix="\n".join(["Send with the page:", *(VALUES[name] for name in gone)]),
        )
    ]
