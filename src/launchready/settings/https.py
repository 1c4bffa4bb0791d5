"""``HTTPS(...)``: everything by https, at one address."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from launchready.core import https as core
from launchready.http.routes import RouteTable
from launchready.settings.problems import Problems

YEAR = 365 * 86_400
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True)
class HTTPS:
    """Redirects to https and to one host, HSTS, and the safe response headers.

    - ``redirect``: plain http is sent on to https: 301 for GET and HEAD, 308 with method and body for the rest.
    - ``canonical_host``: the one host name that serves, as in "www.example.com"; any other is sent on to it, in the
      same hop. None: each host serves as itself.
    - ``hsts``: how long browsers use https only (RFC 6797): a duration, "ramp" (5 minutes on the first day, a week for
      the next seven, then 180 days), or None. "0s" takes it back.
    - ``include_subdomains``, ``preload``: HSTS for every subdomain too, and for browsers that never were here. Hard to
      take back; ``preload`` asks for a year and for ``include_subdomains``.
    - ``headers``: X-Content-Type-Options, Referrer-Policy, Permissions-Policy, and who may frame the pages, where the
      app itself says nothing about them.
    - ``exempt``: routes that are never redirected, beside webhooks, ACME challenges, health paths and localhost:8000.
    """

    redirect: bool = True
    canonical_host: str | None = None
    hsts: str | float | None = "180d"
    include_subdomains: bool = False
    preload: bool = False
    headers: bool = True
    exempt: Sequence[str] = ()


def compile_https(
    problems: Problems, settings: HTTPS, vouches: Callable[[str], bool], now: Callable[[], float]
) -> core.Https:
    """The feature. Every mistake goes to ``problems``."""
    ramp = settings.hsts == "ramp"
    hsts = None if ramp or settings.hsts is None else int(problems.duration("https.hsts", settings.hsts, zero=True))
    subdomains = problems.flag("https.include_subdomains", settings.include_subdomains)
    if problems.flag("https.preload", settings.preload):
        if not subdomains:
            problems.add("https.preload=True: browsers preload a domain with all its subdomains; write "
                         "include_subdomains=True beside it, or preload=False")  # fmt: skip
        if hsts is None or hsts < YEAR:
            problems.add(f'https.preload=True with hsts={settings.hsts!r}: a year is asked for; write hsts="365d"')
    directives = "; includeSubDomains" * subdomains + "; preload" * bool(settings.preload)
    routes = [problems.route("https.exempt", text) for text in problems.strings("https.exempt", settings.exempt)]
    return core.Https(
        redirect=problems.flag("https.redirect", settings.redirect),
        canonical_host=_canonical(problems, settings.canonical_host),
        hsts=core.Ramp(now) if ramp else hsts,
        directives=directives,
        headers=problems.flag("https.headers", settings.headers),
        exempt=RouteTable((route, True) for route in routes if route is not None),
        vouches=vouches,
    )


def _canonical(problems: Problems, value: object) -> str | None:
    if value is None or (isinstance(value, str) and len(value) <= 253 and _NAME.fullmatch(value)):
        return value
    bare = value.partition("://")[2] or value if isinstance(value, str) else ""
    bare = bare.split("/")[0].split(":")[0].lower()
    problems.add(f'https.canonical_host={value!r}: a host name alone is needed; write "{bare or "www.example.com"}"')
    return None
