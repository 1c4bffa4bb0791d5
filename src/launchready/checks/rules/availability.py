"""Whether each host answers, with the right service and the right release."""

import json
from collections.abc import Iterable

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import AskAll, HttpGet, Query, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import follow, reach
from launchready.checks.site import Site
from launchready.net.addresses import is_public
from launchready.net.answers import HttpAnswer

# The first words of the placeholder pages that registrars and hosting panels show.
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
