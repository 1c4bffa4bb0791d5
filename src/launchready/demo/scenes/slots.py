"""Slots, each booked by 20 people at once.

Who prevents the double sale is the app's own `sell`, through launchready: `@idempotent` with the slot as its key, so
that one call per slot runs, ever, on any worker. The Idempotency-Key of each customer does not do it (20 customers
send 20 keys), and a UNIQUE constraint on the slot would do it as well.
"""

import asyncio
import uuid

from launchready.demo.people import Person
from launchready.demo.scenes.scene import Outcome, Stage

TITLE = "10 slots, each booked by 20 people at once"
NOTE = """
    Who keeps a slot from being sold twice is the app, by one line of launchready: its function `sell` is @idempotent
    with the slot as the key. The customers' own Idempotency-Keys do not (20 people send 20 keys), and a UNIQUE
    constraint in the database would do it as well.
"""
SLOTS = range(901, 911)
PEOPLE = 20


async def play(stage: Stage) -> Outcome:
    sold = [await rush(stage, slot) for slot in SLOTS]
    double = sum(count > 1 for count in sold)
    told = f"{sum(sold)} bookings sold for {len(SLOTS)} slots; {double} slots sold more than once (worst: {max(sold)}x)"
    broken = [] if set(sold) == {1} else [f"each slot is sold exactly once: {sold}"]
    return Outcome(told, broken)


async def rush(stage: Stage, slot: int) -> int:
    async def book(person: Person) -> int:
        headers = person.bearer | {"idempotency-key": str(uuid.uuid4())}
        answer = await stage.net.send(
            "POST", "/bookings", address=person.address, headers=headers, json={"slot_id": slot}
        )
        return answer.status

    answers = await asyncio.gather(*map(book, stage.people[:PEOPLE]))
    return answers.count(201)
