"""Certificates: validity, names, trust, and permission to renew (CAA)."""

from collections.abc import Iterable
from datetime import UTC, datetime

from launchready.checks.finding import Score, Severity
from launchready.checks.operations import AskAll, Handshake, Query, Undetermined, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.sanitize import Lines
from launchready.checks.shared_queries import reach
from launchready.checks.site import Site, registered
from launchready.net.answers import TlsFacts
from launchready.web import caa, certificate


def hosts(site: Site) -> Iterable[str]:
    return site.web


@rule(
    "TLS001",
    family="tls",
    topic="the certificate stays valid",
    subjects=hosts,
    after=("DNS002", "DNS003", "TLS003"),
)
def certificate_dates(site: Site, subject: str) -> Verdict:
    """Certificates are renewed in time, measured by the share of their life that is left
    (``launchready.web.certificate``).

    Overdue: less than a fifth of the life is left. Critical: expired, or overdue with less than 72 hours left.
    """
    op = Handshake(subject)
    yield op
    facts = known(op.answer)
    if not facts.probed or facts.not_after is None:
        return NOT_APPLICABLE
    start = facts.not_before
    left, share = certificate.left(facts.not_after if start is None else start, facts.not_after, site.now)
    overdue = share < certificate.OVERDUE if start is not None else left < certificate.LAST_HOURS
    early = start is not None and site.now < start
    if not overdue and not early:
        return FINE
    end = datetime.fromtimestamp(facts.not_after, UTC).strftime("%Y-%m-%d %H:%M UTC")
    severity: Severity = "critical" if left < certificate.LAST_HOURS or early else "high"
    if early:
        title = f"Browsers refuse to open {subject}: its certificate is not valid yet"
    elif left <= 0:
        title = f"Browsers refuse to open {subject}: its certificate has expired"
    else:
        title = f"{until(left)} nobody can open {subject} any more: its certificate expires and was not renewed"
    return [
        certificate_dates.fail(
            site,
            subject,
            title,
            severity=severity,
            when="48h",
            reason="customers cannot reach the site" + ("" if left <= 0 or early else " on a date that is known"),
            score=Score(4, reach(site, subject), 3 if left <= 0 or early else 2),
            minutes=20,
            evidence=f"certificate of {subject}: valid until {end}"
            + ("" if start is None else f", {max(0, round(100 * share))} % of its life left"),
            impact="Every visitor at once sees a warning instead of the site. Apps and webhooks stop as well.",
            fix="Renew now (certbot renew --force-renewal, or the button of your host) and reload the web "
            "server. Then find out why the renewal did not run.",
        )
    ]


def until(seconds: float) -> str:
    days = int(seconds // certificate.DAY)
    return f"In {days} day{'s' if days != 1 else ''}" if days else f"In {int(seconds // 3600)} hours"


@rule(
    "TLS002",
    family="tls",
    topic="the certificate is for this host and trusted",
    subjects=hosts,
    after=("DNS002", "DNS003", "TLS003"),
)
def certificate_name(site: Site, subject: str) -> Verdict:
    """Each host shows a certificate for its own name (RFC 9525), issued by an authority that browsers trust.

    A wrong name is reported first, because it explains everything else that is wrong.
    """
    op = Handshake(subject)
    yield op
    facts = known(op.answer)
    if not facts.probed:
        return NOT_APPLICABLE
    trouble = problem(facts, subject)
    if not trouble:
        return FINE
    complete = facts.chain_complete is not False
    return [
        certificate_name.fail(
            site,
            subject,
            f"Browsers refuse to open {subject}: {trouble}",
            severity="critical" if complete else "high",
            when="48h",
            reason="customers cannot reach the site",
            score=Score(4, reach(site, subject), 3),
            minutes=30,
            evidence=f"certificate of {subject}: for {', '.join(facts.names) or 'no name'}; issued by "
            f"{facts.issuer or 'unknown'}" + (f"; {facts.reason}" if facts.reason else ""),
            impact="Every visitor sees a warning instead of the site. Apps and webhooks do not connect at all.",
            fix=f"Have a certificate issued for {subject} (certbot -d {subject}, or add the domain at your host)."
            if complete
            else "Let the web server send the whole chain: with certbot use fullchain.pem, not cert.pem.",
        )
    ]


def problem(facts: TlsFacts, host: str) -> str:
    """The reason why a browser refuses the certificate, apart from its dates."""
    if facts.names and not certificate.covers(facts.names, host):
        return f"its certificate is for {facts.names[0]}, not for this name"
    if facts.self_signed:
        return "its certificate was not signed by an authority (self-signed)"
    if facts.chain_complete is False:
        return "the chain from its certificate to a known authority is incomplete (a missing intermediate)"
    if facts.trusted is False:
        return "its certificate comes from an authority that browsers do not know"
    return ""


@rule(
    "DNS008",
    family="dns",
    topic="your certificate authority may renew (CAA)",
    subjects=hosts,
    after=("DNS002", "DNS003"),
    merge=True,
)
def certificate_authority(site: Site, subject: str) -> Verdict:
    """The authority that renews your certificates is allowed to do so (CAA, RFC 8659).

    Section 3: the closest records decide, and an authority that gets no answer must refuse. SERVFAIL counts as such
    an answer; a timeout may have a local cause and does not.
    """
    # Registries publish no CAA for a whole top-level domain, so the walk ends at the registered domain.
    top = registered(subject)
    ops = {name: Query(name, "CAA") for name in caa.ancestors(subject) if name == top or name.endswith(f".{top}")}
    yield AskAll(ops.values())
    found = caa.judge(subject, site.ca, lambda name: ops[name].answer if name in ops else ())
    blocked = [one for one in map(caa.parse, found.records) if one.blocks]
    if found.unknown:
        answer = ops[found.unknown].answer
        if answer.status != "servfail":
            raise Undetermined(answer.question, answer.reason)
        address = Query(subject, "A")
        yield address
        if address.answer.status == "servfail":
            # No record of that name is answered: one cause for all of them.
            raise Undetermined(answer.question, answer.reason)
        what = "the records about it cannot be read"
        evidence: Lines = f"{answer.question} → {answer.reason}"
        fix = f"Ask your DNS provider why the CAA records of {found.unknown} are answered with an error."
    elif found.allowed or (not site.ca and not blocked):
        return FINE
    else:
        what = f"{site.ca or 'every authority'} is not allowed to issue"
        evidence = [f"CAA {found.source} → {record}" for record in found.records] + [f"CAA: {found.reason}"]
        fix = f'{found.source}.  300  IN  CAA  0 issue "{site.ca or "letsencrypt.org"}"'
        if blocked:
            what = f"an unknown rule forbids every authority ({blocked[0].tag})"
            fix = f"Delete the CAA record with the tag {blocked[0].tag}, or clear its critical flag (128)."
    return [
        certificate_authority.fail(
            site,
            subject,
            f"At the next renewal the certificate is refused, and browsers then refuse the site: {what} (CAA)",
            severity="high",
            when="48h",
            reason="customers cannot reach the site after the next renewal",
            score=Score(4, 3, 2),
            minutes=10,
            evidence=evidence,
            impact="Nobody notices until the certificate ends. Then everybody does, at once.",
            fix=fix,
        )
    ]
