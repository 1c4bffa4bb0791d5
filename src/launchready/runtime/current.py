"""The current exchange: how a decorated view finds the middleware that handles its request."""

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Protocol

from launchready.exchange.app import Feature
from launchready.http.message import Request, Response
from launchready.runtime.adapter import OperationAdapter
from launchready.runtime.claims.context import IdempotencyContext


class CurrentExchange(Protocol):
    """The interface of a middleware to a decorated view of the request that it handles."""

    request: Request

    @property
    def adapter(self) -> OperationAdapter:
        """The adapter that executes the operations of the app."""

    @property
    def caller(self) -> object:
        """The framework's request object."""

    def user(self) -> str | None:
        """Return the id of the framework's signed-in user, or None."""

    def native(self, response: Response) -> object:
        """Convert a response to the framework's response object."""

    def secrets(self) -> Sequence[str]:
        """Return the framework's secret keys, the newest last. Used if ``secret_key`` is not set."""

    def database(self) -> object:
        """Return the framework's database connection, or None."""

    def settle(self, result: object) -> object:
        """Pass the view's result to the joined feature. Returns the value that the view must return.

        Under ASGI the middleware passes the response later, after the framework has created it.
        """

    async def asettle(self, result: object) -> object:
        """The same as ``settle``, in a coroutine."""

    def join(self, feature: Feature) -> Response | None:
        """Run a feature up to Forward, in a view that may block.

        Returns None if the view may run; the feature then waits for its response. Returns a Response to send instead.
        """

    async def ajoin(self, feature: Feature) -> Response | None:
        """The same as ``join``, in a coroutine."""

    def fail(self, error: Exception) -> Response | None:
        """Pass the view's exception to the joined feature. Returns a Response to send instead, or None."""

    async def afail(self, error: Exception) -> Response | None:
        """The same as ``fail``, in a coroutine."""


class ViewFeatures:
    """Whether any view of this process has a decorator that needs the exchange. Set at import, read per request."""

    views = False
    rules = False  # whether a view has an idempotency rule of its own


CURRENT: ContextVar[CurrentExchange | None] = ContextVar("launchready_exchange", default=None)

HELD: ContextVar[IdempotencyContext | None] = ContextVar("launchready_held", default=None)
"""The idempotency context of a plain function, a transaction or a recovery, outside any exchange."""
