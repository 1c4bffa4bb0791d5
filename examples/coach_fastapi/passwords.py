"""Passwords, kept as salted scrypt hashes."""

import hashlib
import hmac
import secrets

from coach_fastapi import settings


def scramble(password: str, salt: bytes) -> str:
    return salt.hex() + "$" + hashlib.scrypt(password.encode(), salt=salt, n=settings.PASSWORD_COST, r=8, p=1).hex()


def new_hash(password: str) -> str:
    return scramble(password, secrets.token_bytes(16))


def matches(password: str, stored: str | None) -> bool:
    """Without a stored hash the answer is no, after the same work: time does not tell which accounts exist."""
    known = stored or NOBODY
    return hmac.compare_digest(scramble(password, bytes.fromhex(known.partition("$")[0])), known) and stored is not None


NOBODY = new_hash(secrets.token_hex())
