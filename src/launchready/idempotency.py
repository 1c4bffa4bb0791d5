"""``@idempotent``: a view or a plain function runs once per key, whatever is retried.

::

    @app.post("/bookings")
    @idempotent                                       # the key is the Idempotency-Key header
    async def book(booking: Booking): ...

    @idempotent(key=lambda slot_id, **_: f"slot:{slot_id}", store="sqlite:///launchready.db")
    def sell(slot_id, customer): ...                  # no web request needed

A view asks the face it stands behind (the middleware) for store and request; without one it refuses to run, because a
payment that is silently unprotected is worse than an error on the first try. A plain function names its store; its
result is kept as JSON and returned to every later call with the same key and the same arguments.

Not done yet: transactions, steps, keys for providers, recovery by callable, webhooks, form fields.
"""

import inspect
import json
from collections.abc import Awaitable, Callable
from functools import cache, wraps
from hashlib import sha256
from typing import Any, ParamSpec, TypeVar, cast, overload
from urllib.parse import parse_qs

from launchready.core.idempotency import REPLAYED, Once, Rule, lookup_key
from launchready.drivers.answers import Answers
from launchready.drivers.current import CURRENT, Exchange, Wanted
from launchready.drivers.drive import adrive, drive
from launchready.drivers.probes import Probes
from launchready.errors import (
    ConfigError,
    InFlight,
    KeyReused,
    OutcomeUnknown,
    SafeToRetry,
    StoreUnavailable,
)
from launchready.exchange.app import Forward
from launchready.http.message import Request, Response
from launchready.settings.idempotency import Idempotency, compile_rule
from launchready.settings.problems import Problems
from launchready.stores import connect
from launchready.stores.base import Store

__all__ = ["InFlight", "KeyReused", "OutcomeUnknown", "SafeToRetry", "idempotent"]

P = ParamSpec("P")
R = TypeVar("R")

Key = str | Callable[..., str]
Find = Callable[[Request, bytes], str | None]


@overload
def idempotent(view: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def idempotent(
    *,
    key: Key = "header",
    store: str | Store | None = None,
    required: bool = False,
    keep: str | float = "24h",
    lease: str | float = "60s",
    wait: str | float = "0s",
    max_body: int = 10 * 1024 * 1024,
    scope: Callable[[Any], object] | None = None,
    on_error: str = "store",
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def idempotent(  # the overloads above say how it is called
    view: Callable[..., Any] | None = None, /, *, key: Key = "header", store: str | Store | None = None, **options: Any
) -> Any:
    """Run a view or a function once per key.

    - ``key``: "header" (Idempotency-Key), "form:NAME", "json:NAME" (a field of the body), or a function. With
      ``store`` that function gets the arguments of the call; without, the framework's request.
    - ``store``: a store URL; makes it work on a plain function, with no web request.
    - ``scope``: whose key it is, from the framework's request; without one the signed-in user, else the credentials
      that were sent. A plain function has no scope: its key says everything.
    - ``required``, ``keep``, ``lease``, ``wait``, ``max_body``, ``on_error``: as in :class:`Idempotency`.

    A view answers as the middleware does (400, 409, 413, 422, 503). A function raises InFlight, OutcomeUnknown,
    KeyReused, StoreUnavailable. Raises ConfigError where it is applied, with what to write instead.
    """
    problems = Problems()
    scope = options.pop("scope", None)
    rule = compile_rule(problems, Idempotency(routes=(), **options))
    find = _finder(problems, key)
    if store is not None and not callable(key):
        problems.add(
            f"@idempotent: key={key!r} needs a web request; write key=lambda order_id, **_: f'order:{{order_id}}'"
        )
    problems.raise_if_any()

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        if store is not None:
            return _function(function, rule, cast("Callable[..., str]", key), store)
        Wanted.views = True
        return _view(function, rule, find, key if callable(key) else None, scope)

    return decorate if view is None else decorate(view)


# Views.


def _view(
    view: Callable[..., Any],
    rule: Rule,
    find: Find | None,
    key: Callable[..., str] | None,
    scope: Callable[[Any], object] | None,
) -> Callable[..., Any]:
    def protection(exchange: Exchange) -> Once:
        finder = find
        if key is not None:
            caller = exchange.caller
            finder = lambda request, body: str(key(caller))  # noqa: ARG005, E731 - the key is in the caller's request
        return Once(rule, finder, _scope(exchange, scope))

    if inspect.iscoroutinefunction(view):

        @wraps(view)
        async def aprotected(*args: Any, **kwargs: Any) -> Any:
            exchange = _exchange(view)
            refusal = await exchange.ajoin(protection(exchange))
            if refusal is not None:
                return exchange.native(refusal)
            try:
                return await view(*args, **kwargs)
            except SafeToRetry as reason:
                refusal = await exchange.afail(reason)
                if refusal is None:
                    raise
                return exchange.native(refusal)

        return aprotected

    @wraps(view)
    def protected(*args: Any, **kwargs: Any) -> Any:
        exchange = _exchange(view)
        refusal = exchange.join(protection(exchange))
        if refusal is not None:
            return exchange.native(refusal)
        try:
            return view(*args, **kwargs)
        except SafeToRetry as reason:
            refusal = exchange.fail(reason)
            if refusal is None:
                raise
            return exchange.native(refusal)

    return protected


_UNPROTECTED = (
    "@idempotent on {}: there is no launchready middleware around this app, so nothing would protect it; add "
    "LaunchReadyMiddleware, or for a plain function give key=lambda ...: ... and store=..."
)


def _exchange(view: Callable[..., Any]) -> Exchange:
    exchange = CURRENT.get()
    if exchange is None:
        raise ConfigError([_UNPROTECTED.format(view.__qualname__)])
    return exchange


def _scope(exchange: Exchange, scope: Callable[[Any], object] | None) -> str | None:
    """None leaves it to the rule: the credentials of the request."""
    if scope is not None:
        return f"s:{scope(exchange.caller)}"
    user = exchange.user()
    return None if user is None else f"u:{user}"


def _finder(problems: Problems, key: Key) -> Find | None:
    if callable(key) or key == "header":
        return None
    kind, _, name = key.partition(":")
    if kind == "json" and name:
        return lambda _, body: _json_field(body, name)
    if kind == "form" and name:
        return lambda _, body: _form_field(body, name)
    problems.add(f'@idempotent: key={key!r}; write "header", "form:_idem", "json:id" or a function')
    return None


def _json_field(body: bytes, name: str) -> str | None:
    try:
        document = json.loads(body)
    except ValueError:
        return None
    value = document.get(name) if isinstance(document, dict) else None
    return str(value) if isinstance(value, str | int) else None


def _form_field(body: bytes, name: str) -> str | None:
    values = parse_qs(body.decode("utf-8", "replace")).get(name)
    return values[0] if values else None


# Plain functions.


def _function(
    function: Callable[..., Any], rule: Rule, key: Callable[..., str], store: str | Store
) -> Callable[..., Any]:
    @cache
    def opened() -> Answers:  # at the first call: decorating opens nothing
        return Answers(connect(store) if isinstance(store, str) else store, Probes({}), {})

    def claim(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        text = str(key(*args, **kwargs)).encode("utf-8", "surrogatepass")
        scope = f"function:{function.__module__}.{function.__qualname__}"
        return Once(rule).claim(lookup_key(scope, text), _fingerprint(args, kwargs))

    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def aonce(*args: Any, **kwargs: Any) -> Any:
            flow, execute = claim(args, kwargs), opened().aexecute
            step = await adrive(flow, execute)
            if not isinstance(step, Forward):
                return _result(step)
            try:
                result = await _awaited(function, args, kwargs)
            except SafeToRetry as reason:
                await adrive(flow, execute, error=reason)
                raise
            except Exception as error:
                step.answer = _failure(error)
                await adrive(flow, execute)
                raise
            step.answer = _success(result)
            await adrive(flow, execute)
            return result

        return aonce

    @wraps(function)
    def once(*args: Any, **kwargs: Any) -> Any:
        flow, execute = claim(args, kwargs), opened().execute
        step = drive(flow, execute)
        if not isinstance(step, Forward):
            return _result(step)
        try:
            result = function(*args, **kwargs)
        except SafeToRetry as reason:
            drive(flow, execute, error=reason)
            raise
        except Exception as error:
            step.answer = _failure(error)
            drive(flow, execute)
            raise
        step.answer = _success(result)
        drive(flow, execute)
        return result

    return once


async def _awaited(function: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return await function(*args, **kwargs)


def _fingerprint(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    return sha256(json.dumps([args, kwargs], sort_keys=True, default=repr).encode()).digest()


def _success(result: Any) -> Response:
    """The result as JSON. One that JSON cannot hold is done all the same: it is marked so, and never run again."""
    try:
        return Response(200, [], json.dumps(result).encode())
    except (TypeError, ValueError):
        return Response(200, [], None)


def _failure(error: Exception) -> Response:
    return Response(500, [], json.dumps(type(error).__name__).encode())


def _result(step: object) -> Any:
    """What a call with a taken key gets: the first call's result, or the reason why it has none."""
    assert isinstance(step, Response)  # a claim ends with one, or waits at Forward
    document = json.loads(step.body or b"null")
    if REPLAYED in step.headers:
        if step.status < 500:
            return document
        raise OutcomeUnknown(f"the first call with this key raised {document}; what it did before is not known")
    code, detail = document["code"], document["detail"]
    if code == "in_progress":
        raise InFlight(detail)
    if code == "key_reused":
        raise KeyReused(detail)
    if code == "store_unavailable":
        raise StoreUnavailable(detail)
    raise OutcomeUnknown(detail)
