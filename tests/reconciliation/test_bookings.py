"""The app's payments, from a query on each database and from a callable."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from launchready.errors import ConfigError
from launchready.reconciliation.bookings import Booking, load_bookings
from launchready.reconciliation.money import minor_units, show
from support import servers

SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
QUERY = """SELECT '7' AS reference, 42.50 AS amount, 'EUR' AS currency, 'ch_1%' AS charge, '2026-11-20 09:00:00' AS created
           WHERE '2026-11-20' >= {} AND '2026-11-20' < {}"""


@pytest.mark.parametrize("name", ["sqlite", "postgresql", "mysql"])
def test_a_query(name, tmp_path):
    """Parameters, a percent sign and decimals arrive; and the session cannot write."""
    url = servers.store_url(name, tmp_path)
    if name == "sqlite":
        (tmp_path / url.rpartition("/")[2]).touch()
        sql = QUERY.format(":since", ":until").replace("42.50", "4250")
    else:
        kind = "timestamptz" if name == "postgresql" else "datetime"
        sql = QUERY.format(f"CAST(:since AS {kind})", f"CAST(:until AS {kind})")
    (row,) = load_bookings(sql, SINCE, UNTIL, url)
    assert row == Booking("7", 4250, "eur", "ch_1%", datetime(2026, 11, 20, 9, tzinfo=UTC))
    assert load_bookings(sql, UNTIL, UNTIL, url) == []
    with pytest.raises(ConfigError, match=r"(?i)read.?only"):
        load_bookings("CREATE TABLE launchready_reconcile_test (id INTEGER)", SINCE, UNTIL, url)


def test_a_callable():
    """It gets the period, and returns bookings or rows."""
    asked = []

    def rows(since, until):
        asked.append((since, until))
        return [Booking("1", 100, "eur"), {"reference": 2, "amount": Decimal("1.50"), "currency": "EUR"}]

    assert load_bookings(rows, SINCE, UNTIL) == [Booking("1", 100, "eur"), Booking("2", 150, "eur")]
    assert asked == [(SINCE, UNTIL)]


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ({"amount": 1, "currency": "eur"}, "row 1 has no reference"),
        ({"reference": 1, "amount": 1.5, "currency": "eur"}, "not an amount"),
        ({"reference": 1, "amount": Decimal("1.5"), "currency": "jpy"}, "more decimals than JPY"),
        ({"reference": 1, "amount": 1, "currency": "eur", "created": "soon"}, "not a time"),
    ],
)
def test_rows_that_cannot_be_read(row, error):
    """A float is no amount: 0.1 + 0.2 is not 0.3."""
    with pytest.raises(ConfigError, match=error):
        load_bookings(lambda *_: [row], SINCE, UNTIL)


def test_a_query_needs_a_database():
    """The error says how to name it."""
    with pytest.raises(ConfigError, match="--database"):
        load_bookings("SELECT 1", SINCE, UNTIL)


@pytest.mark.parametrize(("amount", "currency", "text"), [(4250, "eur", "42.50 EUR"), (500, "jpy", "500 JPY"),
                                                            (1234, "kwd", "1.234 KWD"), (-5, "usd", "-0.05 USD")])  # fmt: skip
def test_amounts_there_and_back(amount, currency, text):
    """Minor units by currency, shown in major units."""
    assert show(amount, currency) == text
    assert minor_units(text.split()[0], currency, "x") == amount
