"""Compares charges with bookings. Pure: no I/O and no clock.

A charge belongs to the booking that names its id, else to the booking whose reference is in its metadata.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from launchready.reconciliation import report
from launchready.reconciliation.bookings import Booking
from launchready.reconciliation.charges import AUTHORIZED, FAILED, PENDING, Charge, Listing
from launchready.reconciliation.money import show
from launchready.reconciliation.report import Difference

_STATUS = {AUTHORIZED: "authorized, not captured", PENDING: "pending", FAILED: "failed"}


@dataclass(frozen=True, slots=True)
class Period:
    """The period to judge. Later than ``settled_until``, the other side may still be on its way."""

    since: datetime
    settled_until: datetime

    def covers(self, created: datetime | None) -> bool:
        return created is None or self.since <= created < self.settled_until


class Matcher:
    """Charges and bookings, matched by charge id and by reference."""

    def __init__(self, charges: Sequence[Charge], bookings: Sequence[Booking], field: str) -> None:
        self.charges = {charge.id: charge for charge in charges}
        self.field = field
        self.by_reference: defaultdict[str, list[Charge]] = defaultdict(list)
        self.bookings: defaultdict[str, list[Booking]] = defaultdict(list)
        self.by_charge = {booking.charge: booking for booking in bookings if booking.charge}
        for charge in charges:
            if reference := charge.metadata.get(field):
                self.by_reference[reference].append(charge)
        for booking in bookings:
            self.bookings[booking.reference].append(booking)

    def booking_of(self, charge: Charge) -> Booking | None:
        if charge.id in self.by_charge:
            return self.by_charge[charge.id]
        rows = self.bookings.get(charge.metadata.get(self.field, ""), [])
        return next(
            (row for row in rows if not row.charge or row.charge not in self.charges), rows[0] if rows else None
        )

    def charge_of(self, booking: Booking) -> Charge | None:
        """The charge of a booking. Of several, one whose money moved."""
        if booking.charge in self.charges:
            return self.charges[booking.charge]
        mine = self.by_reference.get(booking.reference, [])
        return max(mine, key=lambda charge: (charge.net > 0, charge.captured), default=None)


def compare(
    listing: Listing,
    bookings: Sequence[Booking] | None,
    period: Period,
    field: str,
    find_charge: Callable[[str], Charge | None],
) -> Iterator[Difference]:
    """Yield every difference. ``field``: the metadata field with the app's reference."""
    matcher = Matcher(listing.charges, bookings or (), field)
    yield from charged_twice(listing.charges, matcher)
    yield from disputed(listing.charges)
    if bookings is None:
        return
    for charge in listing.charges:
        if charge.net > 0 and period.covers(charge.created) and matcher.booking_of(charge) is None:
            reference = charge.metadata.get(field)
            yield Difference(
                report.CHARGED_WITHOUT_BOOKING,
                charge.id,
                f"{show(charge.net, charge.currency)} on {charge.created:%Y-%m-%d %H:%M} UTC, "
                + (f"for {field} {reference}" if reference else f"without {field} in its metadata"),
                "record the payment, or refund the charge",
            )
    for booking in bookings:
        if period.covers(booking.created):
            yield from check_booking(booking, matcher, listing, find_charge)


def charged_twice(charges: Iterable[Charge], matcher: Matcher) -> Iterator[Difference]:
    """Several charges for one reference or one idempotency key, unless as many bookings name their ids."""
    groups: defaultdict[tuple[str, str], list[Charge]] = defaultdict(list)
    for charge in charges:
        if charge.net > 0 and charge.id not in matcher.by_charge:
            if reference := charge.metadata.get(matcher.field):
                groups[matcher.field, reference].append(charge)
            for key in charge.keys:
                groups["idempotency key", key].append(charge)
    for reference, mine in matcher.by_reference.items():
        named = [charge for charge in mine if charge.net > 0 and charge.id in matcher.by_charge]
        if named and (matcher.field, reference) in groups:
            groups[matcher.field, reference] = [*named, *groups[matcher.field, reference]]
    seen: set[frozenset[str]] = set()
    for (kind, value), group in groups.items():
        ids = frozenset(charge.id for charge in group)
        if len(ids) < 2 or any(ids <= known for known in seen):
            continue
        seen.add(ids)
        amounts = ", ".join(f"{charge.id} {show(charge.net, charge.currency)}" for charge in group)
        shown = value if kind == matcher.field else f"{value[:12]}..."
        yield Difference(
            report.CHARGED_TWICE, f"{kind} {shown}", f"{len(ids)} charges: {amounts}", "refund all but one of them"
        )


def disputed(charges: Iterable[Charge]) -> Iterator[Difference]:
    for charge in charges:
        if charge.disputed:
            yield Difference(
                report.DISPUTED,
                charge.id,
                f"{show(charge.captured, charge.currency)} is disputed",
                "answer the dispute at the provider before its deadline",
            )


def check_booking(
    booking: Booking, matcher: Matcher, listing: Listing, find_charge: Callable[[str], Charge | None]
) -> Iterator[Difference]:
    """Compare one booking with its charge."""
    charge = matcher.charge_of(booking)
    if charge is None and booking.charge:
        charge = find_charge(booking.charge)
    subject = f"booking {booking.reference}"
    booked = f"booked {show(booking.amount, booking.currency)}"
    if charge is None:
        if listing.complete or booking.charge:
            evidence = f"{booked}, no charge" + (f" {booking.charge}" if booking.charge else "")
            yield Difference(
                report.BOOKED_WITHOUT_CHARGE, subject, evidence, "collect the payment, or cancel the booking"
            )
        return
    charged = f"{charge.id} charged {show(charge.captured, charge.currency)}"
    if charge.captured == 0 or charge.status != "succeeded":
        state = _STATUS.get(charge.status, "not captured")
        evidence = f"{booked}, but {charge.id} is {state}"
        yield Difference(report.BOOKED_WITHOUT_CHARGE, subject, evidence, "capture the charge, or cancel the booking")
    elif charge.currency != booking.currency:
        yield Difference(
            report.CURRENCY_DIFFERS, subject, f"{booked}, {charged}", "correct the booking, or refund and charge again"
        )
    elif charge.refunded >= charge.captured and booking.amount:
        yield Difference(
            report.REFUNDED, subject, f"{booked}, {charge.id} is fully refunded", "cancel the booking, or charge again"
        )
    elif booking.amount not in {charge.captured, charge.net}:
        partly = f" of {show(charge.amount, charge.currency)}" if charge.captured < charge.amount else ""
        refund = f", {show(charge.refunded, charge.currency)} refunded" if charge.refunded else ""
        yield Difference(
            report.AMOUNT_DIFFERS,
            subject,
            f"{booked}, {charged}{partly}{refund}",
            "correct the booking, or refund or charge the difference",
        )
