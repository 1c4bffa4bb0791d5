"""Whether each host answers, with the right service and the right release."""

import json
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import AskAll, HttpGet, Query, Undetermined, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import addresses, follow, reach
from launchready.checks.site import Site
from launchready.exchange.operations import Flow
from launchready.net.addresses import is_address, is_public
from launchready.net.answers import HttpAnswer

# The first words of the placeholder pages that registrars and hosting panels show.
PARKED = (
    "domain is for sale", "buy this domain", "this domain is parked", "parked free", "domain parking",
    "future home of something quite cool", "welcome to nginx!", "apache2 ubuntu default page", "it works!</h1>",
    "default web site page", "congratulations! your new domain", "the install worked successfully! congratulations!",
    "<title>create next app</title>", "<title>vite + ", "caddy works!</title>", "welcome to openresty!",
    "test page for the apache http server", "<title>iis windows server</title>", "site not found &middot; github pages",
)  # fmt: skip
# Login pages that a hosting platform or an access proxy puts before a site.
LOGIN_WALLS = {
    "vercel.com": "Vercel Deployment Protection",
    "cloudflareaccess.com": "Cloudflare Access",
    "accounts.google.com": "a Google login",
    "login.microsoftonline.com": "a Microsoft login",
    "okta.com": "Okta",
    "auth0.com": "Auth0",
}
NOINDEX = re.compile(r"<meta\s[^>]{0,200}?name=[\"']?(?:robots|googlebot)[\"']?[^>]{0,200}?noindex", re.IGNORECASE)


def urls(site: Site) -> Iterable[str]:
    return [f"https://{host}" for host in site.web]


@rule(
    "WEB011",
    family="web",
    topic="every host answers",
    subjects=urls,
    after=("DNS002", "DNS003", "DNS005", "TLS001", "TLS002", "TLS003"),
)
def site_answers(site: Site, subject: str) -> Verdict:
    """Every host gives a usable answer: no refused connection, no server error, no parking page.

    A refused connection, a failed handshake and a status of 500 or more are evidence; a timeout is not.
    """
    op = HttpGet(f"{subject}/")
    yield op
    answer = op.answer
    if answer.trouble in ("refused", "tls"):
        return [unavailable(site, subject, f"it does not answer over https: {answer.reason}", answer)]
    known(answer)
    if answer.status >= 500:
        return [unavailable(site, subject, f"the server answers with an error ({answer.status})", answer)]
    parked = next((text for text in PARKED if text in answer.body.lower()), None)
    if parked is not None:
        return [unavailable(site, subject, f'a parking page is shown ("{parked}")', answer)]
    host = subject.removeprefix("https://")
    if answer.status in (404, 410) and host == site.main:
        return [unavailable(site, subject, f"the first page is not found ({answer.status})", answer)]
    return FINE


def unavailable(site: Site, subject: str, what: str, answer: HttpAnswer) -> Finding:
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
        fix=f"Start the application and read its log. The web server in front of it must pass {host} on to it.",
    )


def landing(site: Site) -> Iterable[str]:
    return (f"https://{site.main}",)


@rule(
    "WEB025",
    family="web",
    topic="visitors land on a working page",
    subjects=landing,
    after=("DNS002", "DNS014", "TLS001", "TLS002", "TLS003", "WEB011"),
)
def landing_page(site: Site, subject: str) -> Verdict:
    """The page on which visitors of the main host end works: the last redirect is judged, not the first.

    Evidence is a status of 400, 401, 403, 404, 410 or 500 and above, a refused connection, a failed handshake, an end
    without encryption, and an address in a Location header that no visitor can reach. A timeout is not.
    """
    path = yield from follow(f"{subject}/")
    if path.loops:
        return NOT_APPLICABLE
    problem = unreachable(path.last.url)
    if not problem and path.last.trouble is not None:
        host = urlsplit(path.last.url).hostname or ""
        gone = "" if is_address(host) else (yield from missing(host))
        problem = gone or (path.last.reason if path.last.trouble in ("refused", "tls", "private") else "")
        if not problem:
            known(path.last)
    if not problem and (path.last.status in (400, 401, 403, 404, 410) or path.last.status >= 500):
        problem = f"the page answers {path.last.status}"
    if not problem and path.last.url.startswith("http:"):
        problem = "the page has no encryption"
    if not problem:
        return FINE
    return [
        landing_page.fail(
            site,
            subject,
            f"Visitors of {site.main} do not reach a working page: {path.last.url} ({problem})",
            severity="critical",
            when="48h",
            reason="customers cannot reach the site",
            score=Score(4, 3, 3),
            minutes=30,
            evidence=[*path.evidence, problem],
            impact="Everybody who types your address sees an error instead of the site.",
            fix=f"Let https://{site.main}/ answer with the page, or redirect to one that answers with 200 over https.",
        )
    ]


def unreachable(url: str) -> str:
    """Why no visitor can reach a URL, judged by the URL alone; "" if that is not evident."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https"):
        return f"a {parts.scheme}: address is not on the web"
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return f"{host} is a name of a private network"
    if is_address(host) and not is_public(host.strip("[]")):
        return f"{host} is a private address"
    return ""


def missing(host: str) -> Flow[str]:
    """That a host does not exist or has only private addresses; "" if that is not known."""
    try:
        found = yield from addresses(host)
    except Undetermined:
        return ""
    if found.state in ("missing", "empty"):
        return f"{host} does not exist" if found.state == "missing" else f"{host} has no address"
    private = [one for one in found.addresses if not is_public(one)]
    return f"{host} has the private address {private[0]}" if private else ""


@rule(
    "WEB026",
    family="web",
    topic="visitors do not meet the login of a platform",
    subjects=landing,
    after=("DNS002", "DNS014", "WEB001", "WEB011", "WEB025"),
    blocked_by=("TLS001", "TLS002", "TLS003"),
)
def login_wall(site: Site, subject: str) -> Verdict:
    """The first page does not lead to the login of a hosting platform or an access proxy.

    Such a login protects previews. On the main host it keeps out everybody who is not in the team.
    """
    path = yield from follow(f"{subject}/")
    if path.loops:
        return NOT_APPLICABLE
    names = [urlsplit(hop.url).hostname or "" for hop in path.hops[1:]]
    walls = [title for name in names for end, title in LOGIN_WALLS.items() if name == end or name.endswith(f".{end}")]
    if not walls:
        known(path.last)
        return FINE
    return [
        login_wall.fail(
            site,
            subject,
            f"Visitors cannot enter {site.main}: {walls[0]} asks them to log in",
            severity="critical",
            when="48h",
            reason="customers cannot reach the site",
            score=Score(4, 3, 3),
            minutes=10,
            evidence=path.evidence,
            impact="Only people of your team get in. Everybody else sees a login page that is not yours.",
            fix=f"Switch off {walls[0]} for {site.main}. Keep it for previews.",
        )
    ]


@rule(
    "WEB027",
    family="web",
    topic="search engines may show the first page",
    subjects=landing,
    after=("DNS002", "DNS014", "WEB001", "WEB011", "WEB025", "WEB026"),
    blocked_by=("TLS001", "TLS002", "TLS003"),
)
def noindex(site: Site, subject: str) -> Verdict:
    """The first page does not forbid search engines to show it (noindex), as staging sites do.

    Google, "Robots meta tag": the header ``x-robots-tag`` and the meta element ``robots`` count.
    """
    path = yield from follow(f"{subject}/")
    if path.loops:
        return NOT_APPLICABLE
    page = known(path.last)
    header = page.header("x-robots-tag") or ""
    found = NOINDEX.search(page.body)
    if "noindex" not in header.lower() and found is None:
        return FINE
    return [
        noindex.fail(
            site,
            subject,
            f"Search engines do not show {site.main}: its first page forbids it (noindex)",
            severity="medium",
            when="can-wait",
            reason="30 days: visitors who know the address arrive",
            score=Score(2, 3, 3),
            minutes=10,
            evidence=f"GET {page.url} → x-robots-tag: {header}" if header else f"GET {page.url} → {found and found[0]}",
            impact="Nobody finds you by searching for your name.",
            fix="Remove noindex from the x-robots-tag header and from the robots meta element of the first page.",
        )
    ]


def hosts(site: Site) -> Iterable[str]:
    return site.web


@rule(
    "WEB024",
    family="web",
    topic="the site answers over IPv6",
    subjects=hosts,
    after=("DNS002", "DNS003", "DNS005", "WEB011", "TLS001", "TLS002", "TLS003"),
    merge=True,
)
def ipv6_reachable(site: Site, subject: str) -> Verdict:
    """A host with an IPv6 address answers there as it does over IPv4.

    RFC 8305 lets browsers fall back to IPv4. A phone in an IPv6-only network cannot, because its network translates
    only for names without an IPv6 address (RFC 6147). A timeout proves nothing, since many networks have no IPv6.
    """
    four, six = Query(subject, "A"), Query(subject, "AAAA")
    yield AskAll([four, six])
    address = next((one for one in six.answer.records if is_public(one)), None)
    if address is None or not four.answer.records:
        return NOT_APPLICABLE
    plain, other = HttpGet(f"https://{subject}/"), HttpGet(f"https://{subject}/", address=address)
    yield AskAll([plain, other])
    if not plain.answer.known or other.answer.trouble not in (None, "refused", "tls"):
        return NOT_APPLICABLE
    if other.answer.known and (other.answer.status < 500 or plain.answer.status >= 500):
        return FINE
    seen = other.answer.status or other.answer.reason
    return [
        ipv6_reachable.fail(
            site,
            subject,
            "Phones in IPv6-only networks cannot open the site: it does not answer at its IPv6 address",
            severity="medium",
            when="can-wait",
            reason="30 days: most visitors fall back to IPv4",
            score=Score(4, 1, 2),
            minutes=20,
            evidence=f"GET https://{subject}/ at {address} → {seen}; over IPv4 → {plain.answer.status}",
            impact="Some visitors wait, a few see an error, and nobody else can reproduce it.",
            fix="Let the web server listen on IPv6 as well (nginx: listen [::]:443 ssl;), or delete the AAAA "
            f"record of {subject} until it does.",
        )
    ]


def marked(site: Site) -> Iterable[str]:
    return [host for host, _ in site.markers]


@rule(
    "WEB018",
    family="web",
    topic="each host shows the right service",
    subjects=marked,
    after=("DNS002", "DNS003", "DNS005", "WEB001", "WEB011"),
    blocked_by=("TLS001", "TLS002", "TLS003"),
)
def host_identity(site: Site, subject: str) -> Verdict:
    """Each host shows the service that belongs to it: ``api`` and ``admin`` were not swapped, and no old version
    answers.

    The text that the owner gave for the host must be in its first answer, whatever its status: an API may answer 404.
    The finding names another host that shows the text.
    """
    text = dict(site.markers)[subject]
    path = yield from follow(f"https://{subject}/")
    if path.loops:
        return NOT_APPLICABLE
    answer = known(path.last)
    if text.lower() in answer.body.lower():
        return FINE
    elsewhere = ""
    for host in site.web:
        other = yield from follow(f"https://{host}/")
        if host != subject and not other.loops and text.lower() in other.last.body.lower():
            elsewhere = host
    return [
        host_identity.fail(
            site,
            subject,
            f"{subject} shows something else: {text!r} is not in its first answer"
            + (f", but in that of {elsewhere}: were the two swapped?" if elsewhere else ""),
            severity="high",
            when="48h",
            reason="customers cannot reach a part of the product",
            score=Score(4, reach(site, subject), 3),
            minutes=15,
            evidence=[*path.evidence, f"begins with: {' '.join(answer.body.split())[:120] or 'nothing'}"],
            impact="Customers of this host get the wrong service or an old one, although everything seems to answer.",
            fix=f"Point {subject} to its own service (DNS record, and virtual host of the web server), or "
            "correct the expected text.",
        )
    ]


NAMES = ("release", "releaseId", "version", "commit", "sha")


# A commit hash and its abbreviation are the same release.
SHORTEST = 7


def pages(site: Site) -> Iterable[str]:
    return (site.health,) if site.release else ()


@rule(
    "WEB020",
    family="web",
    topic="the right release is live",
    subjects=pages,
    after=("DNS002", "DNS003", "WEB001", "WEB011"),
    blocked_by=("TLS001", "TLS002", "TLS003"),
)
def release_live(site: Site, subject: str) -> Verdict:
    """The intended release is live: the health page names it.

    The health page of this library names it (draft-inadarei-api-health-check: releaseId). The request bypasses every
    cache.
    """
    op = HttpGet(subject, [("cache-control", "no-store")])
    yield op
    answer = known(op.answer)
    live = named(answer)
    if same(live, site.release):
        return FINE
    what = f"{live} is live" if live else f"its health page names no release ({answer.status})"
    return [
        release_live.fail(
            site,
            subject,
            f"Customers do not get what you shipped: {site.release} should be live, and {what}",
            severity="high",
            when="48h",
            reason="customers do not use the release that was tested",
            score=Score(4, 2, 3),
            minutes=20,
            evidence=f"GET {subject} → {answer.status}, release {live or 'not named'}",
            impact="The release that you tested is not the one that runs.",
            fix="Deploy again, and restart all workers. The health page of this library names the release by itself; "
            'in another one answer with {"release": "<commit>"} there.',
        )
    ]


def named(answer: HttpAnswer) -> str:
    """The release that an answer names, or ""."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    names = (found.get(name) for name in NAMES) if isinstance(found, dict) else ()
    return next((str(name) for name in names if name), "")


def same(live: str, wanted: str) -> bool:
    if not live:
        return False
    short, long = sorted((live.lower(), wanted.lower()), key=len)
    return short == long or (len(short) >= SHORTEST and long.startswith(short))
