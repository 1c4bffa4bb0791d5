"""Heartbeats of background jobs, and business events: ``launchready.job`` and ``launchready.signal``.

::

    with launchready.job("reminders", every="1h"):
        send_reminders()

    launchready.signal("payment.failed")

They are counted where the app's durations are: in the ledger of the app in this process, or, in a worker or a script
without one, in the file that LAUNCHREADY_STORE leads to. Neither ever raises for what can go wrong with that file, and
neither is in the way: a thread writes it down within half a second, and so does the end of the process.
"""

import functools
import inspect
import os
import re
import sqlite3
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from launchready.metrics.collector import MetricsCollector
from launchready.metrics.ledger import MAX_NAMES, Ledger
from launchready.metrics.ledger_path import default_path
from launchready.metrics.timing import Timings
from launchready.runtime.current import CURRENT

F = TypeVar("F", bound=Callable[..., Any])

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_EVERY = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d)")


class _Process:
    """Where marks go."""

    collector: MetricsCollector | None = None


def default_collector() -> MetricsCollector:
    """The keeper of this process's app; where it has none, one for the file that LAUNCHREADY_STORE leads to."""
    if _Process.collector is None:
        _Process.collector = MetricsCollector(
            Timings("unknown"), default_path(os.environ.get("LAUNCHREADY_STORE") or "memory://")
        )
    return _Process.collector


def set_collector(collector: MetricsCollector) -> None:
    """The app of this process: marks go to it from now on."""
    _Process.collector = collector


def signal(name: str, count: int = 1) -> None:
    """Something happened that the owner should know of: ``login.failed``, ``payment.failed``, ``webhook.failed``,
    ``email.failed``, ``job.failed``, or a name of yours (lower case, at most 64 characters, no data of customers).

    Said while a log-in is being answered, ``login.failed`` also counts it as a failure for its limit, whatever its
    status says. Raises ValueError for a name that is none: names are kinds of events, and bounded.
    """
    _checked(name)
    exchange = CURRENT.get() if name == "login.failed" else None
    if exchange is not None:
        exchange.request.failed = True
    default_collector().enqueue(lambda ledger, now: ledger.signal(name, now, count))


class job:  # noqa: N801 - it is used as the function of that name
    """The heartbeat of a background job: a context manager, and a decorator for ``def`` and ``async def``.

    - ``every``: how often it should end well, as "15m", "1h", "1d" or seconds; ``grace``: how much later is late (a
      fifth of it, at least a minute, where not said).
    - A run that raises is a failure, counted as the signal ``job.failed``; what it raised goes on.
    - ``beat()`` says "ended well" without a block around it.

    Raises ValueError for a name or a time that is none.
    """

    def __init__(self, name: str, every: str | float, grace: str | float | None = None) -> None:
        self.name = _checked(name)
        self.every = _seconds(every)
        self.grace = _seconds(grace) if grace is not None else max(60.0, self.every / 5)

    def beat(self) -> None:
        self._mark("ended", time.time(), runs=1)

    def __enter__(self) -> Self:
        self._mark("began", time.time())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self._mark("ended", time.time(), runs=1)
        else:
            self._mark("failed", time.time(), runs=1, failures=1)
            signal("job.failed")

    def __call__(self, function: F) -> F:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args: Any, **more: Any) -> Any:
                with self:
                    return await function(*args, **more)

            return awaited  # type: ignore[return-value]  # the same signature

        @functools.wraps(function)
        def called(*args: Any, **more: Any) -> Any:
            with self:
                return function(*args, **more)

        return called  # type: ignore[return-value]  # the same signature

    def _mark(self, column: str, at: float, runs: int = 0, failures: int = 0) -> None:
        name, every, grace = self.name, self.every, self.grace
        default_collector().enqueue(lambda ledger, _: _write(ledger, name, every, grace, column, at, runs, failures))


def _write(
    ledger: Ledger, name: str, every: float, grace: float, column: str, at: float, runs: int, failures: int
) -> None:
    """Within a transaction. ``column`` is one of three words of this file."""
    known = ledger.rows("SELECT count(*), sum(name = ?) FROM jobs", (name,))[0]
    if known[0] >= MAX_NAMES and not known[1]:
        return
    ledger.db.execute(
        f"INSERT INTO jobs (name, every, grace, {column}, runs, failures) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
        f"ON CONFLICT DO UPDATE SET every = ?2, grace = ?3, {column} = ?4, runs = runs + ?5, failures = failures + ?6",
        (name, every, grace, at, runs, failures),
    )


def lateness(name: str) -> float | None:
    """Seconds since the job should have ended well again; negative while there is time. None: it never began."""
    try:
        with default_collector().reading() as ledger:
            rows = ledger.rows("SELECT every, grace, began, ended FROM jobs WHERE name = ?", (name,))
    except (sqlite3.Error, OSError):
        return None
    if not rows:
        return None
    every, grace, began, ended = rows[0]
    return float(time.time() - (ended if ended is not None else began or 0.0) - every - grace)


def _checked(name: str) -> str:
    given: object = name
    if not isinstance(given, str) or not _NAME.fullmatch(given):
        raise ValueError(f'{name!r} is no name; write lower case words and dots, as "payment.failed"')
    return name


def _seconds(value: str | float) -> float:
    if isinstance(value, str) and (found := _EVERY.fullmatch(value.strip())):
        return float(found[1]) * _UNITS[found[2]]
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    raise ValueError(f'{value!r} is not a time; write for example "15m", "1h" or "1d"')
