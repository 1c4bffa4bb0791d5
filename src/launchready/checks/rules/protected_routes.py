"""What is for customers who are logged in is refused to everybody else."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import Fetch, Together, known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.shared_queries import is_page
from launchready.checks.site import Site
from launchready.net.answers import HttpAnswer


def routes(site: Site) -> Iterable[str]:
    return site.protected


@rule(
    "WEB014",
    family="web",
    topic="that strangers are refused",
    subjects=routes,
    after=("DNS002", "DNS003"),
    blocked_by=("TLS001", "TLS002", "TLS003"),
)
def protected_routes(site: Site, subject: str) -> Verdict:
    """Asked without a session, once plainly and once from a foreign origin: 401, 403, 404, or a redirect to the login.
    A page with a form for a password is a login as well.
    """
    method, url = split(subject)
    foreign = site.cors_probe_origin or "https://launchready-probe.invalid"
    ops = [Fetch(method, url), Fetch(method, url, [("origin", foreign)])]
    yield Together(ops)
    known(ops[0].answer)
    given = [op for op in ops if op.answer.known and answered(op.answer)]
    if not given:
        known(ops[1].answer)
        return FINE
    answer = given[0].answer
    return [
        protected_routes.fail(
            site,
            subject,
            f"Strangers can read what is for customers only: {url} answers without a login",
            severity="critical",
            when="48h",
            reason="a stranger can read customer data",
            score=Score(5, 2, 3),
            minutes=30,
            evidence=f"{method} {url} without a session → {answer.status}",
            impact="Anybody who knows the address sees, or does, what only a customer may.",
            fix="Let this route ask for a login first, and answer 401 without one.",
        )
    ]


def answered(answer: HttpAnswer) -> bool:
    """Whether something was given away."""
    login = is_page(answer) and 'type="password"' in answer.body.replace("'", '"').lower()
    return 200 <= answer.status < 300 and not login


def split(route: str) -> tuple[str, str]:
    """``GET https://...``, or the URL alone."""
    method, space, url = route.partition(" ")
    return (method.upper(), url) if space else ("GET", route)
