"""Conversions between the WSGI environ (PEP 3333) and Request, Response and Headers."""

import itertools
import sys
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from launchready.http.message import Headers

Environ = dict[str, Any]

_CONDITIONS = ("if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "range")
_REASONS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


def status_line(status: int) -> str:
    return _REASONS.get(status) or f"{status} Unknown"


def native_headers(headers: Headers) -> list[tuple[str, str]]:
    """Return header names in title case, the convention of WSGI."""
    return [(name.decode("latin-1").title(), value.decode("latin-1")) for name, value in headers]


def route_path(environ: Environ) -> str:
    """Return PATH_INFO, the path that the app routes. Several leading slashes count as one, as in Werkzeug."""
    path: str = environ.get("PATH_INFO", "")
    if not path.isascii():
        path = path.encode("latin-1").decode("utf-8", "replace")
    return path if path[:1] == "/" and path[1:2] != "/" else "/" + path.lstrip("/")


def prefix_of(environ: Environ) -> str:
    """Return SCRIPT_NAME, decoded."""
    root: str = environ.get("SCRIPT_NAME", "")
    return root if root.isascii() else root.encode("latin-1").decode("utf-8", "replace")


def raw_path(environ: Environ) -> bytes:
    """Return the path as it was sent, if the server provides it; else the decoded path of PEP 3333, encoded again."""
    raw: str = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    if raw.startswith("/"):  # an absolute-form target holds the host too (RFC 9112 §3.2.2)
        return raw.partition("?")[0].encode("latin-1")
    return percent_encode(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""), "latin-1")


def percent_encode(path: str, charset: str = "utf-8") -> bytes:
    """Encode a decoded path. Different paths have different encodings."""
    from urllib.parse import quote  # noqa: PLC0415 - rarely needed

    return quote(path.encode(charset, "surrogatepass"), safe="/:@!$&'()*+,;=~-._").encode()


def request_headers(environ: Environ) -> Headers:
    headers = [
        (_NAMES.get(key) or _name(key), value.encode("latin-1"))
        for key, value in environ.items()
        if key.startswith("HTTP_")
    ]
    for key, name in (("CONTENT_TYPE", b"content-type"), ("CONTENT_LENGTH", b"content-length")):
        if environ.get(key):
            headers.append((name, environ[key].encode("latin-1")))
    return headers


_NAMES: dict[str, bytes] = {}


def _name(key: str) -> bytes:
    """Return the header name of an environ key. The first 256 names are cached, so clients cannot grow the cache."""
    name = key[5:].replace("_", "-").lower().encode("latin-1")
    if len(_NAMES) < 256:
        _NAMES[sys.intern(key)] = name
    return name


def set_conditional_headers(environ: Environ, headers: Headers) -> None:
    """Replace the conditional headers of a request: the cache validates a stored response with its own."""
    fields = dict(headers)
    for name in _CONDITIONS:
        value = fields.get(name.encode())
        if value is None:
            environ.pop(environ_key(name), None)
        else:
            environ[environ_key(name)] = value.decode("latin-1")


def environ_key(name: str) -> str:
    return "HTTP_" + name.upper().replace("-", "_")


def read_up_to(
    chunks: Iterator[bytes], first: bytes | None, limit: int, is_late: Callable[[], bool]
) -> bytes | Iterator[bytes]:
    """Return the whole body, or an iterator over all chunks if it exceeds ``limit`` bytes or ``is_late()``."""
    parts = [] if first is None else [first]
    size = 0 if first is None else len(first)
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > limit or is_late():
            return itertools.chain(parts, chunks)
    return b"".join(parts) if size <= limit else iter(parts)
