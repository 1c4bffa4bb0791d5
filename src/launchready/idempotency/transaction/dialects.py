"""The SQL of ``launchready_once``, by dialect. Parameters are written ``:name`` and translated for each driver. All
times come from the database's clock.

Why the claim is written as it is, by isolation:

- SQLite has one writer. The transaction takes the write lock before it reads anything, so it sees all that is
  committed. A deferred BEGIN that reads first would fail to upgrade its lock.
- PostgreSQL lets an INSERT wait without limit for a transaction that holds the same key. So a transaction-level
  advisory lock on the key is polled first; COMMIT, ROLLBACK or the death of its holder releases it. READ COMMITTED
  then shows the committed row.
- MySQL and MariaDB: the INSERT waits for the row lock of the other transaction, up to ``innodb_lock_wait_timeout``.
  Error 1062 means that the row exists, and leaves a share lock on it. The row is read under that lock, because a plain
  SELECT may show an older snapshot, and FOR UPDATE would deadlock all waiters. Affected-rows counts are not used: under
  CLIENT.FOUND_ROWS they are always 1.
"""

import re
from typing import NamedTuple

TABLE = "launchready_once"
_BYTES = re.compile(r":(k|fp|result)\b")


class Dialect(NamedTuple):
    """``claim`` returns a row if it took the key. In MySQL it raises error 1062 if it did not."""

    name: str
    create: tuple[str, ...]
    lock: str | None
    claim: str
    read: str
    again: str
    write: str
    sweep: str


IDLE = ", set_config('idle_in_transaction_session_timeout', CAST(:idle AS text), true)"
"""Added to PostgreSQL's lock unless the app opened the transaction: the server ends it when its process hangs."""

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
        # Bytes travel as hexadecimal text: aiomysql does not escape bytes with every version of PyMySQL.
        claim, read, again, write = (_BYTES.sub(r"UNHEX(:\1)", one) for one in (claim, read, again, write))
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
    ("SELECT pg_advisory_xact_lock(5478201732)", _POSTGRESQL, _INDEX),  # concurrent CREATE TABLE statements collide
    f"SELECT pg_try_advisory_xact_lock(:lock), to_regclass('{TABLE}') IS NOT NULL",
    f"DELETE FROM {TABLE} WHERE k IN ({_OVER} FOR UPDATE SKIP LOCKED)",
)
MYSQL = _dialect("mysql", (_MYSQL,), None, f"DELETE FROM {TABLE} WHERE expires <= {{now}} LIMIT 256")
DIALECTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "mysql": MYSQL, "mariadb": MYSQL}
