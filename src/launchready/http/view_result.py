"""Convert the result of a view to a Response, for any framework.

No framework is imported: its responses are recognised by their attributes. Other values are read as in Flask: text,
bytes, a mapping or list as JSON, and ``(body, status)`` or ``(body, status, headers)``.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from launchready.http.message import Headers, Response


def to_response(given: Any) -> Response:
    """Raises TypeError for an unsupported value. ``body`` is None for a streaming response."""
    if isinstance(given, Response):
        return given
    if isinstance(given, tuple):
        body, status, *more = given
        made = to_response(body)
        return Response(int(status), made.headers + _lines(more[0] if more else ()), made.body)
    status = getattr(given, "status_code", None)
    if status is not None:
        return Response(int(status), _headers(given), _body(given))
    if isinstance(given, bytes):
        return _whole(b"application/octet-stream", given)
    if isinstance(given, str):
        return _whole(b"text/plain; charset=utf-8", given.encode())
    model = getattr(given, "model_dump", None)
    document = model(mode="json") if model is not None else given
    return _whole(b"application/json", json.dumps(document, separators=(",", ":")).encode())


def _whole(kind: bytes, body: bytes) -> Response:
    return Response(200, [(b"content-type", kind), (b"content-length", b"%d" % len(body))], body)


def _headers(given: Any) -> Headers:
    raw = getattr(given, "raw_headers", None)  # Starlette
    if raw is not None:
        return [(bytes(name).lower(), bytes(value)) for name, value in raw]
    return _lines(given.headers.items())


def _lines(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> Headers:
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return [(name.lower().encode("latin-1"), str(value).encode("latin-1")) for name, value in items]


def _body(given: Any) -> bytes | None:
    if getattr(given, "streaming", False):  # Django
        return None
    for name in ("body", "content"):
        found = getattr(given, name, None)
        if isinstance(found, bytes):
            return found
    read = getattr(given, "get_data", None)  # Werkzeug
    found = read() if read is not None else None
    return found if isinstance(found, bytes) else None
