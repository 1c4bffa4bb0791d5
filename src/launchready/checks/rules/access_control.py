"""Access control: protected routes, back offices, rate limits, and the server behind a content network."""

from collections.abc import Iterable

from launchready.checks.finding import Finding, Score, Severity
from launchready.checks.operations import AskAll, HttpGet, HttpRequest, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.sanitize import Lines
from launchready.checks.shared_queries import follow, is_page
from launchready.checks.site import Site
from launchready.net.answers import HttpAnswer


def protected_urls(site: Site) -> Iterable[str]:
    return site.protected


@rule(
    "WEB014",
    family="web",
    topic="visitors without a session are refused",
    subjects=protected_urls,
    after=("DNS002", "DNS003"),
    blocked_by=("TLS001", "TLS002", "TLS003"),
)
def protected_routes(site: Site, subject: str) -> Verdict:
    """Routes for logged-in customers refuse everybody else.

    Each is requested without a session, once plainly and once from a foreign origin. 401, 403, 404 and a redirect to
    the login are right, and so is a page with a password form.
    """
    method, url = split(subject)
    foreign = site.cors_probe_origin or "https://launchready-probe.invalid"
    ops = [HttpRequest(method, url), HttpRequest(method, url, [("origin", foreign)])]
    yield AskAll(ops)
    known(ops[0].answer)
    given = [op for op in ops if op.answer.known and is_open(op.answer)]
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
            impact="Anybody who knows the address can see or do what only a customer may.",
            fix="Make this route require a login, and answer 401 without one.",
        )
    ]


def is_open(answer: HttpAnswer) -> bool:
    """Whether the answer contains protected content."""
    login = is_page(answer) and 'type="password"' in answer.body.replace("'", '"').lower()
    return 200 <= answer.status < 300 and not login


def split(route: str) -> tuple[str, str]:
    """``GET https://...``, or the URL alone."""
    method, space, url = route.partition(" ")
    return (method.upper(), url) if space else ("GET", route)


LABELS = frozenset({"admin", "backoffice", "internal", "phpmyadmin", "adminer", "grafana"})


LOGIN = ("password", "log in", "login", "sign in", "signin", "sso", "oauth", "anmelden")


def offices(site: Site) -> Iterable[str]:
    return [host for host in site.hosts if host.partition(".")[0] in LABELS]


@rule(
    "WEB019",
    family="web",
    topic="the back office requires a login",
    subjects=offices,
    after=("DNS003", "DNS005", "WEB001", "WEB011"),
    blocked_by=("TLS001", "TLS002", "TLS003"),
)
def admin_open(site: Site, subject: str) -> Verdict:
    """The back office shows nothing before a login.

    Only the first page is judged, requested without a session. A page that only starts a script may show its login
    later, so it is not judged; list a route behind the login as protected to be sure.
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
            reason="30 days, but look at it today: what is behind the page cannot be seen from outside",
            score=Score(5, 2, 1),
            minutes=30,
            evidence=[*path.evidence, "no login is seen"],
            impact="Anybody who guesses the address may see or change what only you may.",
            fix="Require a login before anything is shown, or let the web server or content network admit "
            f"only your own addresses. Then check it permanently: --protected https://{subject}/<a page "
            "behind the login>",
        )
    ]


# RFC 5737: a documentation address, which belongs to nobody.
FORGED = "203.0.113.77"


def limited_urls(site: Site) -> Iterable[str]:
    return [where for where, _ in site.limits]


@rule(
    "WEB021",
    family="web",
    topic="guessing is slowed down (rate limit)",
    subjects=limited_urls,
    after=("DNS002", "DNS003"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def rate_limited(site: Site, subject: str) -> Verdict:
    """Guessing is slowed down: after the number of requests that the owner gave, the next one is refused (RFC
    6585).

    It runs only when requested (``probe_limit``). It sends one request more than the limit, and after a refusal one
    that claims another address. A server that believes that header has no limit.
    """
    most = dict(site.limits)[subject]
    burst = [read_response(subject, str(number)) for number in range(most + 1)]
    yield AskAll(burst)
    refused = [op.answer for op in burst if op.answer.status == 429]
    if not refused:
        for op in burst:
            known(op.answer)
        seen: Lines = shown(subject, [op.answer for op in burst])
        return [unlimited(site, subject, f"{most + 1} requests were all accepted", seen, severity="medium")]
    other = read_response(subject, "forged", ("x-forwarded-for", FORGED), ("forwarded", f"for={FORGED}"))
    yield other
    if other.answer.known and other.answer.status != 429 and other.answer.status < 500:
        what = "a header that claims another address gets around the limit (X-Forwarded-For)"
        seen = [shown(subject, refused), f"{subject} with x-forwarded-for: {FORGED} → {other.answer.status}"]
        return [unlimited(site, subject, what, seen, severity="medium")]
    if not any(answer.header("retry-after") for answer in refused):
        what = "the refusal does not say when to retry (no Retry-After)"
        return [unlimited(site, subject, what, shown(subject, refused), severity="low")]
    return FINE


def read_response(route: str, mark: str, *headers: tuple[str, str]) -> HttpRequest:
    method, _, url = route.partition(" ")
    body = b"" if method in ("GET", "HEAD") else b"{}"
    kind = [("content-type", "application/json")] if body else []
    return HttpRequest(method, url, [("x-launchready-probe", mark), *kind, *headers], body)


def shown(route: str, answers: list[HttpAnswer]) -> str:
    statuses = [answer.status for answer in answers]
    return f"{route} → " + ", ".join(f"{status} {statuses.count(status)} times" for status in dict.fromkeys(statuses))


def unlimited(site: Site, subject: str, what: str, evidence: Lines, *, severity: Severity) -> Finding:
    slight = severity == "low"
    return rate_limited.fail(
        site,
        subject,
        f"Clients that are refused retry at once at {subject}: {what}"
        if slight
        else f"Passwords and codes can be tried without end at {subject}: {what}",
        severity=severity,
        when="can-wait",
        reason="90 days: the limit itself holds" if slight else "30 days: it needs somebody who attacks you",
        score=Score(1, 1, 1) if slight else Score(4, 2, 1),
        minutes=15,
        evidence=evidence,
        impact="Scripts hammer on." if slight else "One machine can guess a login, or cost you money, all night.",
        fix='In the app: RateLimit("300/minute", {"POST /login": "5/minute"}); behind a proxy name it as well: '
        "trusted_proxies=1.",
    )


# Headers that a content network adds to an answer.
EDGE = ("cf-ray", "x-amz-cf-id", "x-served-by", "x-akamai-transformed", "x-sucuri-id")


SILENT = ("private", "timeout", "broken", "unasked")


def origins(site: Site) -> Iterable[str]:
    return (site.origin,) if site.origin else ()


@rule("WEB013", family="web", topic="the server behind the content network is not open to everybody", subjects=origins)
def origin_bypass(site: Site, subject: str) -> Verdict:
    """The server behind a content network does not answer everybody; otherwise its protection can be bypassed.

    The server is asked at its own address for the name of the site, as an attacker would who found the address in an
    old record. A refusal is right, and so is an answer that came through the network.
    """
    ops = [HttpGet(f"{scheme}://{site.main}/", address=subject) for scheme in ("https", "http")]
    yield AskAll(ops)
    bare = [op.answer for op in ops if is_site_response(op.answer)]
    if not bare:
        # A firewall that drops packets and a slow network look the same: neither a pass nor a finding.
        return (
            NOT_APPLICABLE
            if all(op.answer.trouble in ("private", "timeout", "broken", "unasked") for op in ops)
            else FINE
        )
    return [
        origin_bypass.fail(
            site,
            subject,
            f"The protection of your content network can be bypassed: the server at {subject} answers everybody",
            severity="medium",
            when="can-wait",
            reason="30 days: it needs somebody who attacks you",
            score=Score(4, 2, 1),
            minutes=45,
            evidence=[f"GET {answer.url} at {subject} → {answer.status}" for answer in bare],
            impact="Floods, scanners and forged client addresses reach the server itself.",
            fix="Let the firewall of the server accept ports 80 and 443 only from the network's addresses "
            "(cloudflare.com/ips), or use Authenticated Origin Pulls or a tunnel.",
        )
    ]


def is_site_response(answer: HttpAnswer) -> bool:
    """Whether the answer is the site itself: not a refusal, and not an answer of the network."""
    return answer.known and answer.status < 400 and not any(answer.header(name) for name in EDGE)
