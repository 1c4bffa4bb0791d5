"""Where a view's key stands: ``"header"``, ``"form:NAME"``, ``"json:NAME"``, or what a function finds."""

import json
from collections.abc import Callable
from urllib.parse import parse_qs

from launchready.http.message import Request
from launchready.settings.problems import Problems

Key = str | Callable[..., object]
Find = Callable[[Request, bytes], str | None]


def finder(problems: Problems, key: Key) -> Find | None:
    """None: the header, or a function of the framework's request."""
    if callable(key) or key == "header":
        return None
    kind, _, name = key.partition(":")
    if kind == "json" and name:
        return lambda _, body: json_field(body, name)
    if kind == "form" and name:
        return lambda _, body: form_value(body, name)
    problems.add(f'@idempotent: key={key!r}; write "header", "form:_idem", "json:id" or a function')
    return None


def json_field(body: bytes, name: str) -> str | None:
    """``name`` may lead inwards: ``data.id``."""
    try:
        value = json.loads(body)
    except ValueError:
        return None
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def form_value(body: bytes, name: str) -> str | None:
    values = parse_qs(body.decode("utf-8", "replace")).get(name)
    return values[0] if values else None
