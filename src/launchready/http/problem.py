"""Refusals as problem documents (RFC 9457): ``application/problem+json`` with a stable ``type``.

Every refusal is ``no-store``: RFC 6585 §4 forbids storing a 429, and any other refusal too is valid for one request
only. ``retry-after`` is sent if waiting helps, in whole seconds.
"""

import json
from math import ceil

from launchready.http.message import Headers, Response

BASE = "https://launchready.dev/problems/"

TYPE = (b"content-type", b"application/problem+json")
NO_STORE = (b"cache-control", b"no-store")


def problem(  # one line per member of the document
    status: int,
    name: str,
    title: str,
    detail: str,
    *,
    retry_after: float | None = None,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    type_: str | None = None,
    **members: object,
) -> Response:
    """Build a refusal. ``name`` is the last part of its type; ``members`` are extension members (RFC 9457 §3.2)."""
    document = {"type": type_ or BASE + name, "title": title, "status": status, "detail": detail, **members}
    body = json.dumps(document, separators=(",", ":")).encode()
    lines: Headers = [TYPE, (b"content-length", b"%d" % len(body)), NO_STORE, *headers]
    if retry_after is not None:
        lines.append((b"retry-after", b"%d" % max(1, ceil(retry_after))))
    return Response(status, lines, body)
