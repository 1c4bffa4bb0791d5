"""Keys as clients send them, and the digests that stand for them in a store."""

import hmac
import re
from hashlib import sha256

from launchready.exchange.app import Spooled
from launchready.http.message import Request, drawn
from launchready.http.structured import Token, parse_list, parse_string

HEADER = b"idempotency-key"

_BARE = re.compile(rb"[\x21\x23-\x2b\x2d-\x7e]{1,255}")  # visible ASCII; no comma: two lines joined on the way
_QUOTED = re.compile(rb"[\x21-\x7e]{1,255}")


def parse_key(lines: list[bytes]) -> bytes | None:
    """The key, or None where it is malformed: two lines, empty, over 255 characters, or not visible ASCII."""
    if len(lines) != 1:
        return None
    value = lines[0].strip(b" \t")
    if value.startswith(b'"'):
        content = parse_string(value) or _with_parameters(value)
        return content if content is not None and _QUOTED.fullmatch(content) else None
    return value if _BARE.fullmatch(value) else None


def _with_parameters(value: bytes) -> bytes | None:
    """An Item may have parameters, and those that are not defined are ignored (RFC 9651 §1.2)."""
    members = parse_list(value)
    item = members[0].value if members is not None and len(members) == 1 else None
    return item.encode() if isinstance(item, str) and not isinstance(item, Token) else None


def lookup_key(scope: str, key: bytes, secret: bytes | None = None) -> str:
    """A digest of scope and key, each preceded by its length: ("ab", "c") and ("a", "bc") are two keys.

    With a ``secret`` nobody who reads the store can try out which key or user it stands for.
    """
    return named(scope, key, secret)[0]


def named(scope: str, key: bytes, secret: bytes | None = None) -> tuple[str, str]:
    """The lookup key, and a digest of the key alone: how the person on call finds what a customer reads out."""
    user = scope.encode("utf-8", "surrogatepass")
    text = b"%d:%b%d:%b" % (len(user), user, len(key), key)
    if secret is None:
        return sha256(text).hexdigest(), sha256(key).hexdigest()[:32]
    return hmac.digest(secret, text, "sha256").hex(), hmac.digest(secret, key, "sha256").hex()[:32]


def fingerprint(request: Request, body: bytes | Spooled) -> bytes:
    """What must be the same for a request to be the same: method, path, query, content type and body."""
    method, path, query = request.method.encode(), request.raw_path, request.query
    kind = (request.get(b"content-type") or b"").partition(b";")[0]
    if not isinstance(body, bytes):
        digest = body.digest()
    elif kind == b"multipart/form-data" and (boundary := drawn(request)):
        digest = sha256(body.replace(boundary, b"")).digest()
    else:
        digest = sha256(body).digest()
    head = b"%d:%b%d:%b%d:%b%d:%b" % (len(method), method, len(path), path, len(query), query, len(kind), kind)
    return sha256(head + digest).digest()
