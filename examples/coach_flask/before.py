"""Stand-ins for the app without launchready."""

import uuid
from collections.abc import Callable
from typing import Any


def idempotent(function: Callable[..., Any] | None = None, **_: object) -> Callable[..., Any]:
    return function or (lambda decorated: decorated)


class Unprotected:
    """Stand-in for the idempotency context: no key, so every attempt is a new one for the provider."""

    def downstream_key(self, _step: str = "") -> str:
        return str(uuid.uuid4())

    def metadata(self) -> dict[str, str]:
        return {}


def current() -> Unprotected:
    return Unprotected()
