"""200 payments, each sent up to 20 times at once with one Idempotency-Key; one worker is killed in the middle.

The provider's ledger is the witness. A later retry of a killed worker's payment gets the stored answer, or "outcome
unknown": launchready cannot tell whether the money moved, so it does not charge again. Reconciliation with the provider
then settles every unknown outcome.
"""

import asyncio
import os
import signal
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from launchready.demo.customers import Customer
from launchready.demo.http_client import ConnectionLost, LoopbackAnswer, LoopbackClient
from launchready.demo.sample_app import CoachApp
from launchready.demo.scenarios.scenario import ScenarioContext, ScenarioResult
from launchready.reconciliation.charges import Charge
from launchready.reconciliation.providers.stripe import Stripe
from launchready.reconciliation.report import CHARGED, KeyVerdict, ReconcileReport
from launchready.reconciliation.run import reconcile

TITLE = "200 payments, each sent up to 20 times at once; one worker killed in the middle"
NOTE = """
    Only the provider knows whether a payment with an unknown outcome was charged: its worker was killed between the
    call and the answer. launchready does not run it again, and `launchready reconcile stripe --settle` settles the key
    by the provider's list of charges. It also names charges that the app did not record.
"""
PAYMENTS = 200
CARD = "4242" * 4
BOOKINGS = "SELECT booking_id AS reference, charge, amount, 'eur' AS currency FROM payments"
QUIET = "2s"  # the provider's requests take 20 ms, so nothing can still be on its way
GIVE_UP = 10.0  # seconds after which a customer stops retrying


@dataclass(slots=True)
class Payment:
    customer: Customer
    booking_id: int
    copies: int
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    outcome: str = "open"  # open, then paid, unknown, or refused


async def run(context: ScenarioContext) -> ScenarioResult:
    payments = await book(context)
    count = len(payments)
    killer = asyncio.create_task(kill_a_worker(context, payments))
    await asyncio.gather(*(pay_until_answered(context, payment) for payment in payments))
    killed = await killer
    settled = await reconcile_unknown(context, payments) if context.app.protected else []
    ledger = await charges(context)
    outcomes = Counter(payment.outcome for payment in payments)
    twice = sum(1 for charged in ledger.values() if charged > 1)
    summary = f"{sum(ledger.values()):,} charges for {count} payments; {twice} payments charged more than once (worst:"
    summary += f" {max(ledger.values())}x); {outcomes['paid']} answered as paid"
    if settled:
        done = sum(verdict.outcome == CHARGED for verdict in settled)
        summary += f"; {len(settled)} were of unknown outcome, and reconcile settled them: {done} charged, "
        summary += f"{len(settled) - done} not charged and then paid; {outcomes['unknown']} left unknown"
    if outcomes["refused"]:
        summary += f", {outcomes['refused']} answered only that the booking is paid already"
    if outcomes["open"]:
        summary += f", {outcomes['open']} never answered"
    failures = []
    if twice:
        failures.append(f"no payment is charged twice: {twice} were")
    if outcomes["unknown"] or any(not verdict.settled for verdict in settled):
        failures.append(f"reconcile settles every unknown outcome: {outcomes['unknown']} are left")
    if outcomes["open"] or outcomes["refused"]:
        failures.append(f"every payment gets an answer: {outcomes['open'] + outcomes['refused']} did not")
    if any(p.outcome == "paid" and not ledger[str(p.booking_id)] for p in payments):
        failures.append("what is answered as paid was charged")
    if not killed:
        failures.append("a worker is killed in the middle: none was running")
    return ScenarioResult(summary, failures)


async def book(context: ScenarioContext) -> list[Payment]:
    """Make one booking for each payment, on slots of their own."""

    async def book_one(n: int) -> Payment:
        customer = context.customers[n % len(context.customers)]
        headers = customer.bearer | {"idempotency-key": str(uuid.uuid4())}
        slot = {"slot_id": n + 1}
        answer = await context.client.send("POST", "/bookings", address=customer.address, headers=headers, json=slot)
        return Payment(customer, answer.expect(201).json()["id"], copies=20 if n % 8 == 0 else 2 + n % 4)

    return list(await asyncio.gather(*map(book_one, range(PAYMENTS))))


async def pay_until_answered(context: ScenarioContext, payment: Payment) -> None:
    """Send all copies of a payment at once, then retry until one answer is final or the customer gives up."""
    await asyncio.gather(*(send_payment(context, payment) for _ in range(payment.copies)))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + GIVE_UP
    while payment.outcome == "open" and loop.time() < deadline:
        await asyncio.sleep(0.4)
        await send_payment(context, payment)


async def send_payment(context: ScenarioContext, payment: Payment) -> None:
    headers = payment.customer.bearer | {"idempotency-key": payment.key}
    order = {"booking_id": payment.booking_id, "card": CARD}
    try:
        answer = await context.client.send(
            "POST", "/payments", address=payment.customer.address, headers=headers, json=order
        )
    except ConnectionLost:
        return
    if fate := outcome_of(answer):
        # One "paid" outweighs every other answer to the same payment.
        payment.outcome = "paid" if payment.outcome == "paid" else fate


def outcome_of(answer: LoopbackAnswer) -> str | None:
    """Return the outcome that a final answer implies, or None if the answer is not final."""
    if answer.status == 201:
        return "paid"
    problem = answer.json().get("type", "") if answer.headers.get("content-type", "").endswith("json") else ""
    if problem.endswith("outcome-unknown"):
        return "unknown"
    if answer.status == 409 and not problem:
        return "refused"
    return None


async def kill_a_worker(context: ScenarioContext, payments: list[Payment]) -> bool:
    """Kill the oldest worker once a third of the payments have an outcome."""
    while sum(payment.outcome != "open" for payment in payments) < len(payments) // 3:  # noqa: ASYNC110 - the customers do not know that they are watched
        await asyncio.sleep(0.01)
    victim = context.app.server.worker_pids()[0]
    try:
        os.kill(victim, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


async def reconcile_unknown(context: ScenarioContext, payments: list[Payment]) -> list[KeyVerdict]:
    """Settle unknown outcomes by the provider's list, as ``launchready reconcile stripe --settle``, then pay the rest.

    A payment whose key is settled as done counts as paid: its customer is charged, and the report names the charge.
    """
    unknown = {str(payment.booking_id): payment for payment in payments if payment.outcome == "unknown"}
    report = await asyncio.to_thread(reconcile_app, context.app)
    found = {one.id: one for one in await asyncio.to_thread(list_charges, context.app)}
    for verdict in report.unknown_keys:
        for charge in verdict.charges if verdict.outcome == CHARGED else ():
            if payment := unknown.pop(found[charge].metadata["booking_id"], None):
                payment.outcome = "paid"
    for payment in unknown.values():
        payment.outcome = "open"
    await asyncio.gather(*(pay_until_answered(context, payment) for payment in unknown.values()))
    return list(report.unknown_keys)


def reconcile_app(app: CoachApp) -> ReconcileReport:
    return reconcile(
        stripe(app), since="1h", store=f"sqlite:///{app.home / 'launchready.db'}", quiet=QUIET, settle=True,
        database=f"sqlite:///{app.home / 'coach.db'}", bookings=BOOKINGS,
    )  # fmt: skip


def list_charges(app: CoachApp) -> tuple[Charge, ...]:
    now = datetime.now(UTC)
    return stripe(app).list_charges(now - timedelta(hours=1), now).charges


def stripe(app: CoachApp) -> Stripe:
    return Stripe(app.provider_key, base_url=app.provider.url)


async def charges(context: ScenarioContext) -> Counter[str]:
    async with LoopbackClient(context.app.provider.port, max_connections=1) as wire:
        return Counter((await wire.request("GET", "/ledger", {})).json())
