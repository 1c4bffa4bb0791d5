"""Writes the measurements of this process into the ledger twice a second, and reads them back.

One thread per process serves all collectors. It starts with the first measurement, so a server that forks after import
has no thread to lose. Forking later is safe too: the connection is closed before a fork and reopened on both sides, and
the parent keeps its own unwritten measurements.

File errors (full disk, read-only, broken file) never reach a request: measurements are kept up to a bound for the next
attempt, and the log says so once.
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
"""Seconds between two writes; ``kill -9`` loses at most this much."""

Task = Callable[[Ledger, float], None]


class MetricsCollector:
    """The measurements of one app in this process. ``path`` None keeps them in memory.

    ``ready``: current result of the health checks; None in a process that does not serve. ``rules``: events that a
    response counts as. ``exporter``: receives the numbers once a minute, from one of the workers.
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
        self._active = False  # requests were running at the last write
        self._minute = self._hour = -1.0
        _collectors.add(self)
        timings.started = start  # not a bound method, so that an unused collector is freed without the GC

    def enqueue(self, task: Task) -> None:
        """Run a task with the next write, such as a signal or a heartbeat."""
        if len(self._tasks) < MAX_SERIES:
            self._tasks.append(task)
        start()

    def flush(self) -> None:
        """Write everything new. File errors never raise."""
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
                    logger.warning("cannot write measurements to %s: %s", self.path, type(error).__name__)
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
        """Hand the numbers to the exporter when they are due. Exporter errors never raise."""
        if self.exporter is None:
            return
        try:
            with self._lock:
                ledger = self._open()
                with ledger.writing():
                    mine = due(ledger, self._clock.wall())
                found = data(ledger, self._clock.wall(), self.exporter) if mine else None
            if found is not None:  # without the lock: an exporter may be slow
                self.exporter.export(found)
        except Exception as error:
            if not self._warned:
                logger.warning("cannot export measurements: %s", type(error).__name__)
            self._warned = True

    @contextlib.contextmanager
    def reading(self) -> Iterator[Ledger]:
        """The ledger, including all measurements of this process so far. Raises sqlite3.Error."""
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
                logger.warning("%s is not a database; renamed to %s, starting a new one", self.path, broken.name)
                self.path.replace(broken)
                self._ledger = Ledger(self.path)
        return self._ledger

    def _drop(self) -> None:
        if self._ledger is not None and self.path is not None:
            self._ledger.close()
            self._ledger = None

    def close(self) -> None:
        """Write everything new and close the file."""
        with self._lock:
            self.flush()
            self._drop()


_collectors: weakref.WeakSet[MetricsCollector] = weakref.WeakSet()
_over = threading.Event()
_threads: list[threading.Thread] = []


def start() -> None:
    """Start the thread of this process, if it does not run yet."""
    if not _threads:
        thread = threading.Thread(target=_work, name="launchready-metrics", daemon=True)
        _threads.append(thread)
        thread.start()


def _work() -> None:
    while not _over.wait(EVERY):
        _flush_all()  # a function, so that no local variable keeps a collector alive


def _flush_all() -> None:
    for collector in list(_collectors):
        collector.flush()
        collector.export()


def _before_fork() -> None:
    """SQLite connections must not cross a fork: the child would take the parent's locks for its own."""
    for collector in list(_collectors):
        collector._lock.acquire()
        collector._drop()


def _after_fork_in_parent() -> None:
    for collector in list(_collectors):
        with contextlib.suppress(RuntimeError):  # created during the fork
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
