"""Mail servers, greeted for real: aiosmtpd with and without STARTTLS, and servers that misbehave."""

import asyncio
import ssl

import pytest
import trustme
from aiosmtpd.controller import Controller

from checks.loopback import Served, silence
from checks.world import check, page
from launchready.net.smtp import Greeter
from launchready.net.tls import Handshakes
from support.servers import free_port

MX = "mx.mail.example"
STS = "https://mta-sts.coach.example/.well-known/mta-sts.txt"
TESTING = {STS: page(f"version: STSv1\nmode: testing\nmx: {MX}\nmax_age: 1\n", content_type="text/plain")}


class Nobody:
    """Takes no mail: nothing beyond STARTTLS may be tried."""

    async def handle_MAIL(self, *_):  # noqa: N802 - aiosmtpd's name
        raise AssertionError("a sender was named")


def mail_server(context=None):
    return Controller(Nobody(), hostname="127.0.0.1", port=free_port(), tls_context=context)


def greeted(address, ca_file=None, *, web=None, seconds=2.0):
    """What the report says about mail servers that are reached there."""
    greeter = Greeter(connect={MX: address}, handshakes=Handshakes(ca_file=ca_file), seconds=seconds)
    report, _ = check(smtp=greeter, only=["MAIL023"], web=web)
    return report


def context(authority, name):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(made)
    return made


def running(controller):
    controller.start()
    return controller.server.sockets[0].getsockname()


@pytest.mark.parametrize(
    ("name", "web", "expected"),
    [
        (MX, None, {}),
        ("other.example", None, {"MAIL023": ("critical", "48h")}),
        # Nobody insists on the right name there, so mail arrives.
        ("other.example", TESTING, {}),
    ],
)
def test_starttls(name, web, expected, tmp_path):
    """A certificate matters where a policy is enforced (RFC 8461 section 4.1)."""
    authority = trustme.CA()
    file = tmp_path / "ca.pem"
    file.write_bytes(authority.cert_pem.bytes())
    server = mail_server(context(authority, name))
    try:
        report = greeted(running(server), str(file), web=web)
    finally:
        server.stop()
    assert {one.code: (one.severity, one.when) for one in report} == expected


def test_an_unknown_authority(tmp_path):
    """Where a policy is enforced, a certificate of nobody's authority is refused."""
    server = mail_server(context(trustme.CA(), MX))
    try:
        report = greeted(running(server))
    finally:
        server.stop()
    assert [one.severity for one in report] == ["critical"]


@pytest.mark.parametrize(("web", "severity"), [(None, "critical"), (TESTING, "medium")])
def test_no_starttls(web, severity):
    """Mail in the open; where a policy insists on encryption, no mail at all."""
    server = mail_server()
    try:
        report = greeted(running(server), web=web)
    finally:
        server.stop()
    assert [(one.code, one.severity) for one in report] == [("MAIL023", severity)]


async def not_smtp(_reader, writer):
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
    await writer.drain()


async def endless(_reader, writer):
    while True:
        writer.write(b"220-more to come\r\n")
        await writer.drain()


async def shut(_reader, writer):
    writer.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize("talk", [silence, not_smtp, endless, shut])
def test_what_is_no_mail_server_says_nothing(talk):
    """Port 25 is closed from most networks: no answer proves nothing, and takes no longer than it may."""
    with Served(talk) as server:
        report = greeted(server.address, seconds=0.5)
    assert len(report) == 0
