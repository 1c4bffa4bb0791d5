"""200 payments, each sent up to 20 times at once with one Idempotency-Key, and one worker killed in the middle.

The provider's ledger is the witness. A payment whose worker died is either told as paid by a later retry, or refused
as "outcome unknown": nobody but the provider knows whether the money moved, so it is not charged again.
"""

import asyncio
import os
import signal
import uuid
from collections import Counter
from dataclasses import dataclass, field

from launchready.demo.people import Person
from launchready.demo.scenes.scene import Outcome, Stage
from launchready.demo.wire import Answer, Broken, Wire

TITLE = "200 payments, each sent up to 20 times at once; one worker killed in the middle"
NOTE = """
    Whether a payment with an unknown outcome was charged, only the provider knows: its worker was killed between
    asking and answering. launchready refuses to run it again; look into the ledger, then settle the key.
"""
PAYMENTS = 200
CARD = "4242" * 4
GIVE_UP = 10.0  # seconds after which a customer stops asking


@dataclass(slots=True)
class Payment:
    person: Person
    booking_id: int
    copies: int
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    fate: str = "open"  # open, then paid, unknown, or refused


async def play(stage: Stage) -> Outcome:
    payments = await book(stage)
    count = len(payments)
    watch = asyncio.create_task(kill_a_worker(stage, payments))
    await asyncio.gather(*(insist(stage, payment) for payment in payments))
    killed = await watch
    ledger = await charges(stage)
    fates = Counter(payment.fate for payment in payments)
    twice = sum(1 for charged in ledger.values() if charged > 1)
    told = f"{sum(ledger.values()):,} charges for {count} payments; {twice} payments charged more than once (worst:"
    told += f" {max(ledger.values())}x); {fates['paid']} answered as paid"
    if fates["unknown"]:
        moved = sum(1 for p in payments if p.fate == "unknown" and ledger[str(p.booking_id)])
        told += f", {fates['unknown']} refused as 'outcome unknown' (the provider had charged {moved} of them)"
    if fates["refused"]:
        told += f", {fates['refused']} told only that the booking is paid already"
    if fates["open"]:
        told += f", {fates['open']} never answered"
    broken = []
    if twice:
        broken.append(f"no payment is charged twice: {twice} were")
    if fates["open"] or fates["refused"]:
        broken.append(f"every payment gets an answer: {fates['open'] + fates['refused']} did not")
    if any(p.fate == "paid" and not ledger[str(p.booking_id)] for p in payments):
        broken.append("what is answered as paid was charged")
    if not killed:
        broken.append("a worker is killed in the middle: none was running")
    return Outcome(told, broken)


async def book(stage: Stage) -> list[Payment]:
    """One booking for each payment, on slots of their own."""

    async def one(n: int) -> Payment:
        person = stage.people[n % len(stage.people)]
        headers = person.bearer | {"idempotency-key": f"booking-{n}"}
        slot = {"slot_id": n + 1}
        answer = await stage.net.send("POST", "/bookings", address=person.address, headers=headers, json=slot)
        return Payment(person, answer.expect(201).json()["id"], copies=20 if n % 8 == 0 else 2 + n % 4)

    return list(await asyncio.gather(*map(one, range(PAYMENTS))))


async def insist(stage: Stage, payment: Payment) -> None:
    """Tap the button many times; and when no tap was answered for good, ask again every now and then."""
    await asyncio.gather(*(tap(stage, payment) for _ in range(payment.copies)))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + GIVE_UP
    while payment.fate == "open" and loop.time() < deadline:
        await asyncio.sleep(0.4)
        await tap(stage, payment)


async def tap(stage: Stage, payment: Payment) -> None:
    headers = payment.person.bearer | {"idempotency-key": payment.key}
    order = {"booking_id": payment.booking_id, "card": CARD}
    try:
        answer = await stage.net.send("POST", "/payments", address=payment.person.address, headers=headers, json=order)
    except Broken:
        return
    if fate := meaning(answer):
        # A tap that was told "paid" outweighs what the others were told.
        payment.fate = "paid" if payment.fate == "paid" else fate


def meaning(answer: Answer) -> str | None:
    """What an answer settles, if it settles anything."""
    if answer.status == 201:
        return "paid"
    problem = answer.json().get("type", "") if answer.headers.get("content-type", "").endswith("json") else ""
    if problem.endswith("outcome-unknown"):
        return "unknown"
    if answer.status == 409 and not problem:
        return "refused"
    return None


async def kill_a_worker(stage: Stage, payments: list[Payment]) -> bool:
    """SIGKILL for the oldest worker once a third of the payments are settled."""
    while sum(payment.fate != "open" for payment in payments) < len(payments) // 3:  # noqa: ASYNC110 - the customers do not know that they are watched
        await asyncio.sleep(0.01)
    victim = stage.app.server.worker_pids()[0]
    try:
        os.kill(victim, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


async def charges(stage: Stage) -> Counter[str]:
    async with Wire(stage.app.provider.port, at_once=1) as wire:
        return Counter((await wire.request("GET", "/ledger", {})).json())
