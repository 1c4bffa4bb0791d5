"""Heartbeats of background jobs and business events: ``launchready.job`` and ``launchready.signal``.

::

    with launchready.job("reminders", every="1h"):
        send_reminders()

    launchready.signal("payment.failed")

They go to the ledger of the app in this process. A worker or script without an app uses the file derived from
LAUNCHREADY_STORE. File errors never raise, and nothing blocks: a thread writes within half a second, and so does the
end of the process.
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
    """Holds the collector of this process."""

    collector: MetricsCollector | None = None


def default_collector() -> MetricsCollector:
    """The collector of this process's app, or one for the file derived from LAUNCHREADY_STORE."""
    if _Process.collector is None:
        _Process.collector = MetricsCollector(
            Timings("unknown"), default_path(os.environ.get("LAUNCHREADY_STORE") or "memory://")
        )
    return _Process.collector


def set_collector(collector: MetricsCollector) -> None:
    """Send events of this process to the app's collector from now on."""
    _Process.collector = collector


def signal(name: str, count: int = 1) -> None:
    """Count a business event: ``login.failed``, ``payment.failed``, ``webhook.failed``, ``email.failed``,
    ``job.failed``.

    The app may add names of its own (lower case, at most 64 characters, no customer data). ``login.failed`` during a
    log-in request also counts as a failure for its rate limit, whatever the status. Raises ValueError for an invalid
    name.
    """
    _valid_name(name)
    exchange = CURRENT.get() if name == "login.failed" else None
    if exchange is not None:
        exchange.request.failed = True
    default_collector().enqueue(lambda ledger, now: ledger.signal(name, now, count))


class job:  # noqa: N801 - it is used as the function of that name
    """The heartbeat of a background job: a context manager, and a decorator for ``def`` and ``async def``.

    - ``every``: expected interval between successful runs: "15m", "1h", "1d" or seconds. ``grace``: allowed delay; by
      default a fifth of ``every``, at least a minute.
    - A run that raises counts as a failure and as the signal ``job.failed``; the exception propagates.
    - ``beat()`` reports a successful run without a block around it.

    Raises ValueError for an invalid name or time.
    """

    def __init__(self, name: str, every: str | float, grace: str | float | None = None) -> None:
        self.name = _valid_name(name)
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
    """Runs within a transaction. ``column`` is one of three constants of this module."""
    known = ledger.rows("SELECT count(*), sum(name = ?) FROM jobs", (name,))[0]
    if known[0] >= MAX_NAMES and not known[1]:
        return
    ledger.db.execute(
        f"INSERT INTO jobs (name, every, grace, {column}, runs, failures) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
        f"ON CONFLICT DO UPDATE SET every = ?2, grace = ?3, {column} = ?4, runs = runs + ?5, failures = failures + ?6",
        (name, every, grace, at, runs, failures),
    )


def lateness(name: str) -> float | None:
    """Seconds since the next successful run was due; negative while there is time. None if the job never began."""
    try:
        with default_collector().reading() as ledger:
            rows = ledger.rows("SELECT every, grace, began, ended FROM jobs WHERE name = ?", (name,))
    except (sqlite3.Error, OSError):
        return None
    if not rows:
        return None
    every, grace, began, ended = rows[0]
    return float(time.time() - (ended if ended is not None else began or 0.0) - every - grace)


def _valid_name(name: str) -> str:
    given: object = name
    if not isinstance(given, str) or not _NAME.fullmatch(given):
        raise ValueError(f'{name!r} is not a name; write lower case words and dots, for example "payment.failed"')
    return name


def _seconds(value: str | float) -> float:
    if isinstance(value, str) and (found := _EVERY.fullmatch(value.strip())):
        return float(found[1]) * _UNITS[found[2]]
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return float(value)
    raise ValueError(f'{value!r} is not a time; write for example "15m", "1h" or "1d"')
