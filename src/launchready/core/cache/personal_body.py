"""Personal values in a body: one-time tokens of forms, our own signed keys, and cookie values of the visitor.

A page with a one-time token is for one visitor: served to another, the second visitor acts with the token of the first.
Bodies are searched decoded. A page in an encoding that cannot be decoded here cannot be searched and is not stored.
"""

import re
import zlib
from html import unescape

from launchready.core.cache.stored_response import ENCODED, SEARCHED, StoredResponse
from launchready.http.message import Request

MAX_DECODED = 16 * 1024 * 1024
"""Bytes of a decoded body; a larger one counts as personal."""

OWN_KEY = re.compile(rb"lr\.[0-9a-f]{32}\.[\w-]{1,16}\.[\w-]{20,}")
"""A key of ``form_field()``, as signed by launchready.settings.form_token."""

SUSPICIOUS = (
    b"csrf", b"xsrf", b"token", b"nonce", b"authenticity", b"verification", b"forgery", b"viewstate", b"form_key",
    b"formkey", b"form-key", b"form_build", b"form-build", b"formbuild", b"sesskey", b"_idem", b"idempotency",
    b"one_time", b"one-time", b"onetime", b"&#", b"\0",
)  # fmt: skip
"""Substrings in lower case, one of which every token name contains; or the name may be encoded."""

# Content types in which tokens are searched: pages, fragments, and data that scripts read.
_SEARCHED = re.compile(rb"^(?:text/html|(?:text|application|image)/(?:[\w.-]+\+)?(?:xml|json)|$)", re.IGNORECASE)

# A tag that may carry a token, with its attributes. Quoted values may contain ">".
_TAG = re.compile(
    rb"<(?:[\w-]+:)?(?:input|meta|textarea|button|form|select)\b((?:[^>\"']|\"[^\"]*\"|'[^']*')*+)", re.IGNORECASE
)
_NAMED = re.compile(rb"\b(?:name|id|property)\s*=\s*(?:\"([^\"]*)|'([^']*)|([^\s\"'>]+))", re.IGNORECASE)
_TOKEN_NAME = re.compile(
    rb"csrf|xsrf|token|nonce|authenticity|request[-_]?verification|anti[-_]?forgery|viewstate|form[-_]?(?:key|build[-_]?id)"
    rb"|sesskey|_idem|idempotency|one[-_]?time",
    re.IGNORECASE,
)
# The same names in scripts and data: "csrfToken": "...", window.csrf = '...', hx-headers, data-csrf-token="...".
_ASSIGNED = re.compile(
    rb"(?:csrf|xsrf|authenticity[-_]?token|request[-_]?verification[-_]?token|anti[-_]?forgery|form[-_]?token"
    rb"|request[-_]?token|one[-_]?time[-_]?(?:token|key|code)|idempotency[-_]?key|wp_?nonce|sesskey)"
    rb"[\w-]{0,32}(?:\\?[\"']|&quot;|&#0?3[49];|\])?\s{0,8}[:=]\s{0,8}(?:\\?[\"'`]|&quot;|&#0?3[49];|[\w-]{16})",
    re.IGNORECASE,
)
_COOKIE = 16  # bytes; a shorter cookie value may occur in a page by chance


def is_searched(content_type: bytes) -> bool:
    """Whether bodies of this type may carry one-time tokens."""
    return _SEARCHED.match(content_type.partition(b";")[0].strip()) is not None


def is_personal(request: Request, stored: StoredResponse, body: bytes) -> bool:
    """Whether a body holds a value for one visitor, or cannot be searched."""
    text = body
    if stored.flags & ENCODED:
        decoded = _decoded(body, stored.field(b"content-encoding"))
        if decoded is None:
            return bool(stored.flags & SEARCHED)
        text = decoded
    if b"\0" in text[:1024]:  # UTF-16 and UTF-32
        text = text.replace(b"\0", b"")
    if OWN_KEY.search(text):
        return True
    if not stored.flags & SEARCHED:
        return False
    if _ASSIGNED.search(text) or any(_names_token(tag[1]) for tag in _TAG.finditer(text)):
        return True
    values = (part.partition(b"=")[2].strip(b' \t"') for line in request.lines(b"cookie") for part in line.split(b";"))
    return any(len(value) >= _COOKIE and value in text for value in values)


def _names_token(attributes: bytes) -> bool:
    if b"&" in attributes:
        attributes = unescape(attributes.decode("latin-1")).encode("latin-1", "replace")
    return any(_TOKEN_NAME.search(b"".join(found)) for found in _NAMED.findall(attributes))


def _decoded(body: bytes, encodings: bytes) -> bytes | None:
    """The body without its content codings; None if one is unknown, or the body is broken or too large."""
    for encoding in reversed(encodings.lower().split(b",")):
        name = encoding.strip()
        if name in (b"", b"identity"):
            continue
        if name not in (b"gzip", b"x-gzip", b"deflate"):
            return None
        # 47: gzip or zlib by its header. Some servers send deflate without a header: -15.
        window = -zlib.MAX_WBITS if name == b"deflate" and body[:1] and body[0] & 15 != 8 else 47
        plain = b""
        try:
            while body:
                inflater = zlib.decompressobj(window)
                plain += inflater.decompress(body, MAX_DECODED - len(plain) + 1)
                if len(plain) > MAX_DECODED or not inflater.eof:
                    return None
                body = inflater.unused_data  # the next member of a gzip file
        except zlib.error:
            return None
        body = plain
    return body
