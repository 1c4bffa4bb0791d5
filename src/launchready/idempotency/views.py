"""``@idempotent`` on a view: the face around the view drives the flow."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from launchready.core.idempotency import DerivedKey, IdempotencyFlow, KeyContext, KeyFinder, RoutePolicy
from launchready.errors import ConfigError
from launchready.idempotency.transaction.connect import opener
from launchready.idempotency.transaction.view_flow import TransactionFlow
from launchready.runtime.claims.context import IdempotencyContext, call_with_known_args
from launchready.runtime.current import CURRENT, CurrentExchange
from launchready.runtime.view_lookup import MARK
from launchready.settings.idempotency import Idempotency, compile_rule
from launchready.settings.problems import Problems
from launchready.settings.request_view import text_of

Arguments = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class View:
    """How one view is protected. ``key``, ``scope`` and ``recover`` are the app's own functions.

    ``given``: the options that the decorator states. The app's ``Idempotency(...)`` completes them, because the nearest
    rule wins and takes from the next one what it does not say. ``own``: the view's options are complete (webhooks).
    """

    policy: RoutePolicy
    find: KeyFinder | None
    key: Callable[..., object] | None
    scope: Callable[..., object] | None
    recover: Callable[..., Any] | None
    transaction: bool = False
    url: str | None = None
    connection: Callable[[Any], Any] | None = None
    given: Mapping[str, Any] = field(default_factory=dict)
    own: bool = False
    completed: "WeakKeyDictionary[Any, View]" = field(default_factory=WeakKeyDictionary)

    def flow(self, exchange: CurrentExchange, arguments: Arguments, *, asynchronous: bool) -> IdempotencyFlow:
        view = self.of_app(exchange)
        context = exchange.adapter.key_context
        assert isinstance(context, KeyContext)  # every face builds one
        find, scope = view._find(exchange), view._scope(exchange, arguments)
        flow: IdempotencyFlow
        if view.transaction:
            opens, ours = view._opens(exchange, asynchronous=asynchronous)
            flow = TransactionFlow(view.policy, context, find, scope, opens, ours=ours)
            flow.catches = Exception  # a transaction rolls back whatever was raised
        else:
            flow = context.flow_class(view.policy, context, find, scope, view._recover(exchange))
        flow.user = exchange.user()
        return flow

    def of_app(self, exchange: CurrentExchange) -> "View":
        """This view in one app: the app's Idempotency settings stand where the decorator says nothing."""
        adapter = exchange.adapter
        settings = adapter.idempotency
        if self.own or not isinstance(settings, Idempotency):
            return self
        view = self.completed.get(adapter)
        if view is None:
            self.completed[adapter] = view = self._complete(settings)
        return view

    def _complete(self, settings: Idempotency) -> "View":
        given = self.given
        problems = Problems()
        options = {name: given.get(name, getattr(settings, name)) for name in COMPLETED}
        if "keep" in given and "lease" not in given:
            options["lease"] = Idempotency.lease  # the app's lease goes with the app's keep
        policy = compile_rule(problems, Idempotency(routes=(), **options))
        problems.raise_if_any()
        policy.name, policy.find, policy.releases = self.policy.name, self.policy.find, self.policy.releases
        transaction, url, connection = self.transaction, self.url, self.connection
        if "mode" not in given and settings.mode == "transaction":
            transaction, url, connection = True, url or settings.store, connection or settings.connection
        return replace(self, policy=policy, transaction=transaction, url=url, connection=connection)

    def _opens(self, exchange: CurrentExchange, *, asynchronous: bool) -> tuple[Callable[[], Any], bool]:
        """How to open the connection, and whether it is ours to close: the app's, the framework's, or one by URL."""
        caller, given = exchange.caller, self.connection
        if given is not None:
            return lambda: given(caller), False
        database = None if self.url is not None else exchange.database()
        if database is not None:
            return lambda: database, False
        return opener(self.url or exchange.adapter.url, asynchronous=asynchronous), True

    def _find(self, exchange: CurrentExchange) -> KeyFinder | None:
        key = self.key
        if key is None:
            return self.find
        caller = exchange.caller

        def find(_: object, __: object) -> str | None:
            text = text_of(key(caller))
            return None if text is None else DerivedKey(text)

        return find

    def _scope(self, exchange: CurrentExchange, arguments: Arguments) -> str | None:
        """The owner that the app names; None leaves it to the flow (see ``core/idempotency/owner.py``)."""
        if self.scope is None:
            return None
        named = text_of(call_by_argument(self.scope, arguments, exchange))
        return None if named is None else f"s:{named}"

    def _recover(self, exchange: CurrentExchange) -> Callable[[IdempotencyContext, object], Any] | None:
        recover = self.recover
        if recover is None:
            return None
        caller = exchange.caller
        return lambda once, _: call_with_known_args(recover, once=once, request=caller, key=once.key)


COMPLETED = ("keep", "lease", "required", "wait", "max_body", "scope", "on_error", "on_crash", "rerun_for")
"""The options of ``Idempotency(...)`` that complete a decorator."""


def call_by_argument(function: Callable[..., object], arguments: Arguments, exchange: CurrentExchange) -> object:
    """Call a scope function with the view's arguments that it names (``lambda user: user.id``), else the request."""
    names = list(inspect.signature(function).parameters)
    if names and all(name in arguments for name in names):
        return function(*(arguments[name] for name in names))
    return function(exchange.caller)


class Protection(Protocol):
    """What protects a view: a ``View``, or a webhook's."""

    def flow(self, exchange: CurrentExchange, arguments: Arguments, *, asynchronous: bool) -> IdempotencyFlow: ...


def protected_view(view: Callable[..., Any], how: Protection) -> Callable[..., Any]:
    bind = inspect.signature(view).bind_partial
    if inspect.iscoroutinefunction(view):

        @wraps(view)
        async def aprotected(*args: Any, **kwargs: Any) -> Any:
            exchange = exchange_of(view)
            flow = how.flow(exchange, bind(*args, **kwargs).arguments, asynchronous=True)
            refusal = await exchange.ajoin(flow)
            if refusal is not None:
                return exchange.native(refusal)
            try:
                result = await view(*args, **kwargs)
            except flow.catches as reason:
                if not flow.waits:
                    raise
                refusal = await exchange.afail(reason)
                if refusal is None:
                    raise
                return exchange.native(refusal)
            return await exchange.asettle(result) if flow.settles_at_once and flow.waits else result

        setattr(aprotected, MARK, True)
        return aprotected

    @wraps(view)
    def protected(*args: Any, **kwargs: Any) -> Any:
        exchange = exchange_of(view)
        flow = how.flow(exchange, bind(*args, **kwargs).arguments, asynchronous=False)
        refusal = exchange.join(flow)
        if refusal is not None:
            return exchange.native(refusal)
        try:
            result = view(*args, **kwargs)
        except flow.catches as reason:
            if not flow.waits:
                raise
            refusal = exchange.fail(reason)
            if refusal is None:
                raise
            return exchange.native(refusal)
        return exchange.settle(result) if flow.settles_at_once and flow.waits else result

    setattr(protected, MARK, True)
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
