"""Response headers that limit the damage of a mistake: CSP, COOP, cookie attributes."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import HttpGet, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import follow, is_page
from launchready.checks.site import Site
from launchready.net.answers import HttpAnswer
from launchready.web import cookies


def urls(site: Site) -> Iterable[str]:
    return [f"https://{host}/" for host in site.web]


@rule(
    "WEB009",
    family="web",
    topic="protective headers are sent",
    subjects=urls,
    after=("DNS002", "DNS003", "DNS005"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
    merge=True,
)
def security_headers(site: Site, subject: str) -> Verdict:
    """Pages carry the headers that limit the damage of a mistake: CSP, nosniff, referrer policy. An API needs
    fewer.

    Weighted as in the MDN Observatory: a content security policy most, nosniff less, a referrer policy hardly.
    """
    op = HttpGet(subject)
    yield op
    answer = known(op.answer)
    if answer.location is not None or answer.status >= 400:
        return NOT_APPLICABLE
    gone = missing(answer)
    if not gone:
        return FINE
    csp = "content-security-policy" in gone
    return [
        security_headers.fail(
            site,
            subject,
            f"A single foreign script on a page can do everything: headers are missing ({', '.join(gone)})"
            if csp
            else f"Pages reveal more than necessary: headers are missing ({', '.join(gone)})",
            severity="low" if csp else "info",
            when="can-wait",
            reason="90 days: it needs another mistake first",
            score=Score(1, 2, 1) if csp else Score(1, 1, 1),
            minutes=30,
            evidence=f"GET {subject} → {answer.status}, without {', '.join(gone)}",
            impact="Nobody notices until something else goes wrong.",
            fix=[
                "In the app: HTTPS(headers=True), or send with every page:",
                *(SECURITY_HEADERS[name] for name in gone),
            ],
        )
    ]


SECURITY_HEADERS = {
    "content-security-policy": "content-security-policy: default-src 'self'; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "x-content-type-options: nosniff",
    "referrer-policy": "referrer-policy: strict-origin-when-cross-origin",
}


def missing(answer: HttpAnswer) -> list[str]:
    wanted = list(SECURITY_HEADERS) if is_page(answer) else ["x-content-type-options"]
    return [name for name in wanted if not answer.header(name)]


WINDOW_HEADERS = {
    "cross-origin-opener-policy": "cross-origin-opener-policy: same-origin-allow-popups",
    "cross-origin-resource-policy": "cross-origin-resource-policy: same-origin",
}


def html_pages(site: Site) -> Iterable[str]:
    own = [f"https://{host}/" for host in site.web]
    return dict.fromkeys([*own, *([site.app] if site.app else []), *site.pages])


@rule(
    "WEB023",
    family="web",
    topic="the login page is isolated in its window (COOP, CORP)",
    subjects=html_pages,
    after=("DNS002", "DNS003", "DNS005", "WEB009"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
    merge=True,
)
def opener_policy(site: Site, subject: str) -> Verdict:
    """No other window can steer a page with a login (COOP), and no foreign page can load it (CORP).

    HTML standard, cross-origin opener policies; Fetch section 3.7. Only pages with a password field are checked.
    """
    path = yield from follow(subject)
    answer = path.last
    if path.loops or answer.trouble is not None or len(path.hops) > 1 or not is_page(answer):
        return NOT_APPLICABLE
    if 'type="password"' not in answer.body.replace("'", '"').lower():
        return NOT_APPLICABLE
    gone = [name for name in WINDOW_HEADERS if not answer.header(name)]
    if not gone:
        return FINE
    return [
        opener_policy.fail(
            site,
            subject,
            f"A page that opened your login can steer its window: headers are missing ({', '.join(gone)})",
            severity="info",
            when="can-wait",
            reason="90 days: it needs a foreign page that a customer trusts",
            score=Score(1, 1, 1),
            minutes=10,
            evidence=f"GET {subject} → {answer.status}, without {', '.join(gone)}",
            impact="Nobody notices. A foreign page may replace your login with a copy while the customer looks away.",
            fix=["Send with the page:", *(WINDOW_HEADERS[name] for name in gone)],
        )
    ]


def cookie_pages(site: Site) -> Iterable[str]:
    return dict.fromkeys([*(f"https://{host}/" for host in site.web), *site.pages, *([site.app] if site.app else [])])


@rule(
    "WEB006",
    family="web",
    topic="cookies do not leak logins",
    subjects=cookie_pages,
    after=("DNS002", "DNS003", "DNS005"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def session_cookies(site: Site, subject: str) -> Verdict:
    """Neither the network nor scripts can read the cookies of a login (RFC 6265bis sections 5.6.5 and 5.6.6).

    Cookies are recognised by name (session, login and the like). Their value is neither kept nor shown.
    """
    path = yield from follow(subject)
    # Each page is checked for its own cookies; the target of a redirect is another page.
    first = path.hops[0]
    if first.trouble is not None:
        return NOT_APPLICABLE
    found = [cookies.parse(value) for name, value in first.headers if name == "set-cookie"]
    weak = [cookie for cookie in found if cookie.session and cookie.missing]
    if not weak:
        return FINE
    shown = [f"set-cookie: {one.name}=… without {' and '.join(one.missing)}" for one in weak]
    missing = " and ".join(dict.fromkeys(name for one in weak for name in one.missing))
    return [
        session_cookies.fail(
            site,
            subject,
            f"Logins can be stolen: the session cookie {weak[0].name} lacks {missing}",
            severity="high",
            when="48h",
            reason="a stranger can steal sessions",
            score=Score(5, 2, 2),
            minutes=10,
            evidence=[f"GET {first.url} → {first.status}", *shown],
            impact="Anybody who reads along in a network, or gets one script onto a page, is logged in as your "
            "customer.",
            fix="Set it with: Secure; HttpOnly; SameSite=Lax (Django: SESSION_COOKIE_SECURE = True; Flask: "
            "SESSION_COOKIE_SECURE=True; Starlette: SessionMiddleware(https_only=True)).",
        )
    ]
