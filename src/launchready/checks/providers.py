"""The providers that a domain uses, and where in their settings a fix is made.

A finding says what to publish; this module adds where, for the provider in use. Nothing is guessed: an unknown
provider gets no hint.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from launchready.checks.finding import Finding
from launchready.checks.operations import HttpRequest, Query, Question

INCLUDE = re.compile(r"(?:^| )[+~?-]?include:([^ ]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider: how it is recognised, and where its settings are.

    - ``servers``: ends of name server names. ``mail``: ends of MX names. ``sends``: its SPF includes.
    - ``hosts``: ends of alias targets. ``headers``: header names of its answers.
    - ``records``, ``dkim``, ``https``: where to set a DNS record, the mail signature, a certificate or redirect.
    """

    title: str
    servers: tuple[str, ...] = ()
    mail: tuple[str, ...] = ()
    sends: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    records: str = ""
    dkim: str = ""
    https: str = ""


PROVIDERS = (
    Provider(
        "Cloudflare", servers=("ns.cloudflare.com",), headers=("cf-ray",),
        records="dash.cloudflare.com, the domain, DNS, Records, Add record (the name without the domain)",
        https="dash.cloudflare.com, the domain, SSL/TLS: Full (strict), and Edge Certificates: Always Use HTTPS",
    ),
    Provider(
        "GoDaddy", servers=("domaincontrol.com",),
        records="My Products, Domains, the domain, DNS, Add New Record (@ stands for the domain itself)",
    ),
    Provider(
        "Namecheap", servers=("registrar-servers.com",),
        records="Domain List, Manage, Advanced DNS, Add New Record (Host: the name without the domain)",
    ),
    Provider(
        "Google Workspace", mail=("google.com", "googlemail.com"), sends=("_spf.google.com",),
        dkim="admin.google.com, Apps, Google Workspace, Gmail, Authenticate email (2048 bits), Start authentication",
    ),
    Provider(
        "Microsoft 365", mail=("protection.outlook.com",), sends=("spf.protection.outlook.com",),
        dkim="security.microsoft.com, Email & collaboration, Policies, Email authentication settings, DKIM",
    ),
    Provider(
        "SendGrid", sends=("sendgrid.net",),
        dkim="app.sendgrid.com, Settings, Sender Authentication, Authenticate Your Domain",
    ),
    Provider(
        "Postmark", sends=("spf.mtasv.net",),
        dkim="account.postmarkapp.com, Sender Signatures, the domain, DNS Settings",
    ),
    Provider("Mailgun", sends=("mailgun.org",), dkim="app.mailgun.com, Send, Domains, the domain, DNS records"),
    Provider("Resend", sends=("amazonses.com",), dkim="resend.com/domains, the domain, DNS Records"),
    Provider(
        "Netlify", servers=("nsone.net",), hosts=("netlify.app", "netlify.com"), headers=("x-nf-request-id",),
        https="app.netlify.com, the site, Domain management, HTTPS",
    ),
    Provider(
        "Vercel", servers=("vercel-dns.com",), hosts=("vercel.app", "vercel-dns.com"), headers=("x-vercel-id",),
        records="vercel.com, Domains, the domain, DNS Records", https="vercel.com, the project, Settings, Domains",
    ),
    Provider(
        "Render", hosts=("onrender.com",), headers=("x-render-origin-server",),
        https="dashboard.render.com, the service, Settings, Custom Domains",
    ),
    Provider(
        "Heroku", hosts=("herokudns.com", "herokuapp.com"),
        https="heroku certs:auto:enable, and heroku domains to see the target of the name",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ObservedNames:
    """The names and headers that a run has seen, in lower case."""

    servers: tuple[str, ...] = ()
    mail: tuple[str, ...] = ()
    sends: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()


def observe(answers: Iterable[tuple[Question[Any], Any]], domain: str) -> ObservedNames:
    """Collects names and headers from the answers of a run."""
    found: dict[str, list[str]] = {"servers": [], "mail": [], "sends": [], "hosts": [], "headers": []}
    for op, answer in answers:
        if isinstance(op, Query):
            found["hosts"] += answer.chain
            if op.name == domain and op.rdtype == "NS":
                found["servers"] += [record.lower() for record in answer.records]
            if op.name == domain and op.rdtype == "MX":
                found["mail"] += [record.split()[-1].lower() for record in answer.records]
            if op.name == domain and op.rdtype == "TXT":
                found["sends"] += [name.lower() for text in answer.records for name in INCLUDE.findall(text)]
        elif isinstance(op, HttpRequest):
            found["headers"] += [name for name, _ in answer.headers]
    return ObservedNames(**{name: tuple(dict.fromkeys(values)) for name, values in found.items()})


def detect(seen: ObservedNames) -> tuple[Provider, ...]:
    """The providers in use."""
    return tuple(
        one
        for one in PROVIDERS
        if any_below(seen.servers, one.servers)
        or any_below(seen.mail, one.mail)
        or any_below(seen.sends, one.sends)
        or any_below(seen.hosts, one.hosts)
        or set(seen.headers) & set(one.headers)
    )


def any_below(names: Iterable[str], suffixes: Iterable[str]) -> bool:
    known = list(suffixes)
    return any(name == suffix or name.endswith(f".{suffix}") for name in names for suffix in known)


def add_settings_paths(finding: Finding, providers: Iterable[Provider], seen: ObservedNames) -> Finding:
    """The finding with one line for each provider in use that says where to make the fix."""
    lines = [f"{one.title}: {place}" for one in providers if (place := settings_path(finding, one, seen))]
    return replace(finding, fix="\n".join([finding.fix, *lines])) if lines else finding


def settings_path(finding: Finding, provider: Provider, seen: ObservedNames) -> str:
    """Where to make the fix in the settings of one provider, or ""."""
    if finding.code in ABOUT_DKIM:
        return provider.dkim
    if "  IN  " in finding.fix:
        # Records are set at the provider of the name servers, not of the mail.
        return provider.records if any_below(seen.servers, provider.servers) else ""
    return provider.https if finding.code in ABOUT_HTTPS else ""


ABOUT_DKIM = frozenset({"MAIL007", "MAIL017"})
ABOUT_HTTPS = frozenset({"TLS001", "TLS002", "TLS003", "WEB001", "WEB004"})
