"""Bookings, payments, and the payment provider's webhook."""

import logging
import sqlite3
from typing import Any

from flask import Blueprint, abort, g, request

from coach_flask import outside, settings
from coach_flask.accounts import logged_in, parse
from coach_flask.database import execute, one
from launchready.errors import IdempotencyError

if settings.PROTECTED:
    from launchready.flask import idempotent
    from launchready.idempotency import current
else:
    from coach_flask.before import current, idempotent

log = logging.getLogger("coach")
routes = Blueprint("bookings", __name__)


@idempotent(key=lambda slot_id, **_: f"slot:{slot_id}", store=settings.STORE, keep="365d")
def sell(*, slot_id: int, customer_id: int) -> int | None:
    """Sell a slot if it is free. Two concurrent customers both see it free: the classic race.

    `@idempotent` with the slot as key runs one call per slot, on any worker. Later calls raise IdempotencyError.
    """
    if one("SELECT 1 FROM bookings WHERE slot_id = ?", slot_id):
        return None
    return execute("INSERT INTO bookings (slot_id, customer_id) VALUES (?, ?)", slot_id, customer_id).lastrowid


@routes.post("/bookings")
@logged_in
@idempotent(scope=lambda _: g.customer["id"])
def book() -> tuple[dict[str, Any], int]:
    (slot_id,) = parse(slot_id=int)
    if not one("SELECT 1 FROM slots WHERE id = ?", slot_id):
        abort(404, "no such slot")
    try:
        booking = sell(slot_id=slot_id, customer_id=g.customer["id"])
    except IdempotencyError:
        booking = None
    if booking is None:
        abort(409, "this slot is taken")
    return {"id": booking, "slot_id": slot_id, "status": "reserved"}, 201


def own_booking(booking_id: int) -> sqlite3.Row:
    found = one(
        "SELECT bookings.*, price FROM bookings JOIN slots ON slots.id = slot_id JOIN coaches ON coaches.id = coach_id"
        " WHERE bookings.id = ? AND customer_id = ?",
        *(booking_id, g.customer["id"]),
    )
    return found or abort(404, "no such booking")


@routes.get("/bookings/<int:booking_id>")
@logged_in
def booking(booking_id: int) -> tuple[dict[str, Any], dict[str, str]]:
    found = own_booking(booking_id)
    return {name: found[name] for name in ("id", "slot_id", "status")}, {"cache-control": "no-store"}


@routes.post("/payments")
@logged_in
@idempotent(scope=lambda _: g.customer["id"])
def pay() -> tuple[dict[str, Any], int]:
    booking_id, card = parse(booking_id=int, card=str)
    booking = own_booking(booking_id)
    if booking["status"] != "reserved":
        abort(409, "this booking is paid")
    log.info("charging card %s of %s, booking %d", card, g.customer["email"], booking_id)
    log.debug("provider call with %s", dict(outside.provider.headers))
    once = current()
    key, metadata = once.downstream_key("charge"), once.metadata()
    charge = outside.charge(booking["price"], card, booking_id, key, metadata)
    execute("UPDATE bookings SET status = 'charged' WHERE id = ? AND status = 'reserved'", booking_id)
    row = (booking_id, charge, booking["price"])
    payment = execute("INSERT INTO payments (booking_id, charge, amount) VALUES (?, ?, ?)", *row)
    return {"id": payment.lastrowid, "charge": charge, "amount": booking["price"]}, 201


@routes.post("/webhooks/stripe")
def stripe() -> dict[str, bool]:
    if not outside.signed_by_stripe(request.get_data(), request.headers.get("stripe-signature", "")):
        abort(400, "the signature does not fit")
    event = request.get_json(force=True)
    if event["type"] == "charge.succeeded":
        turn_paid(int(event["data"]["object"]["metadata"]["booking_id"]))
    return {"received": True}


def turn_paid(booking_id: int) -> None:
    """Mark a booking as paid and send one mail, even if the provider delivers the event twice."""
    if not execute("UPDATE bookings SET status = 'paid' WHERE id = ? AND status <> 'paid'", booking_id).rowcount:
        return
    find = "SELECT email FROM bookings JOIN customers ON customers.id = customer_id WHERE bookings.id = ?"
    if customer := one(find, booking_id):
        outside.send_mail(customer["email"], "Your booking is paid", f"Booking {booking_id} is paid. See you there!\n")
