"""Differences between charges and bookings: each row is both sides, and the differences in it."""

from datetime import UTC, datetime, timedelta

import pytest

from launchready.reconciliation.bookings import Booking
from launchready.reconciliation.charges import Charge, Listing
from launchready.reconciliation.compare import Period, compare

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PERIOD = Period(NOW - 24 * HOUR, NOW - HOUR)


def charge(name="ch_1", reference="7", **more):
    fields = {"id": name, "amount": 4250, "currency": "eur", "created": NOW - 2 * HOUR, "captured": 4250,
              "metadata": {"booking_id": reference} if reference else {}}  # fmt: skip
    return Charge(**fields | more)


def booking(reference="7", **more):
    return Booking(**{"reference": reference, "amount": 4250, "currency": "eur", "created": NOW - 2 * HOUR} | more)


def differences(charges, bookings, *, complete=True, elsewhere=()):
    listing = Listing(tuple(charges), NOW - 48 * HOUR, NOW, complete)
    find = {one.id: one for one in elsewhere}.get
    return list(compare(listing, bookings, PERIOD, "booking_id", find))


TABLE = [
    ("equal", [charge()], [booking()], []),
    ("equal, by the charge's id", [charge(reference="")], [booking(charge="ch_1")], []),
    ("charged without a booking", [charge()], [], ["charged-without-booking"]),
    ("of another booking", [charge()], [booking("8")], ["charged-without-booking", "booked-without-charge"]),
    ("charged without a reference", [charge(reference="")], [], ["charged-without-booking"]),
    ("charged before the period", [charge(created=NOW - 30 * HOUR)], [], []),
    ("charged moments ago: the booking may follow", [charge(created=NOW)], [], []),
    ("booked without a charge", [], [booking()], ["booked-without-charge"]),
    ("booked before the period", [], [booking(created=NOW - 30 * HOUR)], []),
    ("booked moments ago", [], [booking(created=NOW)], []),
    ("booked, charge failed", [charge(status="failed", captured=0)], [booking()], ["booked-without-charge"]),
    ("booked, charge pending", [charge(status="pending", captured=0)], [booking()], ["booked-without-charge"]),
    ("booked, only authorized", [charge(status="authorized", captured=0)], [booking()], ["booked-without-charge"]),
    ("declined, then charged", [charge("ch_0", status="failed", captured=0), charge()], [booking()], []),
    ("charged twice", [charge(), charge("ch_2")], [booking()], ["charged-twice"]),
    ("charged twice, the booking names one", [charge(), charge("ch_2")], [booking(charge="ch_1")], ["charged-twice"]),
    ("charged twice, one refunded", [charge(), charge("ch_2", refunded=4250)], [booking()], []),
    ("two payments of one booking", [charge(), charge("ch_2")], [booking(charge="ch_1"), booking(charge="ch_2")], []),
    ("one key, two charges", [charge(reference="", keys=frozenset("k")), charge("ch_2", "", keys=frozenset("k"))], None,
     ["charged-twice"]),
    ("charged twice, without bookings to compare", [charge(), charge("ch_2")], None, ["charged-twice"]),
    ("another amount", [charge(amount=4000, captured=4000)], [booking()], ["amount-differs"]),
    ("partly captured", [charge(captured=4000)], [booking()], ["amount-differs"]),
    ("partly captured, as booked", [charge(captured=4000)], [booking(amount=4000)], []),
    ("partly refunded, booked in full", [charge(refunded=250)], [booking()], []),
    ("partly refunded, booked net", [charge(refunded=250)], [booking(amount=4000)], []),
    ("partly refunded, booked otherwise", [charge(refunded=250)], [booking(amount=3000)], ["amount-differs"]),
    ("refunded, still booked", [charge(refunded=4250)], [booking()], ["booked-and-refunded"]),
    ("refunded, booking gone", [charge(refunded=4250)], [], []),
    ("another currency", [charge(currency="usd")], [booking()], ["currency-differs"]),
    ("disputed", [charge(disputed=True)], [booking()], ["disputed"]),
]  # fmt: skip


@pytest.mark.parametrize(("charges", "bookings", "kinds"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_differences(charges, bookings, kinds):
    """Each difference has its kind, its subject and both sides as evidence."""
    found = differences(charges, bookings)
    assert [one.kind for one in found] == kinds
    assert all(one.subject and one.evidence and one.fix for one in found)


def test_an_incomplete_list_proves_no_missing_charge():
    """Without the whole list, a booking without a charge is no difference."""
    assert differences([], [booking()], complete=False) == []


def test_a_charge_outside_of_the_period_is_looked_up():
    """A booking that names an older charge is compared with it."""
    old = charge("ch_old", created=NOW - 1000 * HOUR)
    assert differences([], [booking(charge="ch_old")], elsewhere=[old]) == []
    (found,) = differences([], [booking(charge="ch_gone")])
    assert (found.kind, "ch_gone" in found.evidence) == ("booked-without-charge", True)


def test_amounts_are_shown_by_currency():
    """Yen have no decimals."""
    (found,) = differences([charge(currency="jpy", amount=500, captured=500)], [booking(amount=600, currency="jpy")])
    assert "600 JPY" in found.evidence
    assert "500 JPY" in found.evidence
