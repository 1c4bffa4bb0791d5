"""Every exception of the library, in one tree.

::

    LaunchReadyError
    ├── ConfigError             invalid settings; lists all mistakes, raised when the app is built
    ├── MissingExtra            a package is not installed; names the extra to install (also an ImportError)
    ├── StoreError              the store operation failed
    │   ├── StoreUnavailable    refused, hung, restarting or read-only; try again later
    │   └── StoreFull           the store is full of entries that may not be evicted
    └── IdempotencyError        raised by ``@idempotent`` on a plain function; a web request gets an HTTP response
        ├── InFlight            the first call with this key is still running
        ├── OutcomeUnknown      the first call died before it responded; its effect is unknown
        ├── KeyReused           the key was used before with other arguments
        └── ClaimLost           this attempt is too late and must stop
    SafeToRetry                 raised by a handler that knows that nothing happened; releases the key

``SafeToRetry`` is outside the tree, so that ``except LaunchReadyError`` in an app does not catch it.
"""

from collections.abc import Sequence


class LaunchReadyError(Exception):
    """The root. ``status`` is the HTTP status of the response if the error reaches a client."""

    status = 500


class ConfigError(LaunchReadyError):
    """Invalid settings.

    - ``problems``: one line each, with the mistake and its correction.
    - Raised once, with all problems, when the app is built; never at request time.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "launchready: 1 setting to correct" if count == 1 else f"launchready: {count} settings to correct"
        super().__init__("\n  - ".join([head, *self.problems]))


class MissingExtra(LaunchReadyError, ImportError):
    """A package of an extra is not installed. The message holds the command to run."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f'{what} needs the extra "{extra}". Run: pip install "launchready[{extra}]"')


class StoreError(LaunchReadyError):
    """A store operation failed. Each feature decides whether to continue without the store."""

    status = 503


class StoreUnavailable(StoreError):
    """The store was unreachable or did not respond in time. Whether the operation took effect is unknown."""


class StoreFull(StoreError):
    """The store is full, and none of its entries may be evicted."""


class IdempotencyError(LaunchReadyError):
    """Raised by ``@idempotent`` on a plain function. ``status`` is the status that a web request would get."""

    status = 409


class InFlight(IdempotencyError):
    """The first call with this key is still running. ``retry_after``: seconds until the next attempt."""

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OutcomeUnknown(IdempotencyError):
    """The first call with this key ended without a result and may have had its effect. Find out before retrying."""


class KeyReused(IdempotencyError):
    """The key was used before with other arguments."""

    status = 422


class ClaimLost(IdempotencyError):
    """This attempt paused for too long, and its key was taken over or resolved. It must stop."""


class SafeToRetry(Exception):
    """Raised by a handler that knows that nothing happened. The key is released, and a retry runs the handler."""


class CheckUnavailable(StoreUnavailable, SafeToRetry):
    """``current().check()`` could not reach the store, before the effect: the key is freed, and a retry is safe."""
