"""Housekeeping at scale: a sweep is linear, and ordinary writes delete expired rows faster than rows expire."""

import time

import pytest

from launchready import stores
from launchready.exchange.store import Get, Put, PutIfAbsent, Space
from launchready.stores.base import CLAIMS_TABLE
from support import servers

SPACE = Space("housekeeping", dump=bytes, load=bytes, size=len, evictable=False)
DATABASES = ["sqlite", "postgresql", "mysql"]


@pytest.fixture(params=DATABASES)
def store(request, tmp_path):
    made = stores.connect(servers.store_url(request.param, tmp_path))
    made.execute(Get(SPACE, "k"))  # creates the tables
    run(made, f"DELETE FROM {CLAIMS_TABLE}")
    yield made
    made.close()


def run(store, sql):
    """Runs a statement. ``{now}`` is the store's time. Returns the rows."""
    if store.__class__.__name__ == "SQLiteStore":
        return store._files[False].db.execute(sql.format(now=store._now())).fetchall()
    if store.__class__.__name__ == "PostgreSQLStore":
        connection = store._pools.Pool(store._url).take(time.monotonic() + 20)
        cursor = connection.execute(sql.format(now="launchready_now()"))
        found = cursor.fetchall() if cursor.description else []
        connection.pgconn.finish()
        return found
    connection = store._connection()
    with connection.cursor() as cursor:
        cursor.execute(sql.format(now="TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))"))
        found = cursor.fetchall()
    connection.close()
    return found


def rows(store, count, *, expired):
    """Inserts rows by SQL. ``expired``: each n-th one has expired."""
    offset = "CASE {} % {} WHEN 0 THEN -1 ELSE 600000000 END"
    if store.__class__.__name__ == "SQLiteStore":
        series = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
        ends = "{now} + " + offset.format("i", expired)
        run(store, f"{series}INSERT INTO {CLAIMS_TABLE} SELECT randomblob(32), {ends}, 0, 1, x'00' FROM n")
    elif store.__class__.__name__ == "PostgreSQLStore":
        key, ends = "decode(repeat(md5(random()::text), 2), 'hex')", "{now} + " + offset.format("i", expired)
        run(store, f"INSERT INTO {CLAIMS_TABLE} SELECT {key}, {ends}, 0, 1, '' FROM generate_series(1, {count}) i")
    else:
        columns = "(k, expires, put, version, mark, value)"
        for start in range(0, count, 1000):
            values = ",".join(
                f"(UNHEX(SHA2(RAND(), 256)), {{now}} + {offset.format(i, expired)}, 0, 1, '', '')"
                for i in range(start, min(count, start + 1000))
            )
            run(store, f"INSERT IGNORE INTO {CLAIMS_TABLE} {columns} VALUES {values}")


def counted(store):
    """Returns the number of expired rows."""
    return run(store, f"SELECT count(*) FROM {CLAIMS_TABLE} WHERE expires <= {{now}}")[0][0]


def test_writes_delete_faster_than_rows_expire(store):
    """With half of the rows expired, each claim deletes more than one expired row on average."""
    rows(store, 20_000, expired=2)
    before, writes = counted(store), 2_000
    for number in range(writes):
        store.execute(PutIfAbsent(SPACE, f"claim {number}", b"x", 600))
    assert before - counted(store) >= writes


def test_sweep_deletes_all_expired_rows(store):
    """A sweep deletes exactly the expired rows, across many pages, and the next one finds none."""
    rows(store, 5_000, expired=5)
    store.execute(Put(SPACE, "live", b"x", 600))
    expected = counted(store)
    assert expected > 900
    assert store.sweep() == expected
    assert counted(store) == 0
    assert store.sweep() == 0
    look = Get(SPACE, "live")
    store.execute(look)
    assert look.answer.value == b"x"


def test_sweep_is_linear(store):
    """A sweep of four times the rows takes about four times as long."""

    def seconds(count):
        rows(store, count, expired=2)
        started = time.monotonic()
        assert store.sweep() > count // 3
        return time.monotonic() - started

    def ratio():
        small, large = seconds(8_000), seconds(32_000)
        return (large - small) / max(small, 0.01)  # the live rows of the first sweep are walked twice

    assert min(ratio() for _ in range(2)) < 7
