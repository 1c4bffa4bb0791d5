"""Keys as clients send them, and the digests that name them in a store."""

import hmac
import re
from hashlib import sha256

from launchready.exchange.app import Spooled
from launchready.http.message import Request, multipart_boundary
from launchready.http.structured import Token, parse_list, parse_string

HEADER = b"idempotency-key"

_bare = re.compile(rb"[\x21\x23-\x2b\x2d-\x7e]{1,255}").fullmatch
"""Visible ASCII; no comma: two lines joined on the way."""

_QUOTED = re.compile(rb"[\x21-\x7e]{1,255}")


class IssuedKey(str):
    """A key that this app issued and signed (a form token): no client chose it."""

    __slots__ = ()


class DerivedKey(str):
    """A key that the app's own function found: an order, an event. No client chose it, but a stranger may know it."""

    __slots__ = ()


def parse_key(lines: list[bytes]) -> bytes | None:
    """The key, or None where it is malformed: two lines, empty, over 255 characters, or not visible ASCII."""
    if len(lines) != 1:
        return None
    value = lines[0]
    if _bare(value):
        return value
    value = value.strip(b" \t")
    if value.startswith(b'"'):
        content = parse_string(value) or _with_parameters(value)
        return content if content is not None and _QUOTED.fullmatch(content) else None
    return value if _bare(value) else None


def _with_parameters(value: bytes) -> bytes | None:
    """An Item may have parameters, and those that are not defined are ignored (RFC 9651 §1.2)."""
    members = parse_list(value)
    item = members[0].value if members is not None and len(members) == 1 else None
    return item.encode() if isinstance(item, str) and not isinstance(item, Token) else None


def lookup_key(scope: str, key: bytes, secret: bytes | None = None) -> str:
    """A digest of scope and key, each preceded by its length: ("ab", "c") and ("a", "bc") are two keys.

    With a ``secret``, a reader of the store cannot test which key or user a digest belongs to.
    """
    user = scope.encode() if scope.isascii() else scope.encode("utf-8", "surrogatepass")
    text = b"%d:%b%d:%b" % (len(user), user, len(key), key)
    return sha256(text).hexdigest() if secret is None else hmac.digest(secret, text, "sha256").hex()


def name_of(key: bytes, secret: bytes | None = None) -> str:
    """A digest of the key alone, so that an operator finds the record of a key that a customer reports."""
    return sha256(key).hexdigest()[:32] if secret is None else hmac.digest(secret, key, "sha256").hex()[:32]


def seal_root(root: str, id: str, secret: bytes | None) -> str:
    """Encrypt the root of downstream keys for the store, and decrypt it: the function is its own inverse.

    The root is an unkeyed digest of the key, so readers of the store could try keys against it. It is combined (XOR)
    with an HMAC of the record's id, which is as long and is used once. Without a secret it is stored as it is.
    """
    if secret is None or not root:
        return root
    pad = hmac.digest(secret, b"downstream root:" + id.encode(), "sha256")
    return (int.from_bytes(bytes.fromhex(root)) ^ int.from_bytes(pad)).to_bytes(32).hex()


SMALL = 64 * 1024
"""Bodies up to this many bytes are hashed together with the rest of the request."""


def fingerprint(request: Request, body: bytes | Spooled) -> bytes:
    """A digest of method, path, query, content type and body: requests with one fingerprint are the same request.

    Each part is preceded by its length. A large body, which may have been hashed on arrival, is represented by its own
    digest and has no length.
    """
    method, path, query = request.method.encode(), request.raw_path, request.query
    kind = request.get(b"content-type") or b""
    if b";" in kind:
        kind = kind.partition(b";")[0]
        if kind == b"multipart/form-data" and isinstance(body, bytes) and (boundary := multipart_boundary(request)):
            body = body.replace(boundary, b"")
    if isinstance(body, bytes) and len(body) <= SMALL:
        size, what = len(body), body
    else:
        size, what = -1, sha256(body).digest() if isinstance(body, bytes) else body.digest()
    text = b"%d %d %d %d %d\n%b%b%b%b%b" % (
        len(method), len(path), len(query), len(kind), size, method, path, query, kind, what,
    )  # fmt: skip
    return sha256(text).digest()
