"""Limits in the words of the app: ``@limit`` on a view, and what it says and asks in between.

::

    @app.post("/reports")
    @limit("5/minute", key="user")                # under the framework's own decorator
    async def report(): ...

    launchready.ratelimit.failed()                # in a log-in that answers 200 to a wrong password
    launchready.bans()                            # {"198.51.100.7": Ban(strikes=2, seconds=731.4)}
    launchready.unban("198.51.100.7")             # True: there was a ban
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from launchready.core.ratelimit import BanRecord, LimitPolicy, RateLimit
from launchready.core.ratelimit.bans import banned
from launchready.errors import ConfigError
from launchready.exchange.operations import Flow
from launchready.http.message import Request, Response
from launchready.http.routes import RouteTable
from launchready.runtime.current import CURRENT, CurrentExchange, ViewFeatures
from launchready.runtime.drive import adrive, drive
from launchready.runtime.route_check import decorated
from launchready.settings import deployment
from launchready.settings.compiled_app import COMPILED_APPS
from launchready.settings.problems import Problems
from launchready.settings.rate_limit import Limit, Maker, named
from launchready.settings.rate_limit import RateLimit as Settings

__all__ = ["BanRecord", "abans", "aunban", "bans", "failed", "limit", "unban", "verified"]

P = ParamSpec("P")
R = TypeVar("R")

Key = str | Callable[[Any], object]


def limit(
    rate: str | None,
    *,
    key: Key = "ip",
    name: str | None = None,
    count: str = "all",
    cost: int = 1,
    refund: bool | None = None,
    concurrent: int | None = None,
    lease: str | float = "60s",
    mode: str = "enforce",
    on_store_error: str = "allow",
    headers: str = "draft",
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Limit one view, ``def`` or ``async def``, on top of what the middleware counts.

    - ``rate``, ``count``, ``cost``, ``refund``, ``concurrent``, ``lease``, ``mode``, ``on_store_error``: as in Limit.
    - ``key``: "ip"; "user" (who is signed in, else the address); "account" (a log-in, as in Limit); "all"; or a
      function of the framework's request.
    - ``name``: what the client reads in RateLimit-Policy; the view's own name where it is None.
    - Raises ConfigError where it is applied, with what to write instead; and at the first request where no launchready
      middleware stands around the app.
    """
    problems = Problems()
    settings = Settings(None, headers=headers, on_store_error=on_store_error)
    make = Maker(problems, settings, None, workers=deployment.workers())
    plain = key if isinstance(key, str) and key != "user" else "ip"
    rule = Limit(
        rate, key=plain, count=count, cost=cost, refund=refund, concurrent=concurrent, lease=lease, mode=mode
    )  # fmt: skip

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        shown = (name or view.__qualname__).encode("ascii", "backslashreplace").decode()
        policy = make.policy("@limit", shown, rule)
        problems.raise_if_any()
        assert policy is not None  # there is a rule
        policy.prefix = f"view:{view.__module__}.{view.__qualname__}:"
        ViewFeatures.views = True
        return decorated("limit", view, _limited(view, policy, key))

    return decorate


_UNCOUNTED = (
    "@limit on {}: there is no launchready middleware around this app, so nothing would be counted; add "
    "LaunchReadyMiddleware"
)


class _OnView:
    """The limit of one view, for one request."""

    name = "limit"

    def __init__(self, policy: LimitPolicy, key: str | None) -> None:
        self._policy = policy
        self._key = key

    def handle(self, request: Request) -> Flow[Response | None]:
        return _LIMITER.apply(self._policy, request, self._key)


_LIMITER = RateLimit(None, RouteTable({}))


def _limited(view: Callable[..., Any], policy: LimitPolicy, key: Key) -> Callable[..., Any]:
    def feature() -> tuple[CurrentExchange, _OnView]:
        exchange = CURRENT.get()
        if exchange is None:
            raise ConfigError([_UNCOUNTED.format(view.__qualname__)])
        if callable(key):
            return exchange, _OnView(policy, named(key(exchange.caller)))
        user = exchange.user() if key == "user" else None
        return exchange, _OnView(policy, f"user:{user}" if user is not None else None)

    if inspect.iscoroutinefunction(view):

        @wraps(view)
        async def alimited(*args: Any, **kwargs: Any) -> Any:
            exchange, limited = feature()
            refusal = await exchange.ajoin(limited)
            return await view(*args, **kwargs) if refusal is None else exchange.native(refusal)

        return alimited

    @wraps(view)
    def limited(*args: Any, **kwargs: Any) -> Any:
        exchange, limited = feature()
        refusal = exchange.join(limited)
        return view(*args, **kwargs) if refusal is None else exchange.native(refusal)

    return limited


def failed(*, really: bool = True) -> None:
    """The log-in that is being answered was refused (``really=False``: it was not), whatever its status says.

    Counts where a Limit has ``count="failures"``; elsewhere nothing happens. Raises ConfigError outside of a request
    that goes through the launchready middleware.
    """
    exchange = CURRENT.get()
    if exchange is None:
        raise ConfigError(
            ["launchready.ratelimit.failed(): no request is being answered by an app behind LaunchReadyMiddleware"]
        )
    exchange.request.failed = really


def verified() -> None:
    """The app has verified the signature of the webhook that it is responding to, so the request is not counted.

    ``@webhook`` with a secret does this itself. Raises ConfigError outside of a request that passes through the
    launchready middleware.
    """
    exchange = CURRENT.get()
    if exchange is None:
        raise ConfigError(
            ["launchready.ratelimit.verified(): this is not a request of an app behind LaunchReadyMiddleware"]
        )
    exchange.request.verified = True


def bans() -> dict[str, BanRecord]:
    """Who is banned now, by the client's address, in the apps of this process: strikes, and seconds left.

    Raises StoreUnavailable where a store does not answer.
    """
    found: dict[str, BanRecord] = {}
    for stack in [each for each in COMPILED_APPS if each.bans]:
        known = drive(banned(), stack.adapter.execute)
        assert isinstance(known, dict)  # it waits for no app
        found.update(known)
    return found


def unban(client: str) -> bool:
    """Lift a ban and forget its strikes; ``client`` as in ``bans()``. False: there was none.

    Raises StoreUnavailable where a store does not answer.
    """
    flows = [(stack, rule.lift(client)) for stack in list(COMPILED_APPS) for rule in stack.bans]
    lifted = [drive(flow, stack.adapter.execute) for stack, flow in flows]
    return True in lifted


async def abans() -> dict[str, BanRecord]:
    """``bans()`` in a coroutine."""
    found: dict[str, BanRecord] = {}
    for stack in [each for each in COMPILED_APPS if each.bans]:
        known = await adrive(banned(), stack.adapter.aexecute)
        assert isinstance(known, dict)  # it waits for no app
        found.update(known)
    return found


async def aunban(client: str) -> bool:
    """``unban()`` in a coroutine."""
    flows = [(stack, rule.lift(client)) for stack in list(COMPILED_APPS) for rule in stack.bans]
    lifted = [await adrive(flow, stack.adapter.aexecute) for stack, flow in flows]
    return True in lifted
