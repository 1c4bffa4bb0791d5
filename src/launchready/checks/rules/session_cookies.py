"""Cookies that keep somebody logged in cannot be read along, nor by scripts (RFC 6265bis sections 5.6.5, 5.6.6)."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import follow
from launchready.checks.site import Site
from launchready.web import cookies


def pages(site: Site) -> Iterable[str]:
    return dict.fromkeys([*(f"https://{host}/" for host in site.web), *site.pages, *([site.app] if site.app else [])])


@rule(
    "WEB006",
    family="web",
    topic="that logins cannot be stolen with a cookie",
    subjects=pages,
    after=("DNS002", "DNS003", "DNS005"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def session_cookies(site: Site, subject: str) -> Verdict:
    """By name: whatever sounds like a session or a login. The value is neither kept nor shown."""
    path = yield from follow(subject)
    # Each page answers for its own cookies; where a redirect leads is looked at there.
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
            evidence="\n".join([f"GET {first.url} → {first.status}", *shown]),
            impact="Who reads along in a network, or gets one script onto a page, is logged in as your customer.",
            fix="Set it with: Secure; HttpOnly; SameSite=Lax (Django: SESSION_COOKIE_SECURE = True; Flask: "
            "SESSION_COOKIE_SECURE=True; Starlette: SessionMiddleware(https_only=True)).",
        )
    ]
