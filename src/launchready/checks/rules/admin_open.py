"""The back office asks who is there before it shows anything."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import follow, is_page
from launchready.checks.site import Site

LABELS = frozenset({"admin", "backoffice", "internal", "phpmyadmin", "adminer", "grafana"})
LOGIN = ("password", "log in", "login", "sign in", "signin", "sso", "oauth", "anmelden")


def offices(site: Site) -> Iterable[str]:
    return [host for host in site.hosts if host.partition(".")[0] in LABELS]


@rule(
    "WEB019",
    family="web",
    topic="that the back office is not open to strangers",
    subjects=offices,
    after=("DNS003", "DNS005", "WEB001", "WEB011"),
    blocked_by=("TLS001", "TLS002", "TLS003"),
)
def admin_open(site: Site, subject: str) -> Verdict:
    """By the first page, asked without a session. A page that only starts a script may show its login later, so
    nothing is said of it; name a route behind the login as protected to be sure.
    """
    path = yield from follow(f"https://{subject}/")
    if path.loops:
        return NOT_APPLICABLE
    answer = known(path.last)
    shown = f"{answer.url} {answer.body}".lower()
    if not 200 <= answer.status < 300 or any(word in shown for word in LOGIN):
        return FINE
    if is_page(answer) and "<script" in shown:
        return NOT_APPLICABLE
    return [
        admin_open.fail(
            site,
            subject,
            f"Strangers may get into your back office: {subject} answers everybody, and no login is seen",
            severity="medium",
            when="can-wait",
            reason="30 days: look at it today; from outside it is not seen what stands behind the page",
            score=Score(5, 2, 1),
            minutes=30,
            evidence=f"{path.evidence}, without a login",
            impact="Whoever guesses the address may see or change what only you may.",
            fix="Ask for a login before anything is shown, or let the web server or content network admit your own "
            f"addresses only. Then check it for good: --protected https://{subject}/<a page behind the login>",
        )
    ]
