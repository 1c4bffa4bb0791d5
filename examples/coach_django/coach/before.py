"""Stand-ins for the app without launchready."""

import uuid
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse


def idempotent(function: Callable[..., Any] | None = None, **_: object) -> Callable[..., Any]:
    """A decorator that does nothing."""
    return function or (lambda decorated: decorated)


class AllowEverything:
    """A common prototype mistake: "it did not work from the web app, so I allowed everything"."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = HttpResponse() if request.method == "OPTIONS" else self.get_response(request)
        for name in ("origin", "methods", "headers"):
            response.headers[f"access-control-allow-{name}"] = "*"
        return response


class Unprotected:
    """Stand-in for the idempotency context: no key, so every attempt is a new one for the provider."""

    def downstream_key(self, _step: str = "") -> str:
        return str(uuid.uuid4())

    def metadata(self) -> dict[str, str]:
        return {}


def current() -> Unprotected:
    return Unprotected()
