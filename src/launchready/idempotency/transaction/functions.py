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
from launchready.idempotency.transaction.connections import open_in_thread
from launchready.runtime.current import CURRENT

Function = Callable[..., Any]


def function_in_transaction(function: Function, rule: RoutePolicy, key: Function, url: str) -> Function:
    """Run the function in a transaction of its own, ``current().tx`` inside, and keep its result as JSON."""
    scope = f"function:{function.__module__}.{function.__qualname__}"

    def options(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        return {
            "scope": scope, "fingerprint": fingerprint_of_call(function, args, kwargs),
            "keep": rule.keep, "wait": rule.wait, "lease": rule.lease,
        }  # fmt: skip

    if inspect.iscoroutinefunction(function):
        opens = opener(url, asynchronous=True)

        @wraps(function)
        async def aonce(*args: Any, **kwargs: Any) -> Any:
            connection = await open_in_thread(opens)
            try:
                entered = transaction(connection.raw, key_of_call(key(*args, **kwargs)), **options(args, kwargs))
                async with entered.carried_by(connection) as once:
                    if once.first:
                        once.result = await function(*args, **kwargs)
            finally:
                await connection.carry(connection.raw.close)
                if connection.thread is not None:
                    connection.thread.release()
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


def view_or_function(view: Function, plain: Function) -> Function:
    """The view inside a request of the middleware, else the plain function."""
    if inspect.iscoroutinefunction(view):

        @wraps(view)
        async def achosen(*args: Any, **kwargs: Any) -> Any:
            return await (plain if CURRENT.get() is None else view)(*args, **kwargs)

        return achosen

    @wraps(view)
    def chosen(*args: Any, **kwargs: Any) -> Any:
        return (plain if CURRENT.get() is None else view)(*args, **kwargs)

    return chosen
