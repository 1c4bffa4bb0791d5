"""The launch checks of the sample domain: real questions over real sockets, to a zone with planted mistakes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from launchready.checks.run import acheck
from launchready.demo import sample_domain
from launchready.demo.certificates import Certificates
from launchready.demo.nameserver import NameServer
from launchready.demo.website import Loopback, Website
from launchready.net.tls import Handshakes


async def inspect(folder: Path) -> Any:
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


def overlooked(report: Any) -> list[str]:
    """The planted mistakes that the report does not name."""
    found = {(finding.code, finding.subject) for finding in report}
    return [
        f"the report names what was planted: {what}"
        for what, where in sample_domain.PLANTED.items()
        if where not in found
    ]


def registration() -> list[dict[str, str]]:
    """The registry's own dates: registered last year, paid for another year (RFC 9083 §4.5)."""
    now = datetime.now(UTC)
    year = timedelta(days=365)
    return [
        {"eventAction": "registration", "eventDate": (now - year).isoformat()},
        {"eventAction": "expiration", "eventDate": (now + year).isoformat()},
    ]
