"""The sample domain's web sites: each host shows its own certificate and the planted answers."""

import asyncio
from pathlib import Path

import httpx
import pytest

from launchready.demo import sample_domain
from launchready.demo.certificates import Certificates
from launchready.demo.website import LoopbackTransport, Website


async def answers(folder: Path, *requests: tuple[str, str]) -> list[httpx.Response | httpx.TransportError]:
    certificates = Certificates(folder)
    sample_domain.certify(certificates)
    found: list[httpx.Response | httpx.TransportError] = []
    async with Website(sample_domain.site, certificates.context()) as website:
        transport = LoopbackTransport(website, certificates.ca_file)
        for method, url in requests:
            try:
                found.append(await transport.handle_async_request(httpx.Request(method, url)))
            except httpx.TransportError as error:
                found.append(error)
    return found


def test_every_host_shows_its_own_certificate(tmp_path: Path) -> None:
    """Matching certificates are trusted; the hosting company's certificate is refused for its name."""
    hosts = ["https://coach.example/", "https://www.coach.example/", "https://app.coach.example/"]
    *good, bad = asyncio.run(answers(tmp_path, *(("GET", url) for url in [*hosts, "https://shop.coach.example/"])))
    assert [answer.status_code for answer in good if isinstance(answer, httpx.Response)] == [200, 301, 200]
    assert isinstance(bad, httpx.ConnectError)
    assert "certificate" in str(bad)


@pytest.mark.parametrize(
    ("method", "url", "status", "location"),
    [
        ("GET", "http://coach.example/", 200, None),
        ("GET", "http://app.coach.example/a", 301, "https://app.coach.example/a"),
        ("GET", "https://www.coach.example/a", 301, "https://coach.example/a"),
        ("POST", "https://api.coach.example/webhooks/stripe", 301, "https://api.coach.example/webhooks/stripe/"),
    ],
)
def test_the_answers_of_the_sites(tmp_path: Path, method: str, url: str, status: int, location: str | None) -> None:
    """Each host redirects, or fails to redirect, as planted."""
    (answer,) = asyncio.run(answers(tmp_path, (method, url)))
    assert isinstance(answer, httpx.Response)
    assert (answer.status_code, answer.headers.get("location")) == (status, location)
    assert "strict-transport-security" not in answer.headers
