"""What the signatures of providers have in common."""

import base64
import binascii
import hmac
from hashlib import sha256

from launchready.http.message import Request

TOLERANCE = 300.0
"""Seconds that a signed time may be off: what all of them recommend. A replayed older one is not the provider's."""


def text(request: Request, name: bytes) -> str:
    """A header, or ""."""
    return (request.get(name) or b"").decode("latin-1")


def hexdigest(secret: bytes, data: bytes) -> str:
    return hmac.new(secret, data, sha256).hexdigest()


def b64digest(secret: bytes, data: bytes) -> str:
    return base64.b64encode(hmac.digest(secret, data, "sha256")).decode()


def decoded(secret: str) -> bytes:
    """A secret in base64; one that is not stands for itself."""
    try:
        return base64.b64decode(secret, validate=True)
    except binascii.Error:
        return secret.encode()


def same(signed: str, given: str) -> bool:
    """In constant time: a signature must not be guessed byte by byte."""
    return hmac.compare_digest(signed.encode(), given.encode("utf-8", "replace"))


def fresh(moment: str, now: float) -> str | None:
    """None where the signed time, in seconds since 1970, is near; else what is wrong."""
    if not moment.isdecimal() or len(moment) > 12:
        return "no time was signed"
    return None if abs(now - int(moment)) <= TOLERANCE else "the signed time is more than five minutes away"
