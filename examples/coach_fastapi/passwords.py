"""Passwords, stored as salted scrypt hashes."""

import hashlib
import hmac
import secrets

from coach_fastapi import settings


def scrypt_hash(password: str, salt: bytes) -> str:
    return salt.hex() + "$" + hashlib.scrypt(password.encode(), salt=salt, n=settings.PASSWORD_COST, r=8, p=1).hex()


def new_hash(password: str) -> str:
    return scrypt_hash(password, secrets.token_bytes(16))


def matches(password: str, stored: str | None) -> bool:
    """Check a password. Unknown accounts take the same time, so timing does not reveal which accounts exist."""
    expected = stored or UNKNOWN_ACCOUNT
    return (
        hmac.compare_digest(scrypt_hash(password, bytes.fromhex(expected.partition("$")[0])), expected)
        and stored is not None
    )


UNKNOWN_ACCOUNT = new_hash(secrets.token_hex())
