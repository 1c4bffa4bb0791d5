"""DKIM public keys (RFC 6376, RFC 8301, RFC 8463), with which receivers verify signatures."""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from launchready.mail.tags import MAX_CHARACTERS, TOO_LONG

Status = Literal["missing", "revoked", "unusable", "weak", "ok"]
# RFC 8301 section 3.2: shorter keys than 1024 bits must not verify, 2048 are advised.
MUST_BITS = 1024
SHOULD_BITS = 2048


@dataclass(frozen=True, slots=True)
class DKIMKey:
    """The TXT records of one selector.

    - ``missing``: no key record. ``revoked``: an empty ``p=``. ``unusable``: no receiver can verify with it.
    - ``weak``: it works, but is shorter than advised. ``ok``: no problem.
    """

    status: Status
    record: str = ""
    key_type: str = ""
    bits: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    records: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether a receiver can verify signatures with it."""
        return self.status in ("ok", "weak")

    @property
    def testing(self) -> bool:
        """``t=y``: receivers are told to treat signed mail like unsigned mail."""
        return "y" in self.tags.get("t", "").replace(" ", "").split(":")


def parse_key(txts: Iterable[str]) -> DKIMKey:
    """Reads all TXT records at ``<selector>._domainkey.<domain>``. Never raises."""
    found = [txt for txt in txts if looks_like_a_key(txt)]
    return replace(read_key(found), records=tuple(found)) if found else DKIMKey("missing")


def read_key(found: Sequence[str]) -> DKIMKey:
    """Reads the first record. RFC 6376 does not define which of several records a receiver uses."""
    record = found[0]
    tags, order, errors = read_tags(record)
    problems: list[str] = []
    if len(found) > 1:
        problems.append(f"{len(found)} key records at one name: which one is used is undefined")
    key_type = tags.get("k", "rsa").lower()
    if "v" in tags and (order[0] != "v" or tags["v"] != "DKIM1"):
        problems.append("v must come first, and be DKIM1")
        return DKIMKey("unusable", record, key_type, 0, tags, tuple(problems))
    if "p" not in tags:
        return DKIMKey("unusable", record, key_type, 0, tags, (*problems, "p is missing"))
    encoded = re.sub(r"\s", "", tags["p"])
    if not encoded:
        return DKIMKey("revoked", record, key_type, 0, tags, tuple(problems))
    bits, unusable = key_size(key_type, encoded)
    unusable += [*restrictions(tags), *errors]
    if unusable:
        return DKIMKey("unusable", record, key_type, bits, tags, (*problems, *unusable))
    if key_type == "rsa" and bits < SHOULD_BITS:
        problems.append(f"RSA key of {bits} bits, {SHOULD_BITS} are advised")
    return DKIMKey("weak" if problems else "ok", record, key_type, bits, tags, tuple(problems))


def looks_like_a_key(txt: str) -> bool:
    """Whether a text was meant as a key. Other texts at the same name (wildcards) are ignored."""
    return re.search(r"(?:^|;)\s*(?:p\s*=|v\s*=\s*DKIM1)", txt[:MAX_CHARACTERS], re.IGNORECASE) is not None


def read_tags(record: str) -> tuple[dict[str, str], list[str], list[str]]:
    """The tags by name, their order, and the problems. A tag that is given twice or has no "=" makes the whole list
    invalid (section 3.2).
    """
    tags: dict[str, str] = {}
    problems = [TOO_LONG] if len(record) > MAX_CHARACTERS else []
    for part in record[:MAX_CHARACTERS].split(";"):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not name and not equals:
            continue
        if name in tags:
            problems.append(f"{name} is given twice")
        if not equals:
            problems.append(f"{part.strip()[:40]!r} is not a tag with a value")
        tags.setdefault(name, value)
    return tags, list(tags), problems


def restrictions(tags: Mapping[str, str]) -> list[str]:
    """Tags that forbid a receiver to use the key for mail."""
    found = []
    hashes = [part.strip() for part in tags.get("h", "sha256").lower().split(":")]
    if "sha256" not in hashes:
        found.append(f"h={tags['h']} leaves out sha256, the only hash that is still accepted")
    services = [part.strip() for part in tags.get("s", "*").lower().split(":")]
    if not {"*", "email"} & set(services):
        found.append(f"s={tags['s']} does not allow e-mail")
    return found


def pem_body(text: str) -> str:
    """The base64 text of a public key in a PEM file, or ""."""
    match = re.search(r"-----BEGIN (?:RSA )?PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END", text)
    return re.sub(r"\s", "", match[1]) if match else ""


def key_size(key_type: str, encoded: str) -> tuple[int, list[str]]:
    """The size of a key, and the reasons why it cannot be used."""
    if key_type not in ("rsa", "ed25519"):
        return 0, [f"k={key_type} is not a key type that receivers know"]
    if "-----" in encoded:
        return 0, ["p is a PEM file: publish only the text between its BEGIN and END lines"]
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return 0, ["p is not base64: the record was cut off, or changed when it was pasted"]
    if key_type == "ed25519":
        # RFC 8463 section 4.2: the 32 octets themselves, not a SubjectPublicKeyInfo.
        return len(key) * 8, [] if len(key) == 32 else [f"an Ed25519 key is 32 octets, this one is {len(key)}"]
    bits = rsa_bits(key)
    if bits == 0:
        return 0, ["p is not an RSA key: the record was cut off, or changed when it was pasted"]
    return bits, [f"RSA key of {bits} bits, receivers refuse less than {MUST_BITS}"] if bits < MUST_BITS else []


def rsa_bits(der: bytes) -> int:
    """The length of the modulus of a SubjectPublicKeyInfo or of a bare RSAPublicKey (both occur), or 0."""
    try:
        outer = der_content(der, 0x30)
        if outer[:1] == b"\x30":
            algorithm = der_content(outer, 0x30)
            bits = der_content(outer[der_header_length(outer) + len(algorithm) :], 0x03)
            # The first octet of a BIT STRING counts the unused bits at its end.
            outer = der_content(bits[1:], 0x30)
        return int.from_bytes(der_content(outer, 0x02), "big").bit_length()
    except ValueError:
        return 0


def der_header_length(der: bytes) -> int:
    """The number of octets before the content of a DER element (X.690 section 8.1)."""
    if len(der) < 2:
        raise ValueError("cut off")
    return 2 + (der[1] & 0x7F if der[1] & 0x80 else 0)


def der_content(der: bytes, tag: int) -> bytes:
    """The content of the first DER element. ValueError if it is of another type or truncated."""
    start = der_header_length(der)
    if der[0] != tag:
        raise ValueError("another element")
    size = der[1] if start == 2 else int.from_bytes(der[2:start], "big")
    if len(der) < start + size:
        raise ValueError("cut off")
    return der[start : start + size]
