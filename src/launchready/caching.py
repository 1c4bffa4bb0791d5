"""``@cached`` on a view, and ``purge``.

::

    @app.get("/coaches")
    @cached("60s", tags=("coaches",))
    async def coaches(): ...

    launchready.purge(tag="coaches")                    # after a change: in every worker
    await launchready.apurge(path="/coaches/*")         # everything below, every query and variant

The decorator sets the freshness of responses that state none. The app's own ``Cache-Control`` always wins, and what the
cache never stores stays out of it. A purge is a mark in the store (:mod:`launchready.core.cache.purge`): it reaches
every process that shares the store, and responses still under way.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, TypeVar

from launchready.core.cache import by_path, by_tag, purge_names
from launchready.errors import ConfigError, StoreError
from launchready.exchange.operations import Flow
from launchready.http.message import NOT_SHAREABLE, ViewFreshness
from launchready.runtime.adapter import OperationAdapter
from launchready.runtime.cache_registry import CACHES
from launchready.runtime.current import CURRENT, ViewFeatures
from launchready.runtime.drive import adrive, drive
from launchready.runtime.health.checks import HealthCheckRunner
from launchready.runtime.route_check import decorated
from launchready.settings import deployment
from launchready.settings.problems import Problems
from launchready.stores import connect

F = TypeVar("F", bound=Callable[..., Any])


def cached(freshness: str | float, *, tags: Iterable[str] = (), force: bool = False) -> Callable[[F], F]:
    """Share responses of this view for ``freshness`` (``"60s"``), under these tags.

    It applies to a 200 response to GET that states no freshness. ``force``: the path is on the deny list of
    docs/cache.md, but its response is the same for everyone. Raises ConfigError when applied.
    """
    problems = Problems()
    seconds = int(problems.duration("@cached", freshness))
    said = ViewFreshness(seconds, problems.strings("@cached: tags", tags), force)
    problems.raise_if_any()

    def decorate(view: F) -> F:
        ViewFeatures.views = True
        return decorated("cached", view, _wrap(view, said))

    return decorate


def _wrap(view: F, said: ViewFreshness) -> F:
    if inspect.iscoroutinefunction(view):

        @wraps(view)
        async def async_view(*args: Any, **kwargs: Any) -> Any:
            _announce(said)
            return await view(*args, **kwargs)

        return async_view  # type: ignore[return-value]  # the view's own signature, by wraps

    @wraps(view)
    def sync_view(*args: Any, **kwargs: Any) -> Any:
        _announce(said)
        return view(*args, **kwargs)

    return sync_view  # type: ignore[return-value]


def _announce(said: ViewFreshness) -> None:
    exchange = CURRENT.get()
    # None outside a request, for example in a test
    if exchange is not None and exchange.request.cached is not NOT_SHAREABLE:
        exchange.request.cached = said


Names = str | Iterable[str]


def purge(path: Names = (), *, tag: Names = (), soft: bool = False, store: str | None = None) -> None:
    """Invalidate stored responses by path, by tag, or both.

    - ``path``: as the app routes it, with every query and variant; with a query, only that one; ``/coaches/*`` with
      everything below, ``/*`` everything.
    - ``tag``: of ``@cached``, or a name in the response's ``Cache-Groups`` (RFC 9875).
    - ``soft``: entries become stale and may be used as RFC 5861 allows while they are refreshed.
    - ``store``: URL of the app's store, for a process without the middleware.

    Raises StoreError if a store was not reached (all others are), ConfigError if there is no cache.
    """
    failed: StoreError | None = None
    for answers, flow in _purges(path, tag, soft=soft, store=store):
        try:
            drive(flow, answers.execute)
        except StoreError as error:
            failed = error
    if failed is not None:
        raise failed


async def apurge(path: Names = (), *, tag: Names = (), soft: bool = False, store: str | None = None) -> None:
    """Like ``purge``, without blocking the event loop."""
    failed: StoreError | None = None
    for answers, flow in _purges(path, tag, soft=soft, store=store):
        try:
            await adrive(flow, answers.aexecute)
        except StoreError as error:
            failed = error
    if failed is not None:
        raise failed


def _purges(path: Names, tag: Names, *, soft: bool, store: str | None) -> Iterator[tuple[OperationAdapter, Flow[None]]]:
    names = [by_path(each) for each in _each(path)] + [by_tag(each) for each in _each(tag)]
    if not names:
        raise ConfigError(['purge(): no path or tag; write purge(path="/coaches") or purge(tag="coaches")'])
    known = [] if store else list(CACHES)
    for each in known:
        yield each.adapter, each.feature.purge(names, soft=soft)
    if not known:
        url = deployment.store(store)
        if url.startswith("memory:"):
            raise ConfigError(
                ['purge(): no cache in this process; pass the URL that the app uses: store="redis://..."']
            )
        opened = connect(url)
        try:
            yield OperationAdapter(opened, HealthCheckRunner({}), {}), purge_names(names, soft=soft)
        finally:
            opened.close()


def _each(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
