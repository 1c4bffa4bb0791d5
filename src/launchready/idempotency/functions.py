"""``@idempotent`` on a plain function or a job: a store of its own, arguments in place of a request."""

import inspect
import json
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache, wraps
from typing import Any

from launchready.clock import SYSTEM
from launchready.core.idempotency import REPLAYED, KeyContext, RoutePolicy, rerun
from launchready.core.idempotency import IdempotencyFlow as Protection
from launchready.errors import InFlight, KeyReused, OutcomeUnknown, SafeToRetry, StoreUnavailable
from launchready.exchange.app import Forward
from launchready.exchange.operations import Flow
from launchready.http.message import Response
from launchready.idempotency.arguments import fingerprint_of_call, key_of_call
from launchready.runtime.adapter import OperationAdapter
from launchready.runtime.claims.context import IdempotencyContext, call_with_known_args
from launchready.runtime.current import HELD
from launchready.runtime.drive import adrive, drive
from launchready.runtime.health.checks import HealthCheckRunner
from launchready.settings.deployment import from_environment
from launchready.settings.signing import key_context
from launchready.settings.unknown_outcomes import Alert
from launchready.stores import connect
from launchready.stores.base import Store

Function = Callable[..., Any]


class Calls:
    """The calls of one function. ``open`` is not called before the first: decorating opens nothing."""

    def __init__(
        self, function: Function, rule: RoutePolicy, key: Function, store: str | Store, recover: Function | None
    ) -> None:
        self._function = function
        self._policy = rule
        self._key = key
        self._store = store
        self._recover = recover
        self.open = cache(self._open)

    def _open(self) -> tuple[OperationAdapter, KeyContext]:
        store = connect(self._store) if isinstance(self._store, str) else self._store
        shared = key_context(*from_environment())
        shared.counts.alert = Alert(SYSTEM.monotonic)
        return OperationAdapter(store, HealthCheckRunner({}), {}), shared

    def begin(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Flow[Response | None], Protection]:
        shared = self.open()[1]
        function = self._function
        key = key_of_call(self._key(*args, **kwargs)).encode("utf-8", "surrogatepass")
        name = f"{function.__module__}.{function.__qualname__}"
        flow = shared.flow_class(self._policy, shared, recover=self._asking(args, kwargs))
        flow.set_key(f"function:{name}", key, fingerprint_of_call(function, args, kwargs), name)
        return flow.run(), flow

    def _asking(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Function | None:
        recover = self._recover
        if recover is None:
            return rerun if self._policy.on_crash is rerun else None
        bound = inspect.signature(self._function).bind(*args, **kwargs).arguments
        return lambda once, _: call_with_known_args(recover, **{"once": once, "key": once.key, **bound})


def protected_function(
    function: Function, rule: RoutePolicy, key: Function, store: str | Store, recover: Function | None
) -> Function:
    rule.respond = _success
    calls = Calls(function, rule, key, store, recover)

    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def aonce(*args: Any, **kwargs: Any) -> Any:
            (flow, protection), answers = calls.begin(args, kwargs), calls.open()[0]
            step = await adrive(flow, answers.aexecute)
            if not isinstance(step, Forward):
                return _result(step)
            try:
                with _holding(protection, answers):
                    result = _settled(await function(*args, **kwargs))
            except SafeToRetry as reason:
                await adrive(flow, answers.aexecute, error=reason)
                raise
            except Exception as error:
                step.answer = _failure(error)
                await adrive(flow, answers.aexecute)
                raise
            except BaseException:
                flow.close()  # cancelled: it may have had its effect
                raise
            step.answer = _success(result)
            end = await adrive(flow, answers.aexecute)
            return result if end is None else _result(end)

        return aonce

    @wraps(function)
    def once(*args: Any, **kwargs: Any) -> Any:
        (flow, protection), answers = calls.begin(args, kwargs), calls.open()[0]
        step = drive(flow, answers.execute)
        if not isinstance(step, Forward):
            return _result(step)
        try:
            with _holding(protection, answers):
                result = _settled(function(*args, **kwargs))
        except SafeToRetry as reason:
            drive(flow, answers.execute, error=reason)
            raise
        except Exception as error:
            step.answer = _failure(error)
            drive(flow, answers.execute)
            raise
        except BaseException:
            flow.close()
            raise
        step.answer = _success(result)
        end = drive(flow, answers.execute)
        return result if end is None else _result(end)

    return once


@contextmanager
def _holding(protection: Protection, answers: OperationAdapter) -> Iterator[None]:
    """What runs inside finds its key by ``current()``."""
    token = HELD.set(IdempotencyContext(protection.claim, answers))
    try:
        yield
    finally:
        HELD.reset(token)


def _settled(result: Any) -> Any:
    """The result, if the function has run to its end. Raises TypeError for work that is still to be done.

    Such a call counts as failed, never as done. Its key is not freed: what came before the ``return`` had its effect.
    """
    if inspect.iscoroutine(result) or inspect.isgenerator(result):
        result.close()
    if inspect.isawaitable(result) or isinstance(result, _LAZY):
        raise TypeError(
            f"@idempotent: the function returned a {type(result).__name__}, whose work is not done yet; write "
            "async def and await it inside, or return a list"
        )
    return result


_LAZY = (Generator, AsyncGenerator, Future, map, filter, zip)
"""Results that do their work while they are read."""


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
