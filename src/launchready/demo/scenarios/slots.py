"""Slots, each booked by 20 people at once.

The app's own function `sell` prevents the double sale: it is `@idempotent` with the slot as its key, so one call per
slot runs on any worker. The customers' Idempotency-Keys cannot do it, because 20 customers send 20 keys. A UNIQUE
constraint on the slot would do it as well.
"""

import asyncio
import uuid

from launchready.demo.customers import Customer
from launchready.demo.scenarios.scenario import ScenarioContext, ScenarioResult

TITLE = "10 slots, each booked by 20 customers at once"
NOTE = """
    The app prevents a double sale with one line of launchready: its function `sell` is @idempotent with the slot as
    the key. The customers' own Idempotency-Keys cannot do it, because 20 customers send 20 keys. A UNIQUE constraint
    in the database would do it as well.
"""
SLOTS = range(901, 911)
PEOPLE = 20


async def run(context: ScenarioContext) -> ScenarioResult:
    sold = [await book_at_once(context, slot) for slot in SLOTS]
    double = sum(count > 1 for count in sold)
    summary = (
        f"{sum(sold)} bookings sold for {len(SLOTS)} slots; {double} slots sold more than once (worst: {max(sold)}x)"
    )
    failures = [] if set(sold) == {1} else [f"each slot is sold exactly once: {sold}"]
    return ScenarioResult(summary, failures)


async def book_at_once(context: ScenarioContext, slot: int) -> int:
    async def book(customer: Customer) -> int:
        headers = customer.bearer | {"idempotency-key": str(uuid.uuid4())}
        answer = await context.client.send(
            "POST", "/bookings", address=customer.address, headers=headers, json={"slot_id": slot}
        )
        return answer.status

    answers = await asyncio.gather(*map(book, context.customers[:PEOPLE]))
    return answers.count(201)
