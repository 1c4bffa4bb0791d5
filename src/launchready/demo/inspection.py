"""Checks the sample domain: real queries over real sockets, against a zone with planted mistakes."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from launchready.checks.finding import Finding
from launchready.checks.report import Report
from launchready.checks.run import acheck
from launchready.demo import sample_domain
from launchready.demo.certificates import Certificates
from launchready.demo.nameserver import NameServer
from launchready.demo.website import LoopbackTransport, Website
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
            http=LoopbackTransport(website, certificates.ca_file),
            tls=Handshakes(connect=dict.fromkeys(hosts, website.https), ca_file=certificates.ca_file),
            rdap={"objectClassName": "domain", "ldhName": sample_domain.DOMAIN, "events": registration()},
        )


def missed(report: Report) -> list[str]:
    """List planted mistakes that the report misses, and undeterminable facts that it reports as known."""
    failed = [describe(finding) for finding in report if finding.status == "fail"]
    unknown = [describe(finding) for finding in report.undetermined]
    missing = [what for what, pattern in sample_domain.PLANTED.items() if not matches(pattern, failed)]
    failures = [f"the report names every planted mistake, also: {what}" for what in missing]
    if matches(sample_domain.UNDETERMINABLE, failed) or not matches(sample_domain.UNDETERMINABLE, unknown):
        failures.append("what cannot be known is reported as 'could not be checked'")
    return failures


def describe(finding: Finding) -> str:
    return f"{finding.code} {finding.subject} {finding.title} {finding.evidence}"


def matches(pattern: str, texts: list[str]) -> bool:
    return any(re.match(pattern, text, re.IGNORECASE | re.DOTALL) for text in texts)


def registration() -> list[dict[str, str]]:
    """RDAP events (RFC 9083 section 4.5): registered a year ago, expires in a year."""
    now = datetime.now(UTC)
    year = timedelta(days=365)
    return [
        {"eventAction": "registration", "eventDate": (now - year).isoformat()},
        {"eventAction": "expiration", "eventDate": (now + year).isoformat()},
    ]
