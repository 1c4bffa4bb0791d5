"""The SQL of ``launchready_once``, by dialect. Parameters are written ``:name``; every driver's own notation is made
of that. Time is the database's own.

Why the claim is written as it is, by isolation:

- SQLite has one writer. The claim is the first statement of the transaction, so it takes the write lock before
  anything is read, and what it finds is what is committed (a deferred BEGIN that reads first would fail to upgrade).
- PostgreSQL makes an INSERT of a key that another transaction holds wait for it, without an end. So a transaction-level
  advisory lock on the key comes first, polled: it is given back by COMMIT, ROLLBACK or death. READ COMMITTED then shows
  what is committed.
- MySQL and MariaDB: the INSERT waits for the other's row lock, for ``innodb_lock_wait_timeout``. Error 1062 says that
  the row is there, and leaves a share lock on it. It is then read under that lock, because a plain SELECT may see the
  snapshot of an older moment; FOR UPDATE would be a deadlock of all who waited. Row counts are never asked: under
  CLIENT.FOUND_ROWS they say 1 to everybody.
"""

from typing import NamedTuple

TABLE = "launchready_once"


class Dialect(NamedTuple):
    """``claim`` answers a row where the key is ours (MySQL: raises 1062 where it is not)."""

    name: str
    create: tuple[str, ...]
    lock: str | None
    claim: str
    read: str
    again: str
    write: str
    sweep: str


IDLE = ", set_config('idle_in_transaction_session_timeout', CAST(:idle AS text), true)"
"""Added to PostgreSQL's lock where the transaction is ours: the server ends it when its process stands still."""

_NOW = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)",
    "mysql": "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))",
}


def _upsert(now: str) -> str:
    return (
        f"INSERT INTO {TABLE} AS old (k, fp, result, expires) VALUES (:k, :fp, NULL, {now} + :keep) ON CONFLICT (k) "
        f"DO UPDATE SET fp = excluded.fp, result = NULL, expires = excluded.expires WHERE old.expires <= {now} "
        "RETURNING 1"
    )


def _common(now: str) -> tuple[str, str]:
    again = f"UPDATE {TABLE} SET fp = :fp, result = NULL, expires = {now} + :keep WHERE k = :k AND expires <= {now}"
    return again, f"UPDATE {TABLE} SET result = :result WHERE k = :k"


def _dialect(name: str, create: tuple[str, ...], lock: str | None, sweep: str) -> Dialect:
    now = _NOW[name]
    again, write = _common(now)
    claim = _upsert(now)
    read = f"SELECT fp, result FROM {TABLE} WHERE k = :k"
    if name == "mysql":
        claim = f"INSERT INTO {TABLE} (k, fp, result, expires) VALUES (:k, :fp, NULL, {now} + :keep)"
        read = f"SELECT fp, result, expires <= {now} FROM {TABLE} WHERE k = :k LOCK IN SHARE MODE"
    return Dialect(name, create, lock, claim, read, again, write, sweep.format(now=now))


_SQLITE = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (k BLOB PRIMARY KEY, fp BLOB NOT NULL, result BLOB, expires INTEGER NOT NULL)
WITHOUT ROWID"""
_POSTGRESQL = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (k bytea PRIMARY KEY, fp bytea NOT NULL, result bytea, expires bigint NOT NULL)"""
_MYSQL = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
  k VARBINARY(32) PRIMARY KEY, fp VARBINARY(32) NOT NULL, result LONGBLOB, expires BIGINT NOT NULL,
  KEY {TABLE}_expires (expires)
) ENGINE=InnoDB"""
_INDEX = f"CREATE INDEX IF NOT EXISTS {TABLE}_expires ON {TABLE} (expires)"  # else each sweep scans the live rows
_OVER = f"SELECT k FROM {TABLE} WHERE expires <= {{now}} LIMIT 256"

SQLITE = _dialect(
    "sqlite",
    (_SQLITE, _INDEX),
    None,
    f"DELETE FROM {TABLE} WHERE k IN (SELECT k FROM {TABLE} WHERE expires <= {{now}} LIMIT 256)",
)
POSTGRESQL = _dialect(
    "postgresql",
    ("SELECT pg_advisory_xact_lock(5478201732)", _POSTGRESQL, _INDEX),  # two that create it at once would collide
    f"SELECT pg_try_advisory_xact_lock(:lock), to_regclass('{TABLE}') IS NOT NULL",
    f"DELETE FROM {TABLE} WHERE k IN ({_OVER} FOR UPDATE SKIP LOCKED)",
)
MYSQL = _dialect("mysql", (_MYSQL,), None, f"DELETE FROM {TABLE} WHERE expires <= {{now}} LIMIT 256")
DIALECTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "mysql": MYSQL, "mariadb": MYSQL}
