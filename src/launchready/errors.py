"""Every exception of the library, in one tree.

::

    LaunchReadyError
    ├── ConfigError             settings that cannot work; all mistakes in one, raised when the app is built
    ├── MissingExtra            a package that is not installed; says which extra to install (an ImportError, too)
    ├── StoreError              the store did not do what was asked
    │   ├── StoreUnavailable    refused, hung, restarting, read-only: try again later
    │   └── StoreFull           a bound was reached, and what is there may not be dropped
    └── IdempotencyError        raised by ``@idempotent`` on a plain function; inside a request it is an HTTP answer
        ├── InFlight            the first call with this key is still running
        ├── OutcomeUnknown      the first call died before it answered; what it did is not known
        ├── KeyReused           the key was used before with other arguments
        └── ClaimLost           an attempt that came too late asks whether it may go on: it may not
    SafeToRetry                 raised by a handler that knows that nothing happened: frees the key

``SafeToRetry`` stands outside the tree: it is the handler's own word, and ``except LaunchReadyError`` must not eat it.
"""

from collections.abc import Sequence


class LaunchReadyError(Exception):
    """The root. ``status`` is the HTTP status to answer with where this reaches a client."""

    status = 500


class ConfigError(LaunchReadyError):
    """Settings that cannot work.

    - ``problems``: one line each: what is wrong, then what to write instead.
    - Raised once, with all problems, when the app is built; never at request time.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "launchready: 1 setting to correct" if count == 1 else f"launchready: {count} settings to correct"
        super().__init__("\n  - ".join([head, *self.problems]))


class MissingExtra(LaunchReadyError, ImportError):
    """A package that an extra would have installed. The message is the command to run."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f'{what} needs the extra "{extra}". Run: pip install "launchready[{extra}]"')


class StoreError(LaunchReadyError):
    """The store did not do what was asked. Whether to go on without it is the feature's decision."""

    status = 503


class StoreUnavailable(StoreError):
    """The store could not be reached, or did not answer in time. Whether the operation took effect is not known."""


class StoreFull(StoreError):
    """A bound was reached, and nothing there may be dropped to make room."""


class IdempotencyError(LaunchReadyError):
    """What ``@idempotent`` raises on a plain function. ``status`` is what a web request would have been answered."""

    status = 409


class InFlight(IdempotencyError):
    """The first call with this key is still running. ``retry_after``: seconds after which to ask again."""

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OutcomeUnknown(IdempotencyError):
    """The first call with this key ended without an answer; it may have had its effect. Find out before retrying."""


class KeyReused(IdempotencyError):
    """The key was used before with other arguments."""

    status = 422


class ClaimLost(IdempotencyError):
    """This attempt stood still for too long, and its key was taken over or resolved. It must not go on."""


class SafeToRetry(Exception):
    """Raise from a handler that knows that nothing happened: the key is free again, and a retry runs the handler."""


class CheckUnavailable(StoreUnavailable, SafeToRetry):
    """``current().check()`` could not reach the store, before the effect: the key is freed, and a retry is safe."""
