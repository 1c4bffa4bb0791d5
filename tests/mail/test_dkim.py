"""DKIM keys: what a receiver can verify with. Keys are made here, so that no key stands in a file."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from launchready.mail.dkim import parse_key


def rsa_key(bits, form=PublicFormat.SubjectPublicKeyInfo):
    # A public key is all it takes: any number of that length is a modulus.
    numbers = rsa.RSAPublicNumbers(65537, (1 << (bits - 1)) | 12345)
    return base64.b64encode(numbers.public_key().public_bytes(Encoding.DER, form)).decode()


GOOD = rsa_key(2048)
EDWARDS = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
RAW = base64.b64encode(EDWARDS.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
WRAPPED = base64.b64encode(EDWARDS.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (f"v=DKIM1; k=rsa; p={GOOD}", "ok"),
        (f"p={GOOD}", "ok"),
        (f"v=DKIM1; p={GOOD[:40]} {GOOD[40:90]}\t{GOOD[90:]}", "ok"),
        (f"k=rsa; t=s; p={GOOD}", "ok"),
        (f"v=DKIM1; p={rsa_key(2048, PublicFormat.PKCS1)}", "ok"),
        (f"v=DKIM1; p={rsa_key(1024)}", "weak"),
        (f"v=DKIM1; p={rsa_key(1023)}", "unusable"),
        (f"v=DKIM1; k=ed25519; p={RAW}", "ok"),
        (f"v=DKIM1; k=ed25519; p={WRAPPED}", "unusable"),
        ("v=DKIM1; p=", "revoked"),
        ("v=DKIM1; p= ;", "revoked"),
        ("v=DKIM1; k=rsa", "unusable"),
        (f"v=DKIM1; p={GOOD[:100]}", "unusable"),
        (f"v=DKIM1; p={GOOD[:-7]}!!", "unusable"),
        (f"v=DKIM1; h=sha1; p={GOOD}", "unusable"),
        (f"v=DKIM1; h=sha1:sha256; p={GOOD}", "ok"),
        (f"v=DKIM1; s=calendar; p={GOOD}", "unusable"),
        (f"v=DKIM1; s=email; p={GOOD}", "ok"),
        (f"v=DKIM2; p={GOOD}", "unusable"),
        (f"p={GOOD}; v=DKIM1", "unusable"),
        (f"v=DKIM1; k=dsa; p={GOOD}", "unusable"),
        (f"v=DKIM1; k=rsa; k=rsa; p={GOOD}", "unusable"),
        (f"v=DKIM1; k=rsa; note; p={GOOD}", "unusable"),
        ("some other text", "missing"),
    ],
)
def test_status(text, status):
    """RFC 6376 section 3.6.1, RFC 8301 section 3, RFC 8463 section 4."""
    assert parse_key([text]).status == status


def test_size():
    """The length of the modulus, in both forms a key is published in."""
    assert parse_key([f"p={rsa_key(2048)}"]).bits == 2048
    assert parse_key([f"p={rsa_key(1536, PublicFormat.PKCS1)}"]).bits == 1536


def test_two_keys_at_one_selector():
    """Undefined which one is used (RFC 6376 section 3.6.2.2): both are shown."""
    found = parse_key([f"v=DKIM1; p={GOOD}", f"v=DKIM1; p={rsa_key(3072)}"])
    assert len(found.records) == 2
    assert found.status == "weak"


@given(st.lists(st.text() | st.from_regex(r"\Ap=[A-Za-z0-9+/=]*\Z"), max_size=3))
def test_never_raises(texts):
    """Whatever stands in the DNS."""
    parse_key(texts)


@given(st.binary(max_size=80))
def test_never_raises_for_any_key(octets):
    """Whatever is behind the base64."""
    parse_key([f"p={base64.b64encode(octets).decode()}"])
