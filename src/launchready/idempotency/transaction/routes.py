"""``Idempotency(mode="transaction")``: the routes of an app, each request in a transaction of its own.

What opens by URL blocks, so that handlers of either kind can use it: an ``async def`` one for PostgreSQL is better
served by ``@idempotent(mode="transaction")``, which opens an awaited connection for it.
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


class Routed(TransactionFlow):
    """``given``: the app's own function of the request that gives its connection."""

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


def routed(settings: Idempotency, url: str, problems: Problems) -> Callable[[RoutePolicy, KeyContext], IdempotencyFlow]:
    """What makes the flow of each request. ``url`` is "" where the framework has a database of its own."""
    opens: Callable[[], Any] = _nothing
    named = settings.store or url
    if settings.connection is None and named:
        try:
            opens = opener(named)
        except ConfigError as error:
            for line in error.problems:
                problems.add(line)
    asks = settings.connection is None and settings.store is None
    return lambda rule, key_context: Routed(rule, key_context, opens, settings.connection, asks=asks)


def _nothing() -> Any:
    raise ConfigError(['idempotency.mode="transaction": Django has no DATABASES; give idempotency.store a URL'])


WITHIN.append(routed)
