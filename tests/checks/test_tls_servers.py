"""Certificates and handshakes of real servers, with a test authority: what each fault is called, and that none hangs."""

import datetime as dt
import ssl

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from checks.loopback import Served, nothing, silence
from checks.world import DOMAIN, check
from launchready.net.tls import Handshakes

HOST = f"app.{DOMAIN}"
NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


def context(*, old=False):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if old:
        made.minimum_version = ssl.TLSVersion.TLSv1
        made.maximum_version = ssl.TLSVersion.TLSv1_1
        made.set_ciphers("ALL:@SECLEVEL=0")
    return made


def issued(authority, *names, chain=True, old=False, **more):
    """A server context with a certificate of the test authority."""
    made = context(old=old)
    leaf = authority.issue_cert(*names, **more)
    if chain:
        leaf.configure_cert(made)
    else:
        with leaf.private_key_and_cert_chain_pem.tempfile() as path, leaf.cert_chain_pems[0].tempfile() as alone:
            made.load_cert_chain(alone, path)
    return made


def alone(tmp_path):
    """A certificate that signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(NOW - DAY).not_valid_after(NOW + 90 * DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path / "alone.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    )
    served = context()
    served.load_cert_chain(path)
    return served


def refusing(authority):
    """A server that knows no site of this name (SNI) and says so."""
    made = issued(authority, HOST)
    made.sni_callback = lambda *_: ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
    return made


def asking(authority, mode):
    """A server that asks for the client's certificate."""
    made = issued(authority, HOST)
    made.verify_mode = mode
    authority.configure_trust(made)
    return made


SERVERS = {
    "right": (lambda ca, _: issued(ca, HOST), {}),
    "expired": (lambda ca, _: issued(ca, HOST, not_before=NOW - 90 * DAY, not_after=NOW - DAY), {"TLS001": "critical"}),
    "expires tomorrow": (lambda ca, _: issued(ca, HOST, not_before=NOW - 80 * DAY, not_after=NOW + DAY),
                         {"TLS001": "critical"}),
    "wrong name": (lambda ca, _: issued(ca, "other.example"), {"TLS002": "critical"}),
    "self-signed": (lambda _, path: alone(path), {"TLS002": "critical"}),
    "unknown authority": (lambda *_: issued(trustme.CA(), HOST), {"TLS002": "high"}),
    "missing intermediate": (lambda ca, _: issued(ca.create_child_ca(), HOST, chain=False), {"TLS002": "high"}),
    "intermediate sent": (lambda ca, _: issued(ca.create_child_ca(), HOST), {}),
    "no site of this name (SNI)": (lambda ca, _: refusing(ca), {"TLS003": "critical"}),
    "asks for a client certificate": (lambda ca, _: asking(ca, ssl.CERT_OPTIONAL), {}),
}  # fmt: skip


def examine(address, authority, tmp_path, seconds=3.0):
    """The TLS part of the report about a business whose app is served there."""
    file = tmp_path / "ca.pem"
    file.write_bytes(authority.cert_pem.bytes())
    # All names lead there, so that nobody waits for an address of the sample zone.
    places = dict.fromkeys((HOST, DOMAIN, f"www.{DOMAIN}"), address)
    shakes = Handshakes(connect=places, ca_file=str(file), seconds=seconds)
    report, _ = check(tls=shakes, only=["tls"], hosts=["app"], now=NOW)
    return [finding for finding in report if HOST in finding.subject]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("kind", SERVERS)
def test_server(kind, tmp_path):
    """One fault, one finding."""
    authority = trustme.CA()
    made, expected = SERVERS[kind]
    with Served(nothing, made(authority, tmp_path)) as server:
        found = examine(server.address, authority, tmp_path)
    assert {one.code: one.severity for one in found if one.status == "fail"} == expected


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_tls_1_0_beside_a_right_one(tmp_path):
    """A server that still speaks it is found out, and its certificate is read all the same."""
    authority = trustme.CA()
    made = issued(authority, HOST)
    made.minimum_version = ssl.TLSVersion.TLSv1
    made.set_ciphers("ALL:@SECLEVEL=0")
    with Served(nothing, made) as server:
        found = examine(server.address, authority, tmp_path)
    assert [(one.code, one.severity) for one in found] == [("TLS004", "medium")]
    assert "TLSv1.1" in found[0].evidence


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_only_tls_1_0(tmp_path):
    """Browsers cannot connect to it at all."""
    authority = trustme.CA()
    with Served(nothing, issued(authority, HOST, old=True)) as server:
        found = examine(server.address, authority, tmp_path)
    assert [(one.code, one.severity) for one in found] == [("TLS003", "critical")]


def test_a_client_certificate_that_is_required(tmp_path):
    """Under TLS 1.3 the handshake ends before the server refuses: the certificate is read, and is fine."""
    authority = trustme.CA()
    with Served(nothing, asking(authority, ssl.CERT_REQUIRED)) as server:
        found = examine(server.address, authority, tmp_path)
    assert [one.code for one in found if one.status == "fail"] == []


@pytest.mark.parametrize("talk", [silence, nothing])
def test_a_server_that_hangs_in_the_handshake(talk, tmp_path):
    """Silence is neither fine nor broken: undetermined, within the time for one handshake."""
    with Served(talk) as server:
        found = examine(server.address, trustme.CA(), tmp_path, seconds=0.5)
    assert {one.status for one in found} == {"undetermined"}


def test_a_refused_connection(tmp_path):
    """Nobody listens there: an answer, and a finding."""
    with Served(nothing) as server:
        address = server.address
    found = examine(address, trustme.CA(), tmp_path)
    assert [(one.code, one.severity) for one in found] == [("TLS003", "critical")]


def test_a_server_that_speaks_something_else(tmp_path):
    """Plain text on the port for https."""

    async def chatty(_reader, writer):
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()

    with Served(chatty) as server:
        found = examine(server.address, trustme.CA(), tmp_path)
    assert [(one.code, one.severity) for one in found] == [("TLS003", "critical")]
