"""The ledger: measurements of all workers of a machine, in one SQLite file beside the store's.

Each process adds its new measurements in one transaction, at least once a second. The file therefore always holds the
exact merge: a worker that died has left its part, a forked worker starts from nothing, and counters never decrease.
``kill -9`` loses at most the last half second.

Three granularities bound the size and keep a page of a week fast: ``totals`` since a release began; ``slots`` by route,
one hour each and one day each after a day; ``timeline`` over all routes, five minutes each. Nothing is older than a
week, and the file never exceeds 50 MB.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from launchready.metrics.comparison_schedule import prepare_comparisons
from launchready.metrics.histogram import merged, pack
from launchready.metrics.ledger_path import create_private_file
from launchready.metrics.timing import (
    ANSWERED_EARLY,
    MAX_ROUTES,
    OTHER,
    STREAM,
    WEBSOCKET,
    RouteQueries,
    Series,
    SeriesKey,
)

HOUR = 3600
DAY = 24 * HOUR
GRAIN = 300
"""Seconds per point of the timeline."""
KEEP = 7 * DAY
MAX_BYTES = 50 * 1024 * 1024
MAX_RELEASES = 20
STILL = 3.0
"""Seconds for which a process's report of running requests is valid; it reports twice a second."""
MAX_NAMES = 100
"""Maximum number of distinct event names and of job names."""

_SCHEMA = """
CREATE TABLE releases (id INTEGER PRIMARY KEY, name TEXT UNIQUE, started REAL, seen REAL);
CREATE TABLE series (id INTEGER PRIMARY KEY, release INTEGER, method TEXT, route TEXT, status INTEGER,
    note TEXT, scheme TEXT, UNIQUE (release, method, route, status, note, scheme));
CREATE TABLE totals (series INTEGER PRIMARY KEY, count INTEGER, seconds REAL, last BLOB, first BLOB);
CREATE TABLE slots (start INTEGER, width INTEGER, series INTEGER, count INTEGER, seconds REAL, last BLOB,
    first BLOB, PRIMARY KEY (start, width, series)) WITHOUT ROWID;
CREATE TABLE timeline (start INTEGER PRIMARY KEY, requests INTEGER, errors INTEGER, last BLOB);
CREATE TABLE presence (start INTEGER PRIMARY KEY, ready INTEGER, unready INTEGER);
CREATE TABLE looks (release INTEGER, method TEXT, route TEXT, n INTEGER,
    latency TEXT, latency_test TEXT, latency_p REAL, latency_before INTEGER, latency_after INTEGER,
    latency_odds REAL,
    errors TEXT, errors_test TEXT, errors_p REAL, errors_before INTEGER, errors_after INTEGER, errors_odds REAL,
    PRIMARY KEY (release, method, route, n)) WITHOUT ROWID;
CREATE TABLE signals (start INTEGER, name TEXT, count INTEGER, PRIMARY KEY (start, name)) WITHOUT ROWID;
CREATE TABLE jobs (name TEXT PRIMARY KEY, every REAL, grace REAL, began REAL, ended REAL, failed REAL,
    runs INTEGER, failures INTEGER);
CREATE TABLE work (start INTEGER, release INTEGER, method TEXT, route TEXT, kind TEXT, what TEXT,
    requests INTEGER, calls INTEGER, seconds REAL, repeats INTEGER, slowest REAL,
    PRIMARY KEY (start, release, method, route, kind, what)) WITHOUT ROWID;
CREATE TABLE meta (name TEXT PRIMARY KEY, value);
CREATE TABLE active (process TEXT, method TEXT, scheme TEXT, count INTEGER, at REAL,
    PRIMARY KEY (process, method, scheme)) WITHOUT ROWID;
"""
LAYOUT = 2
"""Schema version, stored as user_version."""
_ADD_TOTAL = """INSERT INTO totals VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET count = count + ?2,
    seconds = seconds + ?3, last = merged(last, ?4), first = merged(first, ?5)"""
_ADD_SLOT = """INSERT INTO slots VALUES (?6, ?7, ?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET count = count + ?2,
    seconds = seconds + ?3, last = merged(last, ?4), first = merged(first, ?5)"""
_ADD_TIMELINE = """INSERT INTO timeline VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET requests = requests + ?2,
    errors = errors + ?3, last = merged(last, ?4)"""


class Ledger:
    """One connection of one process. ``path`` None keeps everything in memory. Callers hold their own lock."""

    def __init__(self, path: Path | None, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._ids: dict[tuple[str, SeriesKey], int] = {}
        self.db = self._open()

    def _open(self) -> sqlite3.Connection:
        if self.path is not None:
            create_private_file(self.path)
        name = ":memory:" if self.path is None else str(self.path)
        db = sqlite3.connect(name, timeout=5, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute(f"PRAGMA max_page_count = {self._max_bytes // 4096}")
            db.execute(f"PRAGMA journal_size_limit = {self._max_bytes // 10}")
            db.create_function("merged", 2, merged, deterministic=True)
            _lay_out(db)
        except BaseException:
            db.close()
            raise
        return db

    def close(self) -> None:
        self.db.close()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield self.db
        except BaseException:
            self._ids.clear()  # ids assigned in the transaction are gone
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> list[Any]:
        return self.db.execute(sql, arguments).fetchall()

    def add(self, release: str, parts: Iterable[Series], now: float) -> None:
        """Add the measurements of one process. Call within ``writing()``."""
        parts = list(parts)
        before = {part.key[:2] for part in parts}
        number = self.release(release, now)
        counted = prepare_comparisons(self.db, number, before)
        requests = errors = 0
        business = Series(SeriesKey("", "", 0))
        for part in parts:
            last, first, count = pack(part.counts), pack(part.first), sum(part.counts.values())
            values = (self._series(release, number, part.key), count, part.total, last, first)
            self.db.execute(_ADD_TOTAL, values)
            self.db.execute(_ADD_SLOT, (*values, int(now // HOUR) * HOUR, HOUR))
            if is_business(part.key):
                requests += count
                errors += count if part.key.status >= 500 else 0
                for index, many in part.counts.items():
                    business.counts[index] = business.counts.get(index, 0) + many
        if requests:
            start = int(now // GRAIN) * GRAIN
            self.db.execute(_ADD_TIMELINE, (start, requests, errors, pack(business.counts)))
        counted()

    def record_queries(self, release: str, work: Mapping[tuple[str, str, str, str], RouteQueries], now: float) -> None:
        """Add query and call times by day. Call within ``writing()``."""
        start, number = int(now // DAY) * DAY, self.release(release, now)
        self.db.executemany(
            "INSERT INTO work VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO UPDATE SET "
            "requests = requests + ?7, calls = calls + ?8, seconds = seconds + ?9, repeats = max(repeats, ?10), "
            "slowest = max(slowest, ?11)",
            [
                (start, number, *key, one.requests, one.calls, one.seconds, one.repeats, one.slowest)
                for key, one in work.items()
            ],
        )

    def runs(self, process: str, active: Mapping[tuple[str, str], int], now: float) -> None:
        """Replace a process's running requests and delete reports of dead processes. Call within ``writing()``."""
        self.db.execute("DELETE FROM active WHERE process = ? OR at < ?", (process, now - 20 * STILL))
        rows = [(process, *kind, count, now) for kind, count in active.items()]
        self.db.executemany("INSERT INTO active VALUES (?, ?, ?, ?, ?)", rows)

    def active(self, now: float) -> dict[tuple[str, str], int]:
        """Running requests of all processes, by method and scheme."""
        sql = "SELECT method, scheme, sum(count) FROM active WHERE at > ? GROUP BY method, scheme"
        return {(method, scheme): count for method, scheme, count in self.rows(sql, (now - STILL,))}

    def signal(self, name: str, now: float, count: int) -> None:
        """Call within ``writing()``. After a hundred names, new ones count as "other"."""
        names = {known for (known,) in self.rows("SELECT DISTINCT name FROM signals")}
        if name not in names and len(names) >= MAX_NAMES:
            name = OTHER
        self.db.execute(
            "INSERT INTO signals VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET count = count + ?3",
            (int(now // GRAIN) * GRAIN, name, count),
        )

    def release(self, name: str, now: float) -> int:
        """The id of a release; it begins when it is first seen."""
        self.db.execute(
            "INSERT INTO releases (name, started, seen) VALUES (?1, ?2, ?2) ON CONFLICT DO UPDATE SET seen = ?2",
            (name, now),
        )
        (number,) = self.db.execute("SELECT id FROM releases WHERE name = ?", (name,)).fetchone()
        return int(number)

    def _series(self, name: str, release: int, key: SeriesKey) -> int:
        known = self._ids.get((name, key))
        if known is None:
            known = self._ids[name, key] = self._number(release, key)
        return known

    def _number(self, release: int, key: SeriesKey) -> int:
        routes = {route for (route,) in self.rows("SELECT DISTINCT route FROM series WHERE release = ?", (release,))}
        if key.route not in routes and len(routes) >= MAX_ROUTES:
            key = key._replace(route=OTHER)
        self.db.execute(
            "INSERT OR IGNORE INTO series (release, method, route, status, note, scheme) VALUES (?, ?, ?, ?, ?, ?)",
            (release, *key),
        )
        sql = """SELECT id FROM series WHERE release = ? AND method = ? AND route = ? AND status = ? AND note = ?
            AND scheme = ?"""
        return int(self.rows(sql, (release, *key))[0][0])

    def keep_small(self, now: float) -> None:
        """Merge hours older than a day into days; delete what is older than a week, and the oldest releases."""
        with self.writing() as db:
            edge = int((now - DAY) // DAY) * DAY
            db.execute(
                "INSERT INTO slots SELECT start / ?1 * ?1, ?1, series, count, seconds, last, first FROM slots "
                "WHERE width < ?1 AND start < ?2 ON CONFLICT DO UPDATE SET count = count + excluded.count, "
                "seconds = seconds + excluded.seconds, last = merged(last, excluded.last), "
                "first = merged(first, excluded.first)",
                (DAY, edge),
            )
            db.execute("DELETE FROM slots WHERE width < ? AND start < ?", (DAY, edge))
            self._forget(now - KEEP)
            db.execute(
                "DELETE FROM releases WHERE id NOT IN (SELECT id FROM releases ORDER BY seen DESC LIMIT ?)",
                (MAX_RELEASES,),
            )
            db.execute("DELETE FROM series WHERE release NOT IN (SELECT id FROM releases)")
            db.execute("DELETE FROM looks WHERE release NOT IN (SELECT id FROM releases)")
            for table in ("totals", "slots"):
                db.execute(f"DELETE FROM {table} WHERE series NOT IN (SELECT id FROM series)")
            self._ids.clear()
        self.db.execute("PRAGMA incremental_vacuum")

    def make_room(self, now: float) -> None:
        """The file is full: delete the older half of its time span."""
        (oldest,) = self.rows("SELECT min(start) FROM slots")[0]
        with self.writing():
            self._forget((now + (oldest or now)) / 2)

    def _forget(self, before: float) -> None:
        self.db.execute("DELETE FROM slots WHERE start + width <= ?", (before,))
        for table in ("timeline", "presence", "signals", "work"):
            self.db.execute(f"DELETE FROM {table} WHERE start < ?", (before,))


def _lay_out(db: sqlite3.Connection) -> None:
    """Create the tables. Tables of another schema version are dropped with a week of measurements."""
    if db.execute("PRAGMA user_version").fetchone()[0] == LAYOUT:
        return
    db.execute("BEGIN IMMEDIATE")  # several workers may start together
    try:
        if db.execute("PRAGMA user_version").fetchone()[0] != LAYOUT:
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                db.execute(f'DROP TABLE "{name}"')
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {LAYOUT}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def is_business(key: SeriesKey) -> bool:
    """Whether the duration is customer waiting time: not a preflight, a 429, a stream or a WebSocket."""
    return (
        key.note not in (STREAM, WEBSOCKET)
        and key.status != 429
        and (key.method, key.note) != ("OPTIONS", ANSWERED_EARLY)
    )
