"""TOPIC availability"""

import json
from collections.abc import Iterable

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import AskAll, HttpGet, Query, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import follow, reach
from launchready.checks.site import Site
from launchready.net.addresses import is_public
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
    """Every host gives an answer that a visitor can use: no refused connection, no server error, no parking page.

    A refused connection, a failed handshake and a status of 500 or more are answers; silence is not.
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
        fix=f"Start the application, and look at its log; the web server in front of it has to pass {host} on to it.",
    )


def hosts(site: Site) -> Iterable[str]:
    return site.web


@rule(
    "WEB024",
    family="web",
    topic="that the site answers over IPv6",
    subjects=hosts,
    after=("DNS002", "DNS003", "DNS005", "WEB011", "TLS001", "TLS002", "TLS003"),
    merge=True,
)
def ipv6_reachable(site: Site, subject: str) -> Verdict:
    """A host that has an IPv6 address answers there as it does over IPv4.

    RFC 8305 lets browsers fall back to IPv4; a phone in a network with nothing but IPv6 cannot, because its network
    translates only for names without an IPv6 address (RFC 6147). Many networks have no IPv6, so silence says nothing.
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
            "Phones in networks with nothing but IPv6 cannot open the site: it does not answer at its IPv6 address",
            severity="medium",
            when="can-wait",
            reason="30 days: most visitors fall back to IPv4",
            score=Score(4, 1, 2),
            minutes=20,
            evidence=f"GET https://{subject}/ at {address} → {seen}; over IPv4 → {plain.answer.status}",
            impact="Some visitors wait, a few see an error; nobody else can reproduce it.",
            fix="Let the web server listen on IPv6 as well (nginx: listen [::]:443 ssl;), or delete the AAAA record of "
            f"{subject} until it does.",
        )
    ]


def marked(site: Site) -> Iterable[str]:
    return [host for host, _ in site.markers]


@rule(
    "WEB018",
    family="web",
    topic="that a host shows what it is meant to show",
    subjects=marked,
    after=("DNS002", "DNS003", "DNS005", "WEB001", "WEB011"),
    blocked_by=("TLS001", "TLS002", "TLS003"),
)
def host_identity(site: Site, subject: str) -> Verdict:
    """Each host shows what it is meant to show: ``api`` and ``admin`` were not swapped, and nothing old stands there.

    The text that the owner gave for the host stands in its first answer, whatever its status: an API may well say
    404 there. Where else the text was seen is said, too.
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
            evidence=f"{path.evidence}\nbegins with: {' '.join(answer.body.split())[:120] or 'nothing'}",
            impact="Who uses this host gets the wrong service, or an old one, and everything seems to answer.",
            fix=f"Point {subject} to the service that it is for (its DNS record, and the virtual host of the web "
            "server), or change the text that is expected of it.",
        )
    ]


NAMES = ("release", "releaseId", "version", "commit", "sha")


# A commit in full and in short are the same release.
SHORTEST = 7


def pages(site: Site) -> Iterable[str]:
    return (site.health,) if site.release else ()


@rule(
    "WEB020",
    family="web",
    topic="that the right release is live",
    subjects=pages,
    after=("DNS002", "DNS003", "WEB001", "WEB011"),
    blocked_by=("TLS001", "TLS002", "TLS003"),
)
def release_live(site: Site, subject: str) -> Verdict:
    """The release that should be live is live: the health page names it.

    What ``/healthz`` of this library says (draft-inadarei-api-health-check: releaseId), asked past every cache.
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
            reason="the release that was checked is not the one that customers use",
            score=Score(4, 2, 3),
            minutes=20,
            evidence=f"GET {subject} → {answer.status}, release {live or 'not named'}",
            impact="What you have tested and what runs are not the same.",
            fix="Deploy again, and restart all workers. The health page of this library names the release by itself; "
            'in another one answer with {"release": "<commit>"} there.',
        )
    ]


def named(answer: HttpAnswer) -> str:
    """The release that an answer names; "" for none."""
    try:
        found = json.loads(answer.body)
    except ValueError:
        return ""
    names = (found.get(name) for name in NAMES) if isinstance(found, dict) else ()
    return next((str(name) for name in names if name), "")


def same(live: str, wanted: str) -> bool:
    if not live:
        return False
    short, long = sorted((live.lower(), wanted.lower()), key=len)
    return short == long or (len(short) >= SHORTEST and long.startswith(short))
