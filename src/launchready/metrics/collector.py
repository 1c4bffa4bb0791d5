"""The keeper: carries what this process measured into the ledger, twice a second, and reads it back.

One thread a process serves every keeper in it; it starts with the first thing that is measured and not before, so a
server that forks its workers after import has nothing to fork. Forking later is safe as well: the connection is closed
before and opened again after, on both sides, and what the parent measured stays the parent's.

What goes wrong with the file (full disk, read-only, broken) never reaches a request: it is kept for the next attempt,
up to a bound, and said once in the log.
"""

import atexit
import contextlib
import logging
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from launchready.clock import SYSTEM, Clock
from launchready.metrics.export.otel import Exporter, data, due
from launchready.metrics.ledger import GRAIN, HOUR, Ledger
from launchready.metrics.timing import MAX_SERIES, Series, SeriesKey, Timings

logger = logging.getLogger("launchready")

EVERY = 0.5
"""Seconds between two additions: what ``kill -9`` may cost."""

Task = Callable[[Ledger, float], None]


class MetricsCollector:
    """One app's measurements in this process. ``path`` None: they stay in it.

    ``ready``: what the health checks say now; None in a process that does not serve. ``rules``: the events that an
    answer counts as. ``exporter``: who is handed the numbers once a minute, by one of the workers.
    """

    def __init__(self, timings: Timings, path: Path | None = None, clock: Clock = SYSTEM) -> None:
        self.timings = timings
        self.path = path
        self.ready: Callable[[], bool | None] | None = None
        self.rules: Callable[[SeriesKey], Sequence[str]] = lambda _: ()
        self.exporter: Exporter | None = None
        self._clock = clock
        self._ledger: Ledger | None = None
        self._lock = threading.RLock()
        self._unwritten: list[Series] = []
        self._tasks: list[Task] = []
        self._warned = False
        self._active = False  # requests were running at the last addition
        self._minute = self._hour = -1.0
        _collectors.add(self)
        timings.started = start  # no method of ours: a keeper that is done with is freed at once, not by the collector

    def enqueue(self, task: Task) -> None:
        """Have something written with the next addition: a signal, a job's heartbeat."""
        if len(self._tasks) < MAX_SERIES:
            self._tasks.append(task)
        start()

    def flush(self) -> None:
        """Add what came since the last time. Never raises for what can go wrong with the file."""
        with self._lock:
            parts = [*self._unwritten, *self.timings.drain()]
            tasks, self._tasks = self._tasks, []
            if work := self.timings.drain_work():
                tasks.append(lambda ledger, at: ledger.record_queries(self.timings.release, work, at))
            now = self._clock.wall()
            minute, active = now // 60, self.timings.active()
            if active or self._active:
                process = self.timings.process
                tasks.append(lambda ledger, at: ledger.runs(process, active, at))
            if not parts and not tasks and minute == self._minute:
                return
            try:
                self._add(self._open(), parts, tasks, now)
            except (sqlite3.Error, OSError) as error:
                self._unwritten = parts[-MAX_SERIES:]
                self._tasks = (tasks + self._tasks)[-MAX_SERIES:]
                self._drop()
                if not self._warned:
                    logger.warning("what was measured cannot be written to %s: %s", self.path, type(error).__name__)
                self._warned = True
            else:
                self._unwritten, self._warned, self._minute, self._active = [], False, minute, bool(active)

    def _add(self, ledger: Ledger, parts: list[Series], tasks: list[Task], now: float) -> None:
        try:
            self._write(ledger, parts, tasks, now)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            ledger.make_room(now)
            self._write(ledger, parts, tasks, now)
        if now // HOUR != self._hour:
            self._hour = now // HOUR
            ledger.keep_small(now)

    def _write(self, ledger: Ledger, parts: list[Series], tasks: list[Task], now: float) -> None:
        with ledger.writing() as db:
            if parts:
                ledger.add(self.timings.release, parts, now)
            for part in parts:
                for name in self.rules(part.key):
                    ledger.signal(name, now, sum(part.counts.values()))
            for task in tasks:
                task(ledger, now)
            if now // 60 != self._minute and self.ready is not None:
                ready = self.ready()
                db.execute(
                    "INSERT INTO presence VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET ready = ready + ?2, "
                    "unready = unready + ?3",
                    (int(now // GRAIN) * GRAIN, int(ready is not False), int(ready is False)),
                )

    def export(self) -> None:
        """To the exporter, when it is time. Never raises for what an exporter can do."""
        if self.exporter is None:
            return
        try:
            with self._lock:
                ledger = self._open()
                with ledger.writing():
                    mine = due(ledger, self._clock.wall())
                found = data(ledger, self._clock.wall(), self.exporter) if mine else None
            if found is not None:  # without the lock: whoever it is sent to may take its time
                self.exporter.export(found)
        except Exception as error:
            if not self._warned:
                logger.warning("what was measured cannot be exported: %s", type(error).__name__)
            self._warned = True

    @contextlib.contextmanager
    def reading(self) -> Iterator[Ledger]:
        """The ledger, with everything that this process measured until now. Raises sqlite3.Error."""
        with self._lock:
            self.flush()
            yield self._open()

    def _open(self) -> Ledger:
        if self._ledger is None:
            try:
                self._ledger = Ledger(self.path)
            except sqlite3.DatabaseError as error:
                if self.path is None or isinstance(error, sqlite3.OperationalError):
                    raise
                broken = self.path.with_suffix(".broken")
                logger.warning("%s is no database; it is now %s, and a new one begins", self.path, broken.name)
                self.path.replace(broken)
                self._ledger = Ledger(self.path)
        return self._ledger

    def _drop(self) -> None:
        if self._ledger is not None and self.path is not None:
            self._ledger.close()
            self._ledger = None

    def close(self) -> None:
        """Write what is there, and let go of the file."""
        with self._lock:
            self.flush()
            self._drop()


_collectors: weakref.WeakSet[MetricsCollector] = weakref.WeakSet()
_over = threading.Event()
_threads: list[threading.Thread] = []


def start() -> None:
    """From now on what is measured in this process is written down, and that it is there."""
    if not _threads:
        thread = threading.Thread(target=_work, name="launchready-metrics", daemon=True)
        _threads.append(thread)
        thread.start()


def _work() -> None:
    while not _over.wait(EVERY):
        _flush_all()  # a function, so that nothing holds on to a keeper in between


def _flush_all() -> None:
    for collector in list(_collectors):
        collector.flush()
        collector.export()


def _before_fork() -> None:
    """SQLite must not be carried through a fork: the child would take the parent's locks for its own."""
    for collector in list(_collectors):
        collector._lock.acquire()
        collector._drop()


def _after_fork_in_parent() -> None:
    for collector in list(_collectors):
        with contextlib.suppress(RuntimeError):  # made since the fork began
            collector._lock.release()


def _after_fork_in_child() -> None:
    _threads.clear()
    for collector in list(_collectors):
        collector._lock = threading.RLock()
        collector._unwritten.clear()
        collector._tasks.clear()
        collector._minute = -1.0
        collector._ledger = None
        collector.timings.forget()


def _at_exit() -> None:
    _over.set()
    for collector in list(_collectors):
        collector.close()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
