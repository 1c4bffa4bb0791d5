"""``Idempotency(mode="transaction")``: each request to a listed route runs in a transaction of its own.

A connection opened by URL blocks, so that ``def`` and ``async def`` handlers can both use it. For an ``async def``
handler on PostgreSQL prefer ``@idempotent(mode="transaction")``, which opens an awaited connection.
"""

from collections.abc import Callable
from typing import Any

from launchready.core.idempotency import IdempotencyFlow, KeyContext, RoutePolicy
from launchready.errors import ConfigError
from launchready.exchange.operations import Flow
from launchready.http.message import Request, Response
from launchready.idempotency.transaction.connect import opener
from launchready.idempotency.transaction.view_flow import TransactionFlow
from launchready.settings.idempotency import WITHIN, Idempotency
from launchready.settings.problems import Problems
from launchready.settings.request_view import RequestView


class RouteTransactionFlow(TransactionFlow):
    """``given``: the app's function that returns its connection for a request."""

    def __init__(
        self,
        rule: RoutePolicy,
        key_context: KeyContext,
        opens: Callable[[], Any],
        given: Callable[[RequestView], Any] | None,
        *,
        asks: bool,
    ) -> None:
        super().__init__(rule, key_context, rule.find, None, opens, ours=given is None, asks=asks)
        self._given = given

    def handle(self, request: Request) -> Flow[Response | None] | Response | None:
        given = self._given
        if given is not None:
            self._opens = lambda: given(RequestView(request))
        return super().handle(request)


def compile_routes(
    settings: Idempotency, url: str, problems: Problems
) -> Callable[[RoutePolicy, KeyContext], IdempotencyFlow]:
    """Returns the function that makes the flow of each request. ``url`` is "" if the framework has a database."""
    opens: Callable[[], Any] = _no_database
    named = settings.store or url
    if settings.connection is None and named:
        try:
            opens = opener(named)
        except ConfigError as error:
            for line in error.problems:
                problems.add(line)
    asks = settings.connection is None and settings.store is None
    return lambda rule, key_context: RouteTransactionFlow(rule, key_context, opens, settings.connection, asks=asks)


def _no_database() -> Any:
    raise ConfigError(['idempotency.mode="transaction": Django has no DATABASES; give idempotency.store a URL'])


WITHIN.append(compile_routes)
