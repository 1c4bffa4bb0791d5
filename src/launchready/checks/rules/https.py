"""Encryption of the site: https, redirects to it, TLS versions and HSTS."""

from collections.abc import Iterable

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import Handshake, HttpGet, RunAll, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import RedirectPath, follow, reach
from launchready.checks.site import Site
from launchready.web import hsts


def hosts(site: Site) -> Iterable[str]:
    return site.web


@rule("TLS003", family="tls", topic="the host answers over https", subjects=hosts, after=("DNS002", "DNS003"))
def https_answers(site: Site, subject: str) -> Verdict:
    """Every host answers over https. Since October 2026 browsers warn before any public page without it.

    A refused connection and a failed handshake are evidence; a timeout is not.
    """
    op = Handshake(subject)
    yield op
    facts = op.answer
    if not facts.probed:
        return NOT_APPLICABLE
    if facts.trouble not in ("refused", "tls"):
        known(facts)
        return FINE
    return [
        https_answers.fail(
            site,
            subject,
            f"Nobody can open {subject} safely: it does not answer over https",
            severity="critical",
            when="48h",
            reason="customers cannot reach the site",
            score=Score(4, reach(site, subject), 3),
            minutes=30,
            evidence=f"{facts.question} → {facts.reason}",
            impact="Browsers show an error or a warning instead of the site.",
            fix=f"Switch https on for {subject} at your host (or: certbot -d {subject}), and open port 443.",
        )
    ]


def http_pages(site: Site) -> Iterable[str]:
    return [f"http://{host}" for host in site.web]


@rule(
    "WEB001",
    family="web",
    topic="http leads to https",
    subjects=http_pages,
    after=("DNS002", "DNS003", "DNS005", "WEB025"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
    merge=True,
)
def http_to_https(site: Site, subject: str) -> Verdict:
    """A visitor who types an address without https is redirected to https and reaches a page.

    RFC 6797 section 7.2: over http, answer with a redirect to https and nothing else. A host that answers only over
    https is fine.
    """
    host = subject.removeprefix("http://")
    each = RunAll([follow(f"{subject}/"), follow(f"https://{host}/")])
    yield each
    path, safe = each.answer
    for one in (path, safe):
        if one.loops:
            return [redirect_loop(site, subject, one)]
    if path.last.url.startswith("https:") or path.hops[0].trouble == "refused":
        return FINE
    if safe.hops[0].trouble in ("refused", "tls"):
        return NOT_APPLICABLE  # TLS003 reports that there is no https to redirect to.
    if known(path.last).status >= 400:
        # No page is served without encryption. WEB011 reports whether the host answers at all.
        return FINE
    return [no_redirect(site, subject, path)]


def redirect_loop(site: Site, subject: str, path: RedirectPath) -> Finding:
    """Every host of a loop leads into the same loop, so the first address in alphabetical order names it."""
    urls = [hop.url for hop in path.hops]
    start = min(urls[urls.index(path.back) :] if path.back in urls else urls)
    return http_to_https.fail(
        site,
        subject,
        f"Nobody can open {start}: its addresses redirect to each other in a loop (too many redirects)",
        severity="critical",
        when="48h",
        reason="customers cannot reach the site",
        score=Score(4, 3, 3),
        minutes=20,
        evidence=path.evidence,
        impact="Every visitor sees a browser error instead of the site.",
        fix="Keep one redirect, and remove the one that leads back. Behind Cloudflare, set SSL/TLS to "
        "Full (strict): with Flexible it connects to your server over http, which redirects to https "
        "again.",
    )


def no_redirect(site: Site, subject: str, path: RedirectPath) -> Finding:
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
        impact="Visitors who type the address stay without encryption. Browsers warn, and others in the "
        "network can read along.",
        fix=f"Answer http://{host} with 301 and location: https://{host}/ "
        "(nginx: return 301 https://$host$request_uri;), or in the app: HTTPS(redirect=True).",
    )


OLD = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1", "TLS 1.0", "TLS 1.1", "TLS1.0", "TLS1.1", "1.0", "1.1")


def version_name(version: str) -> str:
    """``TLSv1`` in its usual spelling: TLS 1.0."""
    number = version.lstrip("TLSv ")
    return version if version.startswith("SSL") else f"TLS {number}" if "." in number else f"TLS {number}.0"


@rule(
    "TLS004",
    family="tls",
    topic="no broken version of TLS is accepted",
    subjects=hosts,
    after=("DNS002", "DNS003", "TLS003"),
    merge=True,
)
def old_tls(site: Site, subject: str) -> Verdict:
    """No host accepts a broken version of TLS (RFC 8996 withdraws 1.0 and 1.1).

    Payment providers and card networks refuse sites that still accept them (PCI DSS).
    """
    op = Handshake(subject)
    yield op
    facts = known(op.answer)
    if not facts.probed or not facts.versions:
        return NOT_APPLICABLE
    spoken = [version_name(version) for version in facts.versions if version in OLD]
    if not spoken:
        return FINE
    return [
        old_tls.fail(
            site,
            subject,
            f"Old encryption that can be broken is still accepted ({', '.join(spoken)})",
            severity="medium",
            when="can-wait",
            reason="30 days: it needs an attacker in the same network",
            score=Score(2, 2, 1),
            minutes=15,
            evidence=f"TLS handshake with {subject}:443 → {', '.join(facts.versions)}",
            impact="Visitors notice nothing, but the security scan of your payment provider fails.",
            fix="Allow TLS 1.2 and 1.3 only (nginx: ssl_protocols TLSv1.2 TLSv1.3;).",
        )
    ]


def https_pages(site: Site) -> Iterable[str]:
    return [f"https://{host}" for host in site.web]


@rule(
    "WEB003",
    family="web",
    topic="browsers stay with https (HSTS)",
    subjects=https_pages,
    after=("DNS002", "DNS003", "DNS005", "TLS003", "WEB011"),
    blocked_by=("TLS001", "TLS002", "WEB001"),
    merge=True,
)
def hsts_header(site: Site, subject: str) -> Verdict:
    """Browsers are told to stay with https (Strict-Transport-Security, RFC 6797).

    Each host is checked on its own, and a redirect counts as well (section 7.1). Preloading is never recommended: it
    cannot be undone for months.
    """
    op = HttpGet(f"{subject}/")
    yield op
    answer = known(op.answer)
    found = hsts.parse(answer.headers)
    if found.on:
        return FINE
    # A host that only redirects shows no page; the host that it leads to matters more.
    passed_on = answer.location is not None
    seen = answer.header("strict-transport-security")
    return [
        hsts_header.fail(
            site,
            subject,
            "The first visit in a public network can be read along: browsers are not told to stay with https (no HSTS)",
            severity="low" if passed_on else "medium",
            when="can-wait",
            reason="30 days: it needs an attacker in the same network",
            score=Score(2, 2 if passed_on else 3, 1),
            minutes=10,
            evidence=f"GET {subject}/ → {answer.status}, "
            + ("no strict-transport-security header" if seen is None else f"strict-transport-security: {seen}"),
            impact="In a café or hotel somebody can keep a visitor on http and see the password.",
            fix=[
                'Send with every answer over https (or in the app: HTTPS(hsts="180d")):',
                "strict-transport-security: max-age=15552000",
            ],
        )
    ]


@rule(
    "WEB008",
    family="web",
    topic="the HSTS preload header is complete",
    after=("DNS002", "WEB003"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB011"),
)
def hsts_preload(site: Site, subject: str) -> Verdict:
    """A header that asks for the preload list of browsers meets its conditions.

    hstspreload.org: a year, and every subdomain. The list is hard to leave, so it is never recommended here.
    """
    op = HttpGet(f"https://{subject}/")
    yield op
    found = hsts.parse(known(op.answer).headers)
    if not found.preload:
        return NOT_APPLICABLE
    if not found.preload_problems:
        return FINE
    problems = "; ".join(found.preload_problems)
    return [
        hsts_preload.fail(
            site,
            subject,
            "Your header asks for a place on the https list of browsers (HSTS preload), but does not get "
            f"one: {problems}",
            severity="medium",
            when="can-wait",
            reason="30 days: the header works without it",
            score=Score(1, 2, 1),
            minutes=10,
            evidence=f"GET {op.url} → strict-transport-security: {op.answer.header('strict-transport-security')}",
            impact="If anybody submits your domain to the list, every subdomain must speak https.",
            fix="Remove the word preload from the header. Use it only when every subdomain speaks https for "
            "good: max-age=31536000; includeSubDomains; preload.",
        )
    ]
