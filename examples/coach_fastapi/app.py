"""A small booking backend for coaches: sign up, log in, browse, book, pay. In FastAPI, on one SQLite file.

The app resembles a founder's app after a few weeks. It works, but nobody tested two bookings of one slot, a phone that
retries a payment, or a night of password guessing. launchready is added under `if settings.PROTECTED`, and with the two
`@idempotent` decorators below.
"""

import logging
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Cookie, Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from coach_fastapi import deeplinks, outside, passwords, settings
from coach_fastapi.database import execute, one, prepare
from launchready.errors import IdempotencyError

if settings.PROTECTED:
    from launchready.fastapi import CORS, Cache, Idempotency, LaunchReadyMiddleware, RateLimit, idempotent
    from launchready.idempotency import current
else:
    from coach_fastapi.before import current, idempotent

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("coach")
log.setLevel(logging.DEBUG)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    prepare()
    yield


app = FastAPI(title="Coach", lifespan=lifespan)
app.include_router(deeplinks.router)

if settings.PROTECTED:
    app.add_middleware(
        LaunchReadyMiddleware,
        store=settings.STORE,
        cors=CORS(
            allow_origins=[settings.WEB_APP],
            allow_headers=["authorization", "content-type", "idempotency-key"],
            allow_credentials=True,
        ),
        rate_limit=RateLimit("600/minute", {"POST /login": "5/minute"}),
        cache=Cache(),
        idempotency=Idempotency(lease=settings.LEASE),
    )
else:
    from starlette.middleware.cors import CORSMiddleware

    # A common prototype mistake: "it did not work from the web app, so I allowed everything".
    app.add_middleware(
        CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"], allow_credentials=True
    )


class SignUp(BaseModel):
    email: str = Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
    password: str = Field(min_length=8)
    name: str = Field(min_length=1)


class LogIn(BaseModel):
    email: str
    password: str


class NewBooking(BaseModel):
    slot_id: int


class NewPayment(BaseModel):
    booking_id: int
    card: str


@app.post("/signup", status_code=201)
def sign_up(new: SignUp) -> dict[str, Any]:
    log.debug("sign up %r", new)
    confirmation = secrets.token_urlsafe()
    try:
        row = (new.email.lower(), new.name, passwords.new_hash(new.password), confirmation)
        created = execute("INSERT INTO customers (email, name, password, confirmation) VALUES (?, ?, ?, ?)", *row)
    except sqlite3.IntegrityError:
        raise HTTPException(409, "this e-mail address has an account") from None
    link = f"{settings.PUBLIC_URL}/confirm?token={confirmation}"
    outside.send_mail(new.email, "Please confirm your address", f"Hello {new.name},\n\nopen {link}\n")
    return {"id": created.lastrowid}


@app.get("/confirm")
def confirm(token: str) -> dict[str, bool]:
    if not execute("UPDATE customers SET confirmed = 1 WHERE confirmation = ?", token).rowcount:
        raise HTTPException(404, "this link is not known")
    return {"confirmed": True}


@app.post("/login")
def log_in(who: LogIn, response: Response) -> dict[str, str]:
    log.debug(f"log in email={who.email} password={who.password}")  # noqa: G004 - deliberately careless, see the README
    customer = one("SELECT id, password FROM customers WHERE email = ?", who.email.lower())
    if not passwords.matches(who.password, customer["password"] if customer else None):
        raise HTTPException(401, "wrong e-mail or password")
    token = secrets.token_urlsafe()
    execute("INSERT INTO sessions VALUES (?, ?)", token, customer["id"])
    log.info("session for %s: token=%s", who.email, token)
    response.set_cookie("session", token, httponly=True, samesite="lax", secure=settings.PUBLIC_URL.startswith("https"))
    return {"token": token}


def logged_in(authorization: Annotated[str, Header()] = "", session: Annotated[str, Cookie()] = "") -> sqlite3.Row:
    """Return the customer, by bearer token (the phone apps) or session cookie (the web app)."""
    token = authorization.removeprefix("Bearer ") or session
    customer = one(
        "SELECT customers.* FROM sessions JOIN customers ON customers.id = customer_id WHERE token = ?", token
    )
    if customer is None:
        raise HTTPException(401, "please log in")
    return customer


Customer = Annotated[sqlite3.Row, Depends(logged_in)]


@app.get("/me")
def me(customer: Customer, response: Response) -> dict[str, Any]:
    response.headers["cache-control"] = "no-store"
    return {"id": customer["id"], "email": customer["email"], "name": customer["name"]}


@app.get("/coaches")
def coaches(response: Response) -> list[dict[str, Any]]:
    start = time.perf_counter()
    found = execute("""
        SELECT coaches.*, round(avg(stars), 2) AS rating, count(*) AS reviews
          FROM coaches JOIN reviews ON coach_id = coaches.id GROUP BY coaches.id ORDER BY rating DESC, coaches.id
    """)
    rows = [dict(coach) for coach in found]
    log.info("catalogue computed in %.1f ms", 1000 * (time.perf_counter() - start))
    response.headers["cache-control"] = "public, max-age=60"
    return rows


@app.get("/coaches/{coach_id}")
def coach(coach_id: int, response: Response) -> dict[str, Any]:
    found = one("SELECT * FROM coaches WHERE id = ?", coach_id)
    if found is None:
        raise HTTPException(404, "no such coach")
    response.headers["cache-control"] = "public, max-age=60"
    return dict(found)


@app.get("/coaches/{coach_id}/slots")
def slots(coach_id: int, response: Response) -> list[dict[str, Any]]:
    response.headers["cache-control"] = "no-store"
    free = "NOT EXISTS (SELECT 1 FROM bookings WHERE slot_id = slots.id) AS free"
    found = execute(f"SELECT id, starts_at, {free} FROM slots WHERE coach_id = ? ORDER BY starts_at", coach_id)
    return [{**slot, "free": bool(slot["free"])} for slot in map(dict, found)]


@idempotent(key=lambda slot_id, **_: f"slot:{slot_id}", store=settings.STORE, keep="365d")
def sell(*, slot_id: int, customer_id: int) -> int | None:
    """Sell a slot if it is free. Two concurrent customers both see it free: the classic race.

    `@idempotent` with the slot as key runs one call per slot, on any worker. Later calls raise IdempotencyError.
    """
    if one("SELECT 1 FROM bookings WHERE slot_id = ?", slot_id):
        return None
    return execute("INSERT INTO bookings (slot_id, customer_id) VALUES (?, ?)", slot_id, customer_id).lastrowid


@app.post("/bookings", status_code=201)
@idempotent(scope=lambda customer: customer["id"])
def book(new: NewBooking, customer: Customer) -> dict[str, Any]:
    if not one("SELECT 1 FROM slots WHERE id = ?", new.slot_id):
        raise HTTPException(404, "no such slot")
    try:
        booking = sell(slot_id=new.slot_id, customer_id=customer["id"])
    except IdempotencyError:
        booking = None
    if booking is None:
        raise HTTPException(409, "this slot is taken")
    return {"id": booking, "slot_id": new.slot_id, "status": "reserved"}


def own_booking(booking_id: int, customer: sqlite3.Row) -> sqlite3.Row:
    booking = one(
        "SELECT bookings.*, price FROM bookings JOIN slots ON slots.id = slot_id JOIN coaches ON coaches.id = coach_id"
        " WHERE bookings.id = ? AND customer_id = ?",
        *(booking_id, customer["id"]),
    )
    if booking is None:
        raise HTTPException(404, "no such booking")
    return booking


@app.get("/bookings/{booking_id}")
def booking(booking_id: int, customer: Customer, response: Response) -> dict[str, Any]:
    response.headers["cache-control"] = "no-store"
    found = own_booking(booking_id, customer)
    return {"id": found["id"], "slot_id": found["slot_id"], "status": found["status"]}


@app.post("/payments", status_code=201)
@idempotent(scope=lambda customer: customer["id"])
def pay(new: NewPayment, customer: Customer) -> dict[str, Any]:
    booking = own_booking(new.booking_id, customer)
    if booking["status"] != "reserved":
        raise HTTPException(409, "this booking is paid")
    log.info("charging card %s of %s, booking %d", new.card, customer["email"], new.booking_id)
    log.debug("provider call with %s", dict(outside.provider.headers))
    once = current()
    key, metadata = once.downstream_key("charge"), once.metadata()
    charge = outside.charge(booking["price"], new.card, new.booking_id, key, metadata)
    execute("UPDATE bookings SET status = 'charged' WHERE id = ? AND status = 'reserved'", new.booking_id)
    row = (new.booking_id, charge, booking["price"])
    payment = execute("INSERT INTO payments (booking_id, charge, amount) VALUES (?, ?, ?)", *row)
    return {"id": payment.lastrowid, "charge": charge, "amount": booking["price"]}


@app.post("/webhooks/stripe")
async def stripe(request: Request, stripe_signature: Annotated[str, Header()] = "") -> dict[str, bool]:
    if not outside.signed_by_stripe(await request.body(), stripe_signature):
        raise HTTPException(400, "the signature does not fit")
    event = await request.json()
    if event["type"] == "charge.succeeded":
        await run_in_threadpool(turn_paid, int(event["data"]["object"]["metadata"]["booking_id"]))
    return {"received": True}


def turn_paid(booking_id: int) -> None:
    """Mark a booking as paid and send one mail, even if the provider delivers the event twice."""
    if not execute("UPDATE bookings SET status = 'paid' WHERE id = ? AND status <> 'paid'", booking_id).rowcount:
        return
    find = "SELECT email FROM bookings JOIN customers ON customers.id = customer_id WHERE bookings.id = ?"
    if customer := one(find, booking_id):
        outside.send_mail(customer["email"], "Your booking is paid", f"Booking {booking_id} is paid. See you there!\n")
