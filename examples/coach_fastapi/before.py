"""Stand-in for the app without launchready: an `@idempotent` that does nothing."""

from collections.abc import Callable
from typing import Any


def idempotent(function: Callable[..., Any] | None = None, **_: object) -> Callable[..., Any]:
    return function or (lambda decorated: decorated)
