"""Where a view's key stands: ``"header"``, ``"form:NAME"``, ``"json:NAME"``, or what a function finds."""

import json
from collections.abc import Callable
from io import BytesIO
from urllib.parse import parse_qs

from launchready.core.idempotency import IssuedKey, KeyFinder, refusals
from launchready.http.message import Request, Response
from launchready.settings.form_token import PREFIX, genuine
from launchready.settings.problems import Problems

Key = str | Callable[..., object]


def finder(problems: Problems, where: str, key: object) -> KeyFinder | None:
    """None: the header, or a function of the framework's request."""
    if callable(key) or key == "header":
        return None
    kind, _, name = key.partition(":") if isinstance(key, str) else ("", "", "")
    if kind == "json" and name:
        return lambda _, body: json_field(bytes(body), name)
    if kind == "form" and name:
        return lambda request, body: _form_key(request, bytes(body), name)
    problems.add(f'{where}={key!r}; write "header", "form:_idem", "json:id" or a function')
    return None


def json_field(body: bytes, name: str) -> str | None:
    """``name`` may lead inwards: ``data.id``."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def _form_key(request: Request, body: bytes, name: str) -> str | Response | None:
    key = form_value(request.get(b"content-type") or b"", body, name)
    if key is None or not key.startswith(PREFIX):
        return key
    return IssuedKey(key) if genuine(key) else refusals.malformed()


def form_value(kind: bytes, body: bytes, name: str) -> str | None:
    if kind.partition(b";")[0].strip().lower() != b"multipart/form-data":
        values = parse_qs(body.decode("utf-8", "replace")).get(name)
        return values[0] if values else None
    from werkzeug.formparser import FormDataParser  # noqa: PLC0415 - only where a form carries a file
    from werkzeug.http import parse_options_header  # noqa: PLC0415

    mimetype, options = parse_options_header(kind.decode("latin-1"))
    parser = FormDataParser(stream_factory=lambda *_, **__: BytesIO(), silent=True)  # files are not looked at
    _, form, _ = parser.parse(BytesIO(body), mimetype, len(body), options)
    return form.get(name)
