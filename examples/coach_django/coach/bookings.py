"""Bookings, payments, and the payment provider's webhook."""

import json
import logging
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from coach import forms, outside
from coach.access import Refused, as_json, logged_in
from coach.models import Booking, Slot
from launchready.errors import IdempotencyError

if settings.PROTECTED:
    from launchready.django import idempotent
    from launchready.idempotency import current
else:
    from coach.before import current, idempotent

log = logging.getLogger("coach")


@idempotent(key=lambda slot_id, **_: f"slot:{slot_id}", store=settings.STORE, keep="365d")
def sell(*, slot_id: int, customer_id: int) -> int | None:
    """Sell a slot if it is free. Two concurrent customers both see it free: the classic race.

    `@idempotent` with the slot as key runs one call per slot, on any worker. Later calls raise IdempotencyError.
    """
    if Booking.objects.filter(slot_id=slot_id).exists():
        return None
    return int(Booking.objects.create(slot_id=slot_id, customer_id=customer_id).pk)


@require_POST
@idempotent
@as_json
@logged_in
def book(request: HttpRequest) -> tuple[dict[str, Any], int]:
    slot_id = forms.parse(forms.NewBooking, request)["slot_id"]
    if not Slot.objects.filter(pk=slot_id).exists():
        raise Refused(404, "no such slot")
    try:
        booking = sell(slot_id=slot_id, customer_id=request.user.pk)
    except IdempotencyError:
        booking = None
    if booking is None:
        raise Refused(409, "this slot is taken")
    return {"id": booking, "slot_id": slot_id, "status": "reserved"}, 201


def own_booking(booking_id: int, request: HttpRequest) -> Booking:
    mine = Booking.objects.select_related("slot__coach", "customer").filter(pk=booking_id, customer=request.user)
    if (found := mine.first()) is None:
        raise Refused(404, "no such booking")
    return found


@require_GET
@cache_control(no_store=True)
@as_json
@logged_in
def booking(request: HttpRequest, booking_id: int) -> dict[str, Any]:
    found = own_booking(booking_id, request)
    return {"id": found.pk, "slot_id": found.slot_id, "status": found.status}


@require_POST
@idempotent
@as_json
@logged_in
def pay(request: HttpRequest) -> tuple[dict[str, Any], int]:
    new = forms.parse(forms.NewPayment, request)
    booking = own_booking(new["booking_id"], request)
    if booking.status != "reserved":
        raise Refused(409, "this booking is paid")
    log.info("charging card %s of %s, booking %d", new["card"], booking.customer.email, booking.pk)
    log.debug("provider call with %s", dict(outside.provider.headers))
    price = booking.slot.coach.price
    once = current()
    key, metadata = once.downstream_key("charge"), once.metadata()
    charge = outside.charge(price, new["card"], booking.pk, key, metadata)
    Booking.objects.filter(pk=booking.pk, status="reserved").update(status="charged")
    payment = booking.payments.create(charge=charge, amount=price)
    return {"id": payment.pk, "charge": charge, "amount": price}, 201


@require_POST
@as_json
def stripe(request: HttpRequest) -> dict[str, bool]:
    if not outside.signed_by_stripe(request.body, request.headers.get("stripe-signature", "")):
        raise Refused(400, "the signature does not fit")
    event = json.loads(request.body)
    if event["type"] == "charge.succeeded":
        turn_paid(int(event["data"]["object"]["metadata"]["booking_id"]))
    return {"received": True}


def turn_paid(booking_id: int) -> None:
    """Mark a booking as paid and send one mail, even if the provider delivers the event twice."""
    if Booking.objects.filter(pk=booking_id).exclude(status="paid").update(status="paid"):
        customer = Booking.objects.select_related("customer").get(pk=booking_id).customer
        outside.send_mail(customer.email, "Your booking is paid", f"Booking {booking_id} is paid. See you there!\n")
