"""The exchange that is being answered right now: how a view finds the face it stands behind."""

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Protocol

from launchready.exchange.app import Feature
from launchready.http.message import Request, Response
from launchready.runtime.adapter import OperationAdapter
from launchready.runtime.claims.context import IdempotencyContext


class CurrentExchange(Protocol):
    """What a face offers to a view that turns out to be protected while it is being called."""

    request: Request

    @property
    def adapter(self) -> OperationAdapter:
        """The adapter of the app."""

    @property
    def caller(self) -> object:
        """The request, as the framework's views know it."""

    def user(self) -> str | None:
        """Who is signed in, as far as the framework knows."""

    def native(self, response: Response) -> object:
        """A response as the framework's views return them."""

    def secrets(self) -> Sequence[str]:
        """The framework's own, the newest last, for where ours was not set."""

    def database(self) -> object:
        """The framework's own database connection, or None."""

    def settle(self, result: object) -> object:
        """Tell the joined feature the view's answer at once, where it can be known before the framework has it.

        Answers what the view is to return. Under ASGI the face tells it, when the framework has made a response of it.
        """

    async def asettle(self, result: object) -> object:
        """The same from a coroutine."""

    def join(self, feature: Feature) -> Response | None:
        """Run the feature up to Forward, from a view that may block. None: go on, the feature waits for the answer.

        A Response: answer with it, the view does not run.
        """

    async def ajoin(self, feature: Feature) -> Response | None:
        """The same from a coroutine."""

    def fail(self, error: Exception) -> Response | None:
        """Tell the joined feature what the view raised; a Response is the answer to give instead."""

    async def afail(self, error: Exception) -> Response | None:
        """The same from a coroutine."""


class ViewFeatures:
    """Whether any view of this process asks for its exchange. Set once, at import of the app; read per request."""

    views = False
    rules = False  # whether a view has an idempotency rule of its own


CURRENT: ContextVar[CurrentExchange | None] = ContextVar("launchready_exchange", default=None)

HELD: ContextVar[IdempotencyContext | None] = ContextVar("launchready_held", default=None)
"""What a plain function, a transaction or a recovery holds, with no exchange around it."""
