"""How claims are written down: signed where there is a secret, so that who can write the store cannot write answers.

The signature is itsdangerous' (HMAC-SHA-256, a key of its own derived from the secret); what it covers names the key
under which the record stands, so that one record put in another's place is noticed as well. With ``encrypt`` the whole
record is Fernet's (AES-128-CBC and HMAC-SHA-256), by cryptography. What does not verify is not believed and not
overwritten: its outcome is unknown.
"""

import base64
import hmac
import os
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from hashlib import sha256

from launchready.core.idempotency import ClaimRecord, KeyContext, claims, dump, load
from launchready.core.idempotency.record import UNREADABLE
from launchready.exchange.store import Space

PURPOSE = "launchready.idempotency"


token = partial(os.urandom, 9)
"""Names one attempt, in whatever process."""


@lru_cache(maxsize=32)
def derived(secret: str, purpose: str) -> bytes:
    """A key for one purpose: what is learnt of one says nothing about another."""
    return hmac.digest(secret.encode(), purpose.encode(), "sha256")


def key_context(secret: str | None = None, fallbacks: Sequence[str] = (), *, encrypt: bool = False) -> KeyContext:
    """What the rules of an app share. Without a secret digests are plain and answers unsigned.

    ``fallbacks``: secrets that were in use before, the newest first; each has a context of its own.
    """
    if secret is None:
        return KeyContext(token)
    older = tuple(key_context(each, encrypt=encrypt) for each in reversed(fallbacks))
    keyed = derived(secret, PURPOSE + ".keys")
    seal = derived(secret, PURPOSE + ".answers")
    return KeyContext(token, keyed, _encrypted(seal) if encrypt else _signed(seal), older)


def signing(*keys: bytes) -> tuple[Callable[[bytes], bytes], Callable[[bytes], bytes | None]]:
    """Sign with the last key, and read what was signed with any of them; None where it does not verify."""
    from itsdangerous import BadSignature, Signer  # noqa: PLC0415 - only where there is a secret

    signer = Signer(list(keys), PURPOSE, key_derivation="none", digest_method=sha256)

    def unsign(signed: bytes) -> bytes | None:
        if not isinstance(signed, bytes):  # SQLite keeps text as such, whatever its column is said to hold
            return None
        try:
            return signer.unsign(signed)
        except BadSignature:
            return None

    return signer.sign, unsign


def _signed(key: bytes) -> Space[ClaimRecord]:
    sign, unsign = signing(key)

    def write(record: ClaimRecord) -> bytes:
        return sign(dump(record))

    def read(signed: bytes) -> ClaimRecord:
        data = unsign(signed)
        return ClaimRecord(b"", UNREADABLE) if data is None else load(data)

    return claims(write, read)


def _encrypted(key: bytes) -> Space[ClaimRecord]:
    from cryptography.fernet import Fernet, InvalidToken  # noqa: PLC0415 - only where it is asked for

    fernet = Fernet(base64.urlsafe_b64encode(key))

    def write(record: ClaimRecord) -> bytes:
        return fernet.encrypt(dump(record))

    def read(data: bytes) -> ClaimRecord:
        try:
            return load(fernet.decrypt(data))
        except InvalidToken:
            return ClaimRecord(b"", UNREADABLE)

    return claims(write, read)
