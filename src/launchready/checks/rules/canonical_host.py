"""Visitors end on one address, whichever of the four they type: with www or without, http or https."""

from urllib.parse import urlsplit

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import Each
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import Path, addresses, follow
from launchready.checks.site import Site


@rule(
    "WEB004",
    family="web",
    topic="that www and the plain address are one site",
    after=("DNS002",),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB001", "WEB011"),
)
def canonical_host(site: Site, subject: str) -> Verdict:
    """RFC 6265: a login belongs to one host, so a visitor who is logged in at one is a stranger at the other."""
    if not site.expects_www:
        return NOT_APPLICABLE
    www = yield from addresses(site.www)
    if www.state != "found":
        return NOT_APPLICABLE
    each = Each([follow(f"https://{host}/") for host in (site.domain, site.www)])
    yield each
    ends = [path for path in each.answer if not path.loops and path.last.trouble is None and path.last.status < 400]
    if len(ends) < 2:
        return NOT_APPLICABLE
    hosts = [urlsplit(path.last.url).hostname or "" for path in ends]
    if hosts[0] != hosts[1]:
        return [two_sites(site, subject, ends)]
    wrong = site.canonical is not None and hosts[0] in (site.domain, site.www) and hosts[0] != site.main
    return [elsewhere(site, subject, ends, hosts[0])] if wrong else FINE


def two_sites(site: Site, subject: str, ends: list[Path]) -> Finding:
    other = site.domain if site.main == site.www else site.www
    return canonical_host.fail(
        site,
        subject,
        f"Customers are logged out at random: {site.www} and {site.domain} both answer, without a redirect to one",
        severity="high",
        when="48h",
        reason="customers cannot log in reliably",
        score=Score(2, 2, 3),
        minutes=15,
        evidence="\n".join(path.evidence for path in ends),
        impact="A login at one address does not count at the other; search engines see two sites.",
        fix=f"Answer https://{other}/ with 301 and location: https://{site.main}/ and the same path, or in the app: "
        f'HTTPS(canonical_host="{site.main}").',
    )


def elsewhere(site: Site, subject: str, ends: list[Path], host: str) -> Finding:
    return canonical_host.fail(
        site,
        subject,
        f"Visitors end on {host}, not on {site.main} as you said",
        severity="medium",
        when="can-wait",
        reason="30 days: the site works",
        score=Score(1, 2, 1),
        minutes=15,
        evidence="\n".join(path.evidence for path in ends),
        impact="Links, cookies and search results are about the other address.",
        fix=f"Turn the redirect around, or say --canonical {'www' if host == site.www else 'apex'} if it is right so.",
    )
