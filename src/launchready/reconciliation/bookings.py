"""The app's own record of payments, from a callable or an SQL query."""

import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from launchready.errors import ConfigError
from launchready.idempotency.transaction.connect import opener
from launchready.reconciliation.charges import parse_time
from launchready.reconciliation.money import minor_units

Row = Mapping[str, object]
COLUMNS = ("reference", "amount", "currency", "charge", "created")
_PARAMETER = re.compile(r"(?<![:\w]):(since|until)\b")


@dataclass(frozen=True, slots=True)
class Booking:
    """One payment that the app recorded.

    - ``reference``: the app's own id, which charges carry in their metadata. ``charge``: the provider's id, if known.
    - ``amount``: minor units. ``currency``: ISO 4217. ``created``: None counts as inside of the period.
    """

    reference: str
    amount: int
    currency: str
    charge: str = ""
    created: datetime | None = None


Source = Callable[[datetime, datetime], Iterable[Booking | Row]] | str


def load_bookings(source: Source, since: datetime, until: datetime, database: str | None = None) -> list[Booking]:
    """Read the bookings of a period. Raises ConfigError for a row that cannot be read.

    ``source``: a callable of (since, until), or an SQL query with ``:since`` and ``:until`` for ``database``. Rows have
    the columns ``reference``, ``amount``, ``currency``, and optionally ``charge`` and ``created``.
    """
    rows = query(source, since, until, database) if isinstance(source, str) else source(since, until)
    return [row if isinstance(row, Booking) else parse_booking(row, number) for number, row in enumerate(rows, 1)]


def parse_booking(row: Row, number: int) -> Booking:
    where = f"bookings: row {number}"
    missing = [name for name in COLUMNS[:3] if row.get(name) is None]
    if missing:
        raise ConfigError([f"{where} has no {', '.join(missing)}; select AS {', AS '.join(COLUMNS[:3])}"])
    currency = str(row["currency"]).lower()
    created = row.get("created")
    try:
        amount = minor_units(row["amount"], currency, where)
        time = None if created is None else parse_time(created, where)
    except ValueError as error:
        raise ConfigError([str(error)]) from None
    return Booking(str(row["reference"]), amount, currency, str(row.get("charge") or ""), time)


def query(sql: str, since: datetime, until: datetime, database: str | None) -> list[Row]:
    """Run a query in a read-only session of the app's database."""
    if not database:
        raise ConfigError(["bookings: a query needs the app's database; write --database URL, or set DATABASE_URL"])
    scheme = urlsplit(database).scheme.partition("+")[0]
    values: dict[str, Any] = {"since": since, "until": until}
    if scheme == "sqlite":
        connection: Any = _open_sqlite(database)
        values = {name: value.strftime("%Y-%m-%d %H:%M:%S") for name, value in values.items()}
    else:
        connection = opener(database)()
        sql = _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%"))
    with closing(connection):
        cursor = connection.cursor()
        if scheme in {"postgresql", "postgres"}:
            cursor.execute("SET TRANSACTION READ ONLY")
        elif scheme in {"mysql", "mariadb"}:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")  # outlives the implicit commit of CREATE and DROP
        try:
            cursor.execute(sql, values)
            names = [column[0].lower() for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except Exception as error:  # each driver has a class of its own
            raise ConfigError([f"bookings: the query failed ({type(error).__name__}: {error})"]) from None


def _open_sqlite(url: str) -> sqlite3.Connection:
    path = unquote(urlsplit(url).path)[1:]
    try:
        return sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=5)
    except sqlite3.OperationalError as error:
        raise ConfigError(
            [f"bookings: {path}: {error}; write sqlite:///relative.db or sqlite:////absolute.db"]
        ) from None
