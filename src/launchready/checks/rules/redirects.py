"""Redirects: one canonical host, a short path to the page, and the path that the visitor asked for."""

from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import AskAll, HttpGet, RunAll
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import RedirectPath, addresses, follow
from launchready.checks.site import Site


@rule(
    "WEB004",
    family="web",
    topic="www and the domain are one site",
    after=("DNS002",),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB001", "WEB011"),
)
def canonical_host(site: Site, subject: str) -> Verdict:
    """Visitors end on one host, whether they type www or not, http or https.

    RFC 6265: a login belongs to one host, so a visitor who is logged in at one host is a stranger at the other.
    """
    if not site.expects_www:
        return NOT_APPLICABLE
    www = yield from addresses(site.www)
    if www.state != "found":
        return NOT_APPLICABLE
    each = RunAll([follow(f"https://{host}/") for host in (site.domain, site.www)])
    yield each
    ends = [path for path in each.answer if not path.loops and path.last.trouble is None and path.last.status < 400]
    if len(ends) < 2:
        return NOT_APPLICABLE
    hosts = [urlsplit(path.last.url).hostname or "" for path in ends]
    if hosts[0] != hosts[1]:
        return [two_sites(site, subject, ends)]
    wrong = site.canonical is not None and hosts[0] in (site.domain, site.www) and hosts[0] != site.main
    return [wrong_host(site, subject, ends, hosts[0])] if wrong else FINE


def two_sites(site: Site, subject: str, ends: list[RedirectPath]) -> Finding:
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
        evidence=[line for path in ends for line in path.evidence],
        impact="A login at one address does not count at the other; search engines see two sites.",
        fix=f"Answer https://{other}/ with 301 and location: https://{site.main}/ and the same path, or in the app: "
        f'HTTPS(canonical_host="{site.main}").',
    )


def wrong_host(site: Site, subject: str, ends: list[RedirectPath], host: str) -> Finding:
    return canonical_host.fail(
        site,
        subject,
        f"Visitors end on {host}, not on {site.main} as you said",
        severity="medium",
        when="can-wait",
        reason="30 days: the site works",
        score=Score(1, 2, 1),
        minutes=15,
        evidence=[line for path in ends for line in path.evidence],
        impact="Links, cookies and search results belong to the other address.",
        fix=f"Turn the redirect around, or set --canonical {'www' if host == site.www else 'apex'} if "
        "this is what you want.",
    )


MOST_REDIRECTS = 3


def typed_urls(site: Site) -> Iterable[str]:
    return [f"{scheme}://{host}" for host in site.web for scheme in ("http", "https")]


@rule(
    "WEB005",
    family="web",
    topic="the path to the page is short and encrypted",
    subjects=typed_urls,
    after=("DNS002", "DNS003", "DNS005", "WEB001"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
    merge=True,
)
def redirect_chain(site: Site, subject: str) -> Verdict:
    """The path to a page is short, and stays encrypted once it is encrypted.

    Each redirect costs a mobile visitor about half a second. Anybody in the same network can answer a redirect back
    to http.
    """
    path = yield from follow(f"{subject}/")
    if path.loops or path.hops[0].trouble is not None:
        return NOT_APPLICABLE
    schemes = [hop.url.partition(":")[0] for hop in path.hops]
    back = "https" in schemes and "http" in schemes[schemes.index("https") :]
    if not back and len(path.hops) - 1 <= MOST_REDIRECTS:
        return FINE
    what = (
        "the redirect goes back through http" if back else f"{len(path.hops) - 1} redirects follow each other (chain)"
    )
    return [
        redirect_chain.fail(
            site,
            subject,
            f"The first page is slow, or can be replaced on the way: {what}",
            severity="medium",
            when="can-wait",
            reason="30 days: visitors arrive",
            score=Score(2, 2, 1),
            minutes=15,
            evidence=path.evidence,
            impact="Visitors on phones wait. In a public network somebody can send them elsewhere.",
            fix=f"Redirect http first to https on the same host, and then in one step to https://{site.main}/.",
        )
    ]


# A page that does not exist: only the target of the redirect matters.
PROBE = "/launchready-probe/page?kept=1"


def target(url: str, location: str) -> str:
    """The target of a redirect; "" when the location is not a URL."""
    try:
        found = urljoin(url, location)
        return found if urlsplit(found).hostname else ""
    except ValueError:
        return ""


@rule(
    "WEB017",
    family="web",
    topic="redirects keep the requested page",
    after=("DNS002", "WEB001", "WEB004"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def redirect_keeps_path(site: Site, subject: str) -> Verdict:
    """A redirect to https or to the main host keeps the path and the query.

    The main host is asked over http, and the other host over https. An answer that is no redirect, or leads to
    another site, is not judged here.
    """
    other = site.domain if site.main == site.www else site.www
    urls = [f"http://{site.main}{PROBE}", *([f"https://{other}{PROBE}"] if site.expects_www else [])]
    ops = [HttpGet(url) for url in urls]
    yield AskAll(ops)
    led = [(op.url, target(op.url, op.answer.location)) for op in ops if op.answer.known and op.answer.location]
    own = [(url, to) for url, to in led if urlsplit(to).hostname in (site.domain, site.www)]
    if not own:
        return NOT_APPLICABLE
    lost = [(url, to) for url, to in own if not to.endswith(PROBE)]
    if not lost:
        return FINE
    return [
        redirect_keeps_path.fail(
            site,
            subject,
            f"Links from mails and search results end on the wrong page: {lost[0][0].removesuffix(PROBE)} "
            "redirects and forgets the page that was asked for",
            severity="medium",
            when="can-wait",
            reason="30 days: the site itself is reached",
            score=Score(2, 2, 2),
            minutes=15,
            evidence=[f"GET {url} → {to}" for url, to in lost],
            impact="A customer who follows a link to a booking lands on the first page, and searches or leaves.",
            fix=f"Redirect with path and query (nginx: return 301 https://{site.main}$request_uri;), or in the app: "
            f'HTTPS(redirect=True, canonical_host="{site.main}").',
        )
    ]
