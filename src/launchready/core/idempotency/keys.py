"""Keys as clients send them, and the digests that stand for them in a store."""

import hmac
import re
from hashlib import sha256

from launchready.http.message import Request
from launchready.http.structured import parse_string

HEADER = b"idempotency-key"

_BARE = re.compile(rb"[\x21\x23-\x2b\x2d-\x7e]{1,255}")  # visible ASCII; no comma: two lines joined on the way
_QUOTED = re.compile(rb"[\x21-\x7e]{1,255}")


def parse_key(lines: list[bytes]) -> bytes | None:
    """The key, or None where it is malformed: two lines, empty, over 255 characters, or not visible ASCII."""
    if len(lines) != 1:
        return None
    value = lines[0].strip(b" \t")
    if value.startswith(b'"'):
        content = parse_string(value)
        return content if content is not None and _QUOTED.fullmatch(content) else None
    return value if _BARE.fullmatch(value) else None


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


def fingerprint(request: Request, body: bytes) -> bytes:
    """What must be the same for a request to be the same: method, path, query, content type and body."""
    method, kind = request.method.encode(), request.get(b"content-type") or b""
    kind, _, rest = kind.partition(b";")
    if kind == b"multipart/form-data" and b"boundary=" in rest:  # a browser draws a new one for every click
        body = body.replace(rest.partition(b"boundary=")[2].partition(b";")[0].strip(b'" '), b"")
    path, query = request.raw_path, request.query
    head = b"%d:%b%d:%b%d:%b%d:%b" % (len(method), method, len(path), path, len(query), query, len(kind), kind)
    return sha256(head + sha256(body).digest()).digest()
