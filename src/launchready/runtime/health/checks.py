"""Runs the health checks of the app: at once, each within its time, at most one run of each, whoever asks.

A check is any callable, def or async def. It passes when it returns something other than False, and fails when it
returns False, raises, or is late. Why is told in words of ours (reasons.py): the text of a database error holds the
address and sometimes the password.

Probes come from load balancers, from several at once, and most of all while something hangs. So a verdict is kept for a
few seconds. The first probe after that runs the check and waits for it as long as nobody else asks; all others, and
with them the first, are answered at once with what is known. A check whose last run still hangs is not started again:
hung checks do not pile up threads or connections.

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

from launchready.exchange.app import Checked, Finding, RunChecks
from launchready.runtime.health import drain
from launchready.runtime.health.error_reasons import reason

Check = Callable[[], object]

logger = logging.getLogger("launchready")

NOT_YET = "not checked yet"
STILL_RUNNING = "still running since the last probe"
BUDGET = 2.0
"""Seconds that one probe waits at most, whatever the checks ask for."""

PATIENCE = 0.005
"""Seconds that probes wait for a verdict while others ask as well."""

AGAIN = 1.0
"""Seconds until a check that failed is run again, where it would be kept for longer."""


class Probe:
    """One check, and what is known of it. ``once``: it is over with its first pass."""

    def __init__(self, name: str, check: Check, critical: bool = True, once: bool = False) -> None:
        self.name = name
        self.check = check
        self.critical = critical
        self.once = once
        self.up: bool | None = None
        self.trouble: str | None = NOT_YET
        self.seconds: float | None = None
        self.at: float | None = None
        self.due = 0.0
        self.row = 0  # passes or fails in a row that speak against what is known
        self.running = False
        self.late = False  # it runs, and that it failed was noted

    def finding(self) -> Finding:
        return Finding(self.up is True, self.critical, self.trouble, self.seconds, self.at)


class _Round:
    """The checks that one probe started. ``over``: all of them ended. ``crowded``: another probe came meanwhile."""

    def __init__(self, probes: list[Probe]) -> None:
        self.left = set(probes)
        self.over: Future[None] = Future()
        self.crowded: Future[None] = Future()
        for future in (self.over, self.crowded):
            future.set_running_or_notify_cancel()  # who waits may be cancelled; these may not


class Probes:
    """``keep``: seconds that a verdict is kept. ``fall``, ``rise``: fails to go down, passes to come up."""

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
        self._probes = [Probe(name, check) for name, check in checks.items()]
        self._probes += [Probe(name, check, critical=False) for name, check in (optional or {}).items()]
        self._probes += [Probe(name, check, once=True) for name, check in (startup or {}).items()]
        self._timeout = timeout
        self._limit = min(timeout, BUDGET)
        self._keep = keep
        self._fall = fall
        self._rise = rise
        self._lock = threading.Lock()
        self._rounds: set[_Round] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.asked: Callable[[], None] = lambda: None
        """Called at each probe: whoever keeps a record of this process's uptime may begin."""

    def ready(self) -> bool | None:
        """Whether the critical checks passed when they were last run; None where none was yet."""
        if drain.draining():
            return False
        known = [probe.up for probe in self._probes if probe.critical]
        return None if None in known else all(known)

    def run(self, op: RunChecks) -> None:
        """Blocking. Whoever starts a check waits for it, the others do not."""
        drain.install()
        self.asked()
        mine = self._take()
        if mine is not None:
            for probe in list(mine.left):
                self._start(probe, mine)
            wait((mine.over, mine.crowded), self._limit, FIRST_COMPLETED)
            if not mine.over.done() and mine.crowded.done():
                wait((mine.over,), PATIENCE)
            self._leave(mine)
        elif self._unknown():
            threading.Event().wait(PATIENCE)
        op.answer = self._known()

    async def arun(self, op: RunChecks) -> None:
        """The same in a coroutine: an ``async def`` check runs in this loop, any other in a thread of its own."""
        drain.install(asyncio.get_running_loop())
        self.asked()
        mine = self._take()
        if mine is not None:
            for probe in list(mine.left):
                if inspect.iscoroutinefunction(probe.check):
                    task = asyncio.create_task(self._arun(probe, mine))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                else:
                    self._start(probe, mine)
            over, crowded = asyncio.wrap_future(mine.over), asyncio.wrap_future(mine.crowded)
            await asyncio.wait((over, crowded), timeout=self._limit, return_when=FIRST_COMPLETED)
            if not over.done() and crowded.done():
                await asyncio.wait((over,), timeout=PATIENCE)
            self._leave(mine)
        elif self._unknown():
            await asyncio.sleep(PATIENCE)
        op.answer = self._known()

    def _known(self) -> Checked:
        return Checked({probe.name: probe.finding() for probe in self._probes}, drain.draining())

    def _unknown(self) -> bool:
        return any(probe.up is None for probe in self._probes)

    def _take(self) -> _Round | None:
        """The checks that are due, for this caller alone to run."""
        mine: list[Probe] = []
        now = monotonic()
        with self._lock:
            for probe in self._probes:
                if probe.due > now or (probe.once and probe.up):
                    continue
                probe.due = now + self._timeout + AGAIN  # where nobody comes back to say how it ended
                if probe.running:
                    self._late(probe, STILL_RUNNING, None)
                else:
                    probe.running, probe.late = True, False
                    mine.append(probe)
            for other in self._rounds:
                other.crowded.set_result(None)
            self._rounds.clear()
            if not mine:
                return None
            found = _Round(mine)
            self._rounds.add(found)
            return found

    def _leave(self, mine: _Round) -> None:
        """Who waited goes on. What did not answer in all of the time has failed; a crowd waits for no time at all."""
        with self._lock:
            self._rounds.discard(mine)
            if not mine.crowded.done():
                for probe in mine.left:
                    self._late(probe, self._silence(), self._limit)

    def _start(self, probe: Probe, mine: _Round) -> None:
        name = f"launchready-check-{probe.name}"
        threading.Thread(target=self._work, args=(probe, mine), name=name, daemon=True).start()

    def _work(self, probe: Probe, mine: _Round) -> None:
        started = monotonic()
        try:
            value = probe.check()
            if inspect.isawaitable(value):
                value = asyncio.run(_wait_for(value))
            trouble = _said(value)
        except BaseException as error:
            trouble = reason(error)
        self._over(probe, mine, trouble, monotonic() - started)

    async def _arun(self, probe: Probe, mine: _Round) -> None:
        started = monotonic()
        trouble: str | None = None
        try:
            async with asyncio.timeout(self._limit) as within:
                value: object = probe.check()
                trouble = _said(await value if inspect.isawaitable(value) else value)
        except BaseException as error:
            trouble = self._silence() if within.expired() else reason(error)
        self._over(probe, mine, trouble, monotonic() - started)

    def _silence(self) -> str:
        return f"no answer within {self._limit:g} s"

    def _over(self, probe: Probe, mine: _Round, trouble: str | None, seconds: float) -> None:
        """A check ended. What comes after its time is no verdict any more."""
        with self._lock:
            if not probe.late:
                self._note(probe, trouble if seconds <= self._limit else self._silence(), seconds)
            probe.running = False
            mine.left.discard(probe)
            if not mine.left:
                mine.over.set_result(None)

    def _late(self, probe: Probe, trouble: str, seconds: float | None) -> None:
        probe.late = True
        self._note(probe, trouble, seconds)

    def _note(self, probe: Probe, trouble: str | None, seconds: float | None) -> None:
        passed = trouble is None
        needed = self._rise if passed else self._fall
        probe.row = 0 if passed == probe.up else probe.row + 1
        if probe.up is None or probe.row >= needed:
            if probe.up is not passed:
                _say(probe, trouble)
            probe.up, probe.row = passed, 0
        probe.trouble, probe.seconds, probe.at = trouble, seconds, time()
        steady = probe.up is passed and passed
        # With jitter, so that the workers of a machine do not all ask the database at the same moment.
        probe.due = monotonic() + (self._keep if steady else min(AGAIN, self._keep)) * random.uniform(0.8, 1.2)  # noqa: S311


def _say(probe: Probe, trouble: str | None) -> None:
    """One line when a check goes down and one when it is back, not one for each probe in between."""
    if trouble is not None:
        logger.warning("health check %s fails: %s", probe.name, trouble)
    elif probe.up is False:
        logger.warning("health check %s passes again", probe.name)


def _said(value: object) -> str | None:
    return "returned False" if value is False else None


async def _wait_for(value: Awaitable[object]) -> object:
    return await value
