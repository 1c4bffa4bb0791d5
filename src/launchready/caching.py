"""``@cached`` on a view, and ``purge``.

::

    @app.get("/coaches")
    @cached("60s", tags=("coaches",))
    async def coaches(): ...

    launchready.purge(tag="coaches")                    # after a coach was changed: in every worker, whoever calls it
    await launchready.apurge(path="/coaches/*")         # with everything below, every query and every variant

The view says how long its answer is good for where the answer itself states nothing; a ``Cache-Control`` of the app's
always wins, and what the cache never stores it does not store because of a decorator. A purge is a mark in the store
(:mod:`launchready.core.cache.purge`): it reaches every process that shares the store, and what is still under way.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, TypeVar

from launchready.core.cache import by_path, by_tag, purge_names
from launchready.errors import ConfigError, StoreError
from launchready.exchange.operations import Flow
from launchready.http.message import ViewFreshness
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
    """The answer of this view may be shared for so long (``"60s"``), under these tags.

    For a 200 to GET whose answer states no freshness. ``force``: the path is on the deny list of docs/cache.md, and
    the answer is the same for everybody all the same. Raises ConfigError where it is applied.
    """
    problems = Problems()
    seconds = int(problems.duration("@cached", freshness))
    said = ViewFreshness(seconds, problems.strings("@cached: tags", tags), force)
    problems.raise_if_any()

    def decorate(view: F) -> F:
        ViewFeatures.views = True
        return decorated("cached", view, _telling(view, said))

    return decorate


def _telling(view: F, said: ViewFreshness) -> F:
    if inspect.iscoroutinefunction(view):

        @wraps(view)
        async def atold(*args: Any, **kwargs: Any) -> Any:
            _tell(said)
            return await view(*args, **kwargs)

        return atold  # type: ignore[return-value]  # the view's own signature, by wraps

    @wraps(view)
    def told(*args: Any, **kwargs: Any) -> Any:
        _tell(said)
        return view(*args, **kwargs)

    return told  # type: ignore[return-value]


def _tell(said: ViewFreshness) -> None:
    exchange = CURRENT.get()
    if exchange is not None:  # called by a test, say: then there is nobody to tell
        exchange.request.cached = said


Names = str | Iterable[str]


def purge(path: Names = (), *, tag: Names = (), soft: bool = False, store: str | None = None) -> None:
    """Have what is stored asked for anew: by path, by tag, or both.

    - ``path``: as the app routes it, with every query and variant; with a query, that one; ``/coaches/*`` with
      everything below, ``/*`` everything.
    - ``tag``: of ``@cached``, or a name in the answer's ``Cache-Groups`` (RFC 9875).
    - ``soft``: what is stored becomes stale instead, and may be used as RFC 5861 allows while it is refreshed.
    - ``store``: from a process that has no middleware: the URL of the store that the app uses.

    Raises StoreError where a store could not be told (all others are), ConfigError where there is no cache.
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
    """The same without blocking the event loop."""
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
        raise ConfigError(['purge(): names nothing; write purge(path="/coaches") or purge(tag="coaches")'])
    known = [] if store else list(CACHES)
    for each in known:
        yield each.adapter, each.feature.purge(names, soft=soft)
    if not known:
        url = deployment.store(store)
        if url.startswith("memory:"):
            raise ConfigError(
                ['purge(): there is no cache in this process; name the store that the app uses: store="redis://..."']
            )
        opened = connect(url)
        try:
            yield OperationAdapter(opened, HealthCheckRunner({}), {}), purge_names(names, soft=soft)
        finally:
            opened.close()


def _each(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
