"""``@idempotent(mode="transaction", key=..., store=...)`` on a plain function or job."""

import inspect
from collections.abc import Callable
from contextlib import closing
from functools import wraps
from typing import Any

from launchready.core.idempotency import RoutePolicy
from launchready.idempotency.arguments import fingerprint_of_call, key_of_call
from launchready.idempotency.transaction import transaction
from launchready.idempotency.transaction.connect import opener
from launchready.runtime.current import CURRENT

Function = Callable[..., Any]


def function_within(function: Function, rule: RoutePolicy, key: Function, url: str) -> Function:
    """Runs in a transaction of its own, which it finds as ``current().tx``; its result is kept as JSON."""
    scope = f"function:{function.__module__}.{function.__qualname__}"

    def options(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        return {
            "scope": scope, "fingerprint": fingerprint_of_call(function, args, kwargs),
            "keep": rule.keep, "wait": rule.wait, "lease": rule.lease,
        }  # fmt: skip

    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def aonce(*args: Any, **kwargs: Any) -> Any:
            opened = opener(url, asynchronous=True)()
            connection = await opened if inspect.isawaitable(opened) else opened
            try:
                entered = transaction(connection, key_of_call(key(*args, **kwargs)), **options(args, kwargs))
                if hasattr(connection, "pgconn"):
                    async with entered as once:
                        if once.first:
                            once.result = await function(*args, **kwargs)
                else:
                    with entered as once:
                        if once.first:
                            once.result = await function(*args, **kwargs)
            finally:
                closed = connection.close()
                if inspect.isawaitable(closed):
                    await closed
            return once.result

        return aonce

    @wraps(function)
    def once_(*args: Any, **kwargs: Any) -> Any:
        with closing(opener(url)()) as connection:
            with transaction(connection, key_of_call(key(*args, **kwargs)), **options(args, kwargs)) as once:
                if once.first:
                    once.result = function(*args, **kwargs)
            return once.result

    return once_


def either(view: Function, plain: Function) -> Function:
    """A view where a face stands around it, else a plain function."""
    if inspect.iscoroutinefunction(view):

        @wraps(view)
        async def achosen(*args: Any, **kwargs: Any) -> Any:
            return await (plain if CURRENT.get() is None else view)(*args, **kwargs)

        return achosen

    @wraps(view)
    def chosen(*args: Any, **kwargs: Any) -> Any:
        return (plain if CURRENT.get() is None else view)(*args, **kwargs)

    return chosen
