"""A redirect to https, or to the main host, keeps the page that was asked for: path and query."""

from urllib.parse import urljoin, urlsplit

from launchready.checks.finding import Score
from launchready.checks.operations import Get, Together
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.site import Site

# A page that nobody has: only where the redirect leads is looked at.
PROBE = "/launchready-probe/page?kept=1"


def target(url: str, location: str) -> str:
    """Where a redirect leads; "" for a location that is no address."""
    try:
        found = urljoin(url, location)
        return found if urlsplit(found).hostname else ""
    except ValueError:
        return ""


@rule(
    "WEB017",
    family="web",
    topic="that redirects keep the page that was asked for",
    after=("DNS002", "WEB001", "WEB004"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def path_kept(site: Site, subject: str) -> Verdict:
    """Asked of http on the main host, and of the host that is not the main one. What is no redirect, or leads to
    another site, is another question.
    """
    other = site.domain if site.main == site.www else site.www
    urls = [f"http://{site.main}{PROBE}", *([f"https://{other}{PROBE}"] if site.expects_www else [])]
    ops = [Get(url) for url in urls]
    yield Together(ops)
    led = [(op.url, target(op.url, op.answer.location)) for op in ops if op.answer.known and op.answer.location]
    own = [(url, to) for url, to in led if urlsplit(to).hostname in (site.domain, site.www)]
    if not own:
        return NOT_APPLICABLE
    lost = [(url, to) for url, to in own if not to.endswith(PROBE)]
    if not lost:
        return FINE
    return [
        path_kept.fail(
            site,
            subject,
            f"Links from mails and search results end on the wrong page: {lost[0][0].removesuffix(PROBE)} redirects "
            "and forgets the page that was asked for",
            severity="medium",
            when="can-wait",
            reason="30 days: the site itself is reached",
            score=Score(2, 2, 2),
            minutes=15,
            evidence="\n".join(f"GET {url} → {to}" for url, to in lost),
            impact="Who follows a link to a booking lands on the first page, and looks for it again, or leaves.",
            fix=f"Redirect with path and query (nginx: return 301 https://{site.main}$request_uri;), or in the app: "
            f'HTTPS(redirect=True, canonical_host="{site.main}").',
        )
    ]
