"""Runs the health checks of the app: at once, each within its time, a hung one at most once.

A check is any callable, def or async def. It passes when it returns something other than False, and fails when it
returns False, raises, or is late. What it raised is kept to the name of its class: the text of a database error holds
the address and sometimes the password.
"""

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from time import monotonic

from launchready.exchange.app import RunChecks

Check = Callable[[], object]

STILL_RUNNING = "still running since the last probe"


class Probes:
    """The checks by name. A check whose last run still hangs fails at once: hung checks do not pile up threads."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._running: dict[str, Future[object]] = {}
        self._lock = threading.Lock()

    def run(self, op: RunChecks) -> None:
        deadline = monotonic() + op.timeout  # one for all: they run at once, so ten hung checks cost the time of one
        started = {name: self._start(name) for name in self._checks}
        op.answer = {name: self._verdict(future, op.timeout, deadline) for name, future in started.items()}

    async def arun(self, op: RunChecks) -> None:
        names = list(self._checks)
        verdicts = await asyncio.gather(*(self._averdict(name, op.timeout) for name in names))
        op.answer = dict(zip(names, verdicts, strict=True))

    def _start(self, name: str) -> Future[object] | None:
        with self._lock:
            if name in self._running:
                return None
            future = self._running[name] = Future()
        threading.Thread(target=self._work, args=(name, future), name=f"launchready-check-{name}", daemon=True).start()
        return future

    def _work(self, name: str, future: Future[object]) -> None:
        try:
            value = self._checks[name]()
            if inspect.isawaitable(value):
                value = asyncio.run(_wait_for(value))
            future.set_result(value)
        except BaseException as error:
            future.set_exception(error)
        finally:
            with self._lock:
                del self._running[name]

    def _verdict(self, future: Future[object] | None, timeout: float, deadline: float) -> str | None:
        if future is None:
            return STILL_RUNNING
        try:
            return None if future.result(max(0.0, deadline - monotonic())) is not False else "returned False"
        except TimeoutError:
            return f"no answer within {timeout:g} s"
        except BaseException as error:
            return type(error).__name__

    async def _averdict(self, name: str, timeout: float) -> str | None:
        check = self._checks[name]
        if not inspect.iscoroutinefunction(check):
            future = self._start(name)
            if future is None:
                return STILL_RUNNING
            try:
                value = await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), timeout)
            except TimeoutError:
                return f"no answer within {timeout:g} s"
            except Exception as error:
                return type(error).__name__
            return None if value is not False else "returned False"
        try:
            return None if await asyncio.wait_for(check(), timeout) is not False else "returned False"
        except TimeoutError:
            return f"no answer within {timeout:g} s"
        except Exception as error:
            return type(error).__name__


async def _wait_for(value: Awaitable[object]) -> object:
    return await value
