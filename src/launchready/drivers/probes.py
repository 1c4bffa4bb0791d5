"""Runs the health checks of the app: at once, each within its time, at most one run of each, whoever asks.

A check is any callable, def or async def. It passes when it returns something other than False, and fails when it
returns False, raises, or is late. What it raised is kept to the name of its class: the text of a database error holds
the address and sometimes the password.

Probes come from load balancers, from several at once, and most of all while something hangs. So a verdict is kept for a
few seconds; the first probe after that runs the check and waits for it; all others are answered at once with what is
known. A check whose last run still hangs is not started again: hung checks do not pile up threads or connections.

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
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from time import monotonic, time

from launchready.drivers import drain
from launchready.exchange.app import Checked, Finding, RunChecks

Check = Callable[[], object]

logger = logging.getLogger("launchready")

NOT_YET = "not checked yet"
STILL_RUNNING = "still running since the last probe"
BUDGET = 2.0
"""Seconds that one probe waits at most, whatever the checks ask for."""

PATIENCE = 0.01
"""Seconds that the other probes wait for a first verdict."""

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
        self.running: Future[object] | None = None

    def finding(self) -> Finding:
        return Finding(self.up is True, self.critical, self.trouble, self.seconds, self.at)


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
        self._keep = keep
        self._fall = fall
        self._rise = rise
        self._lock = threading.Lock()
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
        deadline = monotonic() + min(self._timeout, BUDGET)
        mine = self._take()
        for probe, future in mine:
            self._start(probe, future)
        for probe, future in mine:
            self._wait(probe, future, deadline)
        if not mine and self._unknown():
            threading.Event().wait(PATIENCE)
        op.answer = self._known()

    async def arun(self, op: RunChecks) -> None:
        """The same in a coroutine: an ``async def`` check runs in this loop, any other in a thread of its own."""
        drain.install(asyncio.get_running_loop())
        self.asked()
        mine = self._take()
        await asyncio.gather(*(self._await(probe, future) for probe, future in mine))
        if not mine and self._unknown():
            await asyncio.sleep(PATIENCE)
        op.answer = self._known()

    def _known(self) -> Checked:
        return Checked({probe.name: probe.finding() for probe in self._probes}, drain.draining())

    def _unknown(self) -> bool:
        return any(probe.up is None for probe in self._probes)

    def _take(self) -> Sequence[tuple[Probe, Future[object]]]:
        """The checks that are due, for this caller alone to run."""
        mine: list[tuple[Probe, Future[object]]] = []
        now = monotonic()
        with self._lock:
            for probe in self._probes:
                if probe.due > now or (probe.once and probe.up):
                    continue
                probe.due = now + self._timeout + AGAIN  # where nobody comes back to say how it ended
                if probe.running is None:
                    probe.running = Future()
                    mine.append((probe, probe.running))
                else:
                    self._note(probe, STILL_RUNNING, None)
        return mine

    def _start(self, probe: Probe, future: Future[object]) -> None:
        name = f"launchready-check-{probe.name}"
        threading.Thread(target=self._work, args=(probe, future), name=name, daemon=True).start()

    def _work(self, probe: Probe, future: Future[object]) -> None:
        value: object = None
        raised: BaseException | None = None
        try:
            value = probe.check()
            if inspect.isawaitable(value):
                value = asyncio.run(_wait_for(value))
        except BaseException as error:
            raised = error
        probe.running = None
        if raised is None:
            future.set_result(value)
        else:
            future.set_exception(raised)

    def _wait(self, probe: Probe, future: Future[object], deadline: float) -> None:
        started = monotonic()
        try:
            trouble = None if future.result(max(0.0, deadline - monotonic())) is not False else "returned False"
        except TimeoutError:
            trouble = self._late(future)
        except BaseException as error:
            trouble = type(error).__name__
        with self._lock:
            self._note(probe, trouble, monotonic() - started)

    def _late(self, future: Future[object]) -> str:
        """A check may raise a TimeoutError itself."""
        return "TimeoutError" if future.done() else f"no answer within {self._timeout:g} s"

    async def _await(self, probe: Probe, future: Future[object]) -> None:
        started = monotonic()
        task: asyncio.Future[object]
        if inspect.iscoroutinefunction(probe.check):
            task = asyncio.ensure_future(probe.check())
            task.add_done_callback(lambda done: self._over(probe, done))
        else:
            self._start(probe, future)
            task = asyncio.wrap_future(future)
        done, _ = await asyncio.wait({task}, timeout=min(self._timeout, BUDGET))
        if not done:
            trouble: str | None = f"no answer within {self._timeout:g} s"
            if inspect.iscoroutinefunction(probe.check):
                task.cancel()
            else:
                task.add_done_callback(_seen)
        elif task.cancelled():
            trouble = "CancelledError"
        elif (error := task.exception()) is not None:
            trouble = type(error).__name__
        else:
            trouble = None if task.result() is not False else "returned False"
        with self._lock:
            self._note(probe, trouble, monotonic() - started)

    @staticmethod
    def _over(probe: Probe, task: asyncio.Future[object]) -> None:
        probe.running = None
        _seen(task)

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


def _seen(task: asyncio.Future[object]) -> None:
    """Nobody waits for it any more; asyncio would say that its exception was never retrieved."""
    if not task.cancelled():
        task.exception()


async def _wait_for(value: Awaitable[object]) -> object:
    return await value
