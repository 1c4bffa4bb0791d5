"""Who types an address without https is led to https, and gets somewhere."""

from collections.abc import Iterable

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import Each, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import Path, follow
from launchready.checks.site import Site


def pages(site: Site) -> Iterable[str]:
    return [f"http://{host}" for host in site.web]


@rule(
    "WEB001",
    family="web",
    topic="the way from http to https",
    subjects=pages,
    after=("DNS002", "DNS003", "DNS005"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
    merge=True,
)
def http_to_https(site: Site, subject: str) -> Verdict:
    """RFC 6797 section 7.2: answer on http with a redirect to https, and with nothing else. A host that answers on
    https only is fine.
    """
    host = subject.removeprefix("http://")
    each = Each([follow(f"{subject}/"), follow(f"https://{host}/")])
    yield each
    path, safe = each.answer
    for one in (path, safe):
        if one.loops:
            return [circle(site, subject, one)]
    if path.last.url.startswith("https:") or path.hops[0].trouble == "refused":
        return FINE
    if safe.hops[0].trouble in ("refused", "tls"):
        return NOT_APPLICABLE  # there is no https to lead to, which is said where https is looked at
    if known(path.last).status >= 400:
        # No page is served without encryption; whether the host answers at all is another question.
        return FINE
    return [plain(site, subject, path)]


def circle(site: Site, subject: str, path: Path) -> Finding:
    """Whoever is led into the circle sees the same one, so it is named by its first address in the alphabet."""
    urls = [hop.url for hop in path.hops]
    start = min(urls[urls.index(path.back) :] if path.back in urls else urls)
    return http_to_https.fail(
        site,
        subject,
        f"Nobody can open {start}: its addresses lead to each other in a loop, too many redirects",
        severity="critical",
        when="48h",
        reason="customers cannot reach the site",
        score=Score(4, 3, 3),
        minutes=20,
        evidence=path.evidence,
        impact="Every visitor sees an error of the browser instead of the site.",
        fix="Keep one redirect, and remove the one that leads back. Behind Cloudflare, set SSL/TLS to Full (strict): "
        "with Flexible it asks your server over http, which redirects to https again.",
    )


def plain(site: Site, subject: str, path: Path) -> Finding:
    host = subject.removeprefix("http://")
    return http_to_https.fail(
        site,
        subject,
        f"Passwords can be read on the way: {subject} stays without encryption (http is not redirected to https)",
        severity="high",
        when="48h",
        reason="customers cannot log in or pay safely",
        score=Score(4, 3 if host == site.main else 2, 2),
        minutes=15,
        evidence=path.evidence,
        impact="Whoever types the address is not led to https; browsers warn, and others in the network can read.",
        fix=f"Answer http://{host} with 301 and location: https://{host}/ "
        "(nginx: return 301 https://$host$request_uri;), or in the app: HTTPS(redirect=True).",
    )
