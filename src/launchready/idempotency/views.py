"""``@idempotent`` on a view: the face behind which it stands carries the flow out."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, Protocol

from launchready.core.idempotency import Find, Rule, Vault
from launchready.core.idempotency import Once as Flow
from launchready.errors import ConfigError, SafeToRetry
from launchready.idempotency.transaction.connect import opener
from launchready.idempotency.transaction.view_flow import Within
from launchready.runtime.claims.context import Once, call_with_known_args
from launchready.runtime.current import CURRENT, CurrentExchange
from launchready.settings.request_view import text_of


class View(NamedTuple):
    """How one view is protected. ``key``, ``scope`` and ``recover`` are the app's own functions."""

    rule: Rule
    find: Find | None
    key: Callable[..., object] | None
    scope: Callable[[Any], object] | None
    recover: Callable[..., Any] | None
    transaction: bool = False
    url: str | None = None
    connection: Callable[[Any], Any] | None = None

    @property
    def told(self) -> type[Exception]:
        """What the flow hears of: a transaction rolls back whatever was raised."""
        return Exception if self.transaction else SafeToRetry

    def flow(self, exchange: CurrentExchange, *, asynchronous: bool) -> Flow:
        vault = exchange.adapter.vault
        assert isinstance(vault, Vault)  # every face builds one
        if self.transaction:
            opens, ours = self._opens(exchange, asynchronous=asynchronous)
            return Within(self.rule, vault, self._find(exchange), self._scope(exchange), opens, ours=ours)
        return vault.kind(self.rule, vault, self._find(exchange), self._scope(exchange), self._recover(exchange))

    def _opens(self, exchange: CurrentExchange, *, asynchronous: bool) -> tuple[Callable[[], Any], bool]:
        """The app's own connection, the framework's, or one by URL, which is ours to close."""
        caller, given = exchange.caller, self.connection
        if given is not None:
            return lambda: given(caller), False
        database = None if self.url is not None else exchange.database()
        if database is not None:
            return lambda: database, False
        return opener(self.url or exchange.adapter.url, asynchronous=asynchronous), True

    def _find(self, exchange: CurrentExchange) -> Find | None:
        key = self.key
        if key is None:
            return self.find
        caller = exchange.caller

        return lambda _, __: text_of(key(caller))

    def _scope(self, exchange: CurrentExchange) -> str | None:
        """None leaves it to the rule: the credentials of the request."""
        given = None if self.scope is None else text_of(self.scope(exchange.caller))
        if given is not None:
            return f"s:{given}"
        user = exchange.user()
        return None if user is None else f"u:{user}"

    def _recover(self, exchange: CurrentExchange) -> Callable[[Once, object], Any] | None:
        recover = self.recover
        if recover is None:
            return None
        caller = exchange.caller
        return lambda once, _: call_with_known_args(recover, once=once, request=caller, key=once.key)


class How(Protocol):
    """How a view is protected."""

    @property
    def told(self) -> type[Exception]: ...

    @property
    def transaction(self) -> bool: ...

    def flow(self, exchange: CurrentExchange, *, asynchronous: bool) -> Flow: ...


def protected_view(view: Callable[..., Any], how: How) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(view):

        @wraps(view)
        async def aprotected(*args: Any, **kwargs: Any) -> Any:
            exchange = exchange_of(view)
            flow = how.flow(exchange, asynchronous=True)
            refusal = await exchange.ajoin(flow)
            if refusal is not None:
                return exchange.native(refusal)
            try:
                result = await view(*args, **kwargs)
            except how.told as reason:
                if not flow.waits:
                    raise
                refusal = await exchange.afail(reason)
                if refusal is None:
                    raise
                return exchange.native(refusal)
            return await exchange.asettle(result) if how.transaction and flow.waits else result

        return aprotected

    @wraps(view)
    def protected(*args: Any, **kwargs: Any) -> Any:
        exchange = exchange_of(view)
        flow = how.flow(exchange, asynchronous=False)
        refusal = exchange.join(flow)
        if refusal is not None:
            return exchange.native(refusal)
        try:
            result = view(*args, **kwargs)
        except how.told as reason:
            if not flow.waits:
                raise
            refusal = exchange.fail(reason)
            if refusal is None:
                raise
            return exchange.native(refusal)
        return exchange.settle(result) if how.transaction and flow.waits else result

    return protected


_UNPROTECTED = (
    "@idempotent on {}: there is no launchready middleware around this app, so nothing would protect it; add "
    "LaunchReadyMiddleware, or for a plain function give key=lambda ...: ... and store=..."
)


def exchange_of(view: Callable[..., Any]) -> CurrentExchange:
    exchange = CURRENT.get()
    if exchange is None:
        raise ConfigError([_UNPROTECTED.format(view.__qualname__)])
    return exchange
