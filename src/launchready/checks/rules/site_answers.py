"""Every host gives an answer that a visitor can use: no refused connection, no server error, no parking page."""

from collections.abc import Iterable

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import Get, known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.shared_queries import reach
from launchready.checks.site import Site
from launchready.net.answers import HttpAnswer

# How the pages of registrars and panels begin that stand where nobody has put a site yet.
PARKED = (
    "domain is for sale", "buy this domain", "this domain is parked", "parked free", "domain parking",
    "future home of something quite cool", "welcome to nginx!", "apache2 ubuntu default page", "it works!</h1>",
    "default web site page", "congratulations! your new domain",
)  # fmt: skip


def urls(site: Site) -> Iterable[str]:
    return [f"https://{host}" for host in site.web]


@rule(
    "WEB011",
    family="web",
    topic="that the site answers",
    subjects=urls,
    after=("DNS002", "DNS003", "DNS005", "TLS001", "TLS002", "TLS003"),
)
def site_answers(site: Site, subject: str) -> Verdict:
    """A refused connection, a failed handshake and a status of 500 or more are answers; silence is not."""
    op = Get(f"{subject}/")
    yield op
    answer = op.answer
    if answer.trouble in ("refused", "tls"):
        return [finding(site, subject, f"it does not answer over https: {answer.reason}", answer)]
    known(answer)
    if answer.status >= 500:
        return [finding(site, subject, f"the server answers with an error ({answer.status})", answer)]
    parked = next((text for text in PARKED if text in answer.body.lower()), None)
    if parked is not None:
        return [finding(site, subject, f'a parking page is shown ("{parked}")', answer)]
    host = subject.removeprefix("https://")
    if answer.status in (404, 410) and host == site.main:
        return [finding(site, subject, f"the first page is not found ({answer.status})", answer)]
    return FINE


def finding(site: Site, subject: str, what: str, answer: HttpAnswer) -> Finding:
    host = subject.removeprefix("https://")
    return site_answers.fail(
        site,
        subject,
        f"Nobody can use {host}: {what}",
        severity="critical",
        when="48h",
        reason="customers cannot reach the site",
        score=Score(4, reach(site, host), 3),
        minutes=30,
        evidence=f"GET {answer.url} → {answer.status or answer.reason}",
        impact="Every visitor sees an error, or somebody else's page, instead of the site.",
        fix=f"Start the application, and look at its log; the web server in front of it has to pass {host} on to it.",
    )
