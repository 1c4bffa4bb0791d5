"""The launch checks of the sample domain: real questions over real sockets, to a zone with planted mistakes."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from launchready.checks.finding import Finding
from launchready.checks.report import Report
from launchready.checks.run import acheck
from launchready.demo import sample_domain
from launchready.demo.certificates import Certificates
from launchready.demo.nameserver import NameServer
from launchready.demo.website import Loopback, Website
from launchready.net.tls import Handshakes


async def inspect(folder: Path) -> Report:
    certificates = Certificates(folder)
    sample_domain.certify(certificates)
    zone = NameServer(sample_domain.DOMAIN, sample_domain.ZONE, failing=sample_domain.FAILING)
    async with zone, Website(sample_domain.site, certificates.context()) as website:
        hosts = (sample_domain.DOMAIN, *(f"{name}.{sample_domain.DOMAIN}" for name in ("www", *sample_domain.HOSTS)))
        return await acheck(
            sample_domain.DOMAIN,
            hosts=sample_domain.HOSTS,
            canonical="apex",
            dkim_selectors=sample_domain.SELECTORS,
            sends_mail=True,
            webhooks=[sample_domain.WEBHOOK],
            resolver=zone.address,
            nameservers={"192.0.2.53": zone.address, "198.51.100.53": zone.address},
            http=Loopback(website, certificates.ca_file),
            tls=Handshakes(connect=dict.fromkeys(hosts, website.https), ca_file=certificates.ca_file),
            rdap={"objectClassName": "domain", "ldhName": sample_domain.DOMAIN, "events": registration()},
        )


def overlooked(report: Report) -> list[str]:
    """What was planted and is not in the report, and what is told as known that nobody can know."""
    failed = [described(finding) for finding in report if finding.status == "fail"]
    unknown = [described(finding) for finding in report.undetermined]
    missing = [what for what, pattern in sample_domain.PLANTED.items() if not seen(pattern, failed)]
    broken = [f"the report names every planted mistake, also: {what}" for what in missing]
    if seen(sample_domain.UNKNOWABLE, failed) or not seen(sample_domain.UNKNOWABLE, unknown):
        broken.append("what cannot be known is reported as 'could not be checked'")
    return broken


def described(finding: Finding) -> str:
    return f"{finding.code} {finding.subject} {finding.title} {finding.evidence}"


def seen(pattern: str, texts: list[str]) -> bool:
    return any(re.match(pattern, text, re.IGNORECASE | re.DOTALL) for text in texts)


def registration() -> list[dict[str, str]]:
    """The registry's own dates: registered last year, paid for another year (RFC 9083 §4.5)."""
    now = datetime.now(UTC)
    year = timedelta(days=365)
    return [
        {"eventAction": "registration", "eventDate": (now - year).isoformat()},
        {"eventAction": "expiration", "eventDate": (now + year).isoformat()},
    ]
