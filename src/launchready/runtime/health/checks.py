"""Runs the app's health checks: in parallel, each with a timeout, and at most one run of each check at a time.

A check is any callable, def or async def. It fails if it returns False, raises, or times out; any other result passes.
The reason is given in our own words (error_reasons.py): the text of a database error holds the address and sometimes
the password.

Several load balancers probe at the same time, most of all while something hangs. So a result is kept for a few seconds.
The first probe after that runs the check, and waits for it until another probe arrives. All other probes, and then the
first one too, get the last known result at once. A check that still hangs is not started again, so hung checks do not
accumulate threads or connections.

============  =======================  ==========================
known state   this run passes          this run fails
============  =======================  ==========================
nothing yet   up                       down
up            up                       down after ``fall`` in a row
down          up after ``rise``        down
============  =======================  ==========================
"""

import asyncio
import inspect
import logging
import random
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from time import monotonic, time

from launchready.exchange.app import Checked, HealthFinding, RunChecks
from launchready.runtime.health import drain
from launchready.runtime.health.error_reasons import reason

Check = Callable[[], object]

logger = logging.getLogger("launchready")

NOT_YET = "not checked yet"
STILL_RUNNING = "still running since the last probe"
MAX_PROBE_WAIT = 2.0
"""Maximum seconds that a probe waits, whatever the timeout of a check."""

JOIN_WAIT = 0.005
"""Seconds that a probe waits for a result while other probes are waiting too."""

RETRY_INTERVAL = 1.0
"""Maximum seconds until a failed check is run again."""


class HealthCheck:
    """One check and its last result. ``once``: it never runs again after it has passed."""

    def __init__(self, name: str, check: Check, critical: bool = True, once: bool = False) -> None:
        self.name = name
        self.call = check
        self.critical = critical
        self.once = once
        self.up: bool | None = None
        self.failure: str | None = NOT_YET
        self.seconds: float | None = None
        self.at: float | None = None
        self.due = 0.0
        self.streak = 0  # consecutive results that contradict ``up``
        self.running = False
        self.late = False  # it is still running, and its timeout is recorded

    def result(self) -> HealthFinding:
        return HealthFinding(self.up is True, self.critical, self.failure, self.seconds, self.at)


class _CheckRun:
    """The checks that one probe started. ``ended``: all have ended. ``joined``: another probe arrived meanwhile."""

    def __init__(self, probes: list[HealthCheck]) -> None:
        self.left = set(probes)
        self.ended: Future[None] = Future()
        self.joined: Future[None] = Future()
        for future in (self.ended, self.joined):
            future.set_running_or_notify_cancel()  # a cancelled waiter must not cancel these futures


class HealthCheckRunner:
    """Runs the checks of one app.

    - ``keep``: seconds that a result is kept.
    - ``fall``: consecutive failures until a check is down. ``rise``: consecutive passes until it is up.
    """

    def __init__(
        self,
        checks: Mapping[str, Check],
        optional: Mapping[str, Check] | None = None,
        startup: Mapping[str, Check] | None = None,
        *,
        timeout: float = 1.0,
        keep: float = 3.0,
        fall: int = 2,
        rise: int = 1,
    ) -> None:
        self._checks = [HealthCheck(name, check) for name, check in checks.items()]
        self._checks += [HealthCheck(name, check, critical=False) for name, check in (optional or {}).items()]
        self._checks += [HealthCheck(name, check, once=True) for name, check in (startup or {}).items()]
        self._timeout = timeout
        self._limit = min(timeout, MAX_PROBE_WAIT)
        self._keep = keep
        self._fall = fall
        self._rise = rise
        self._lock = threading.Lock()
        self._runs: set[_CheckRun] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.on_probe: Callable[[], None] = lambda: None
        """Called at each probe. The metrics collector starts its record of uptime here."""

    def ready(self) -> bool | None:
        """Whether the critical checks passed in their last run; None if one has not run yet."""
        if drain.draining():
            return False
        known = [check.up for check in self._checks if check.critical]
        return None if None in known else all(known)

    def run(self, op: RunChecks) -> None:
        """Run due checks, blocking. Only the probe that starts a check waits for it."""
        drain.install()
        self.on_probe()
        own_run = self._claim_due()
        if own_run is not None:
            for check in list(own_run.left):
                self._start_thread(check, own_run)
            wait((own_run.ended, own_run.joined), self._limit, FIRST_COMPLETED)
            if not own_run.ended.done() and own_run.joined.done():
                wait((own_run.ended,), JOIN_WAIT)
            self._finish_run(own_run)
        elif self._has_unknown():
            threading.Event().wait(JOIN_WAIT)
        op.answer = self._results()

    async def arun(self, op: RunChecks) -> None:
        """The same in a coroutine. An ``async def`` check runs in this event loop, any other in its own thread."""
        drain.install(asyncio.get_running_loop())
        self.on_probe()
        own_run = self._claim_due()
        if own_run is not None:
            for check in list(own_run.left):
                if inspect.iscoroutinefunction(check.call):
                    task = asyncio.create_task(self._run_in_task(check, own_run))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                else:
                    self._start_thread(check, own_run)
            ended, joined = asyncio.wrap_future(own_run.ended), asyncio.wrap_future(own_run.joined)
            await asyncio.wait((ended, joined), timeout=self._limit, return_when=FIRST_COMPLETED)
            if not ended.done() and joined.done():
                await asyncio.wait((ended,), timeout=JOIN_WAIT)
            self._finish_run(own_run)
        elif self._has_unknown():
            await asyncio.sleep(JOIN_WAIT)
        op.answer = self._results()

    def _results(self) -> Checked:
        return Checked({check.name: check.result() for check in self._checks}, drain.draining())

    def _has_unknown(self) -> bool:
        return any(check.up is None for check in self._checks)

    def _claim_due(self) -> _CheckRun | None:
        """Return the checks that are due and that only this caller runs."""
        own_run: list[HealthCheck] = []
        now = monotonic()
        with self._lock:
            for check in self._checks:
                if check.due > now or (check.once and check.up):
                    continue
                check.due = now + self._timeout + RETRY_INTERVAL  # in case the run never reports
                if check.running:
                    self._mark_late(check, STILL_RUNNING, None)
                else:
                    check.running, check.late = True, False
                    own_run.append(check)
            for other in self._runs:
                other.joined.set_result(None)
            self._runs.clear()
            if not own_run:
                return None
            found = _CheckRun(own_run)
            self._runs.add(found)
            return found

    def _finish_run(self, own_run: _CheckRun) -> None:
        """Stop waiting. A check without a result has timed out, unless another probe cut the wait short."""
        with self._lock:
            self._runs.discard(own_run)
            if not own_run.joined.done():
                for check in own_run.left:
                    self._mark_late(check, self._timeout_text(), self._limit)

    def _start_thread(self, check: HealthCheck, own_run: _CheckRun) -> None:
        name = f"launchready-check-{check.name}"
        threading.Thread(target=self._run_in_thread, args=(check, own_run), name=name, daemon=True).start()

    def _run_in_thread(self, check: HealthCheck, own_run: _CheckRun) -> None:
        started = monotonic()
        try:
            value = check.call()
            if inspect.isawaitable(value):
                value = asyncio.run(_wait_for(value))
            failure = _failure_of(value)
        except BaseException as error:
            failure = reason(error)
        self._end_check(check, own_run, failure, monotonic() - started)

    async def _run_in_task(self, check: HealthCheck, own_run: _CheckRun) -> None:
        started = monotonic()
        failure: str | None = None
        try:
            async with asyncio.timeout(self._limit) as within:
                value: object = check.call()
                failure = _failure_of(await value if inspect.isawaitable(value) else value)
        except BaseException as error:
            failure = self._timeout_text() if within.expired() else reason(error)
        self._end_check(check, own_run, failure, monotonic() - started)

    def _timeout_text(self) -> str:
        return f"no answer within {self._limit:g} s"

    def _end_check(self, check: HealthCheck, own_run: _CheckRun, failure: str | None, seconds: float) -> None:
        """Record the end of a check. A result after the timeout counts as a failure."""
        with self._lock:
            if not check.late:
                self._record_result(check, failure if seconds <= self._limit else self._timeout_text(), seconds)
            check.running = False
            own_run.left.discard(check)
            if not own_run.left:
                own_run.ended.set_result(None)

    def _mark_late(self, check: HealthCheck, failure: str, seconds: float | None) -> None:
        check.late = True
        self._record_result(check, failure, seconds)

    def _record_result(self, check: HealthCheck, failure: str | None, seconds: float | None) -> None:
        passed = failure is None
        needed = self._rise if passed else self._fall
        check.streak = 0 if passed == check.up else check.streak + 1
        if check.up is None or check.streak >= needed:
            if check.up is not passed:
                _log_change(check, failure)
            check.up, check.streak = passed, 0
        check.failure, check.seconds, check.at = failure, seconds, time()
        steady = check.up is passed and passed
        # Jitter, so that the workers of a machine do not all query the database at the same moment.
        check.due = monotonic() + (self._keep if steady else min(RETRY_INTERVAL, self._keep)) * random.uniform(0.8, 1.2)  # noqa: S311


def _log_change(check: HealthCheck, failure: str | None) -> None:
    """Log one line when a check goes down and one when it is back, not one per probe."""
    if failure is not None:
        logger.warning("health check %s fails: %s", check.name, failure)
    elif check.up is False:
        logger.warning("health check %s passes again", check.name)


def _failure_of(value: object) -> str | None:
    return "returned False" if value is False else None


async def _wait_for(value: Awaitable[object]) -> object:
    return await value
