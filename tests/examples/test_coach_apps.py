"""One HTTP contract for the coach app in every framework, with and without launchready."""

import hashlib
import hmac
import json
import re
import time
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest
from running_coach import Coach, key

CARD = "4242" * 4


def test_sign_up_sends_one_mail_whose_link_works(coach: Coach) -> None:
    """The mail has a date, a Message-ID and the recipient, and its link confirms the address."""
    account = coach.account()
    with coach.visitor() as visitor:
        assert visitor.post("/signup", json=account).status_code == 201
        (mail,) = coach.mailbox.to(account["email"])
        assert parsedate_to_datetime(mail["date"])
        assert re.fullmatch(r"<\S+@\S+>", mail["message-id"])
        link = urlsplit(re.search(r"https?://\S+", mail.get_content())[0])
        assert visitor.get(f"{link.path}?{link.query}").json() == {"confirmed": True}
        assert visitor.get(f"{link.path}?token=guess").status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/signup", b"{"),
        ("/signup", b'["email"]'),
        ("/signup", b'{"email": "no address", "password": "long enough", "name": "A"}'),
        ("/signup", b'{"email": "a@mail.example", "password": "short", "name": "A"}'),
        ("/login", b'{"email": "a@mail.example"}'),
    ],
)
def test_invalid_bodies_are_refused(coach: Coach, path: str, body: bytes) -> None:
    """Malformed and incomplete bodies are answered 422."""
    with coach.visitor() as visitor:
        answer = visitor.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422


def test_an_address_signs_up_once(coach: Coach) -> None:
    """The second sign-up with one address is refused, in any case of letters, and sends no mail."""
    account = coach.account()
    with coach.visitor() as visitor:
        assert visitor.post("/signup", json=account).status_code == 201
        again = account | {"email": account["email"].upper()}
        assert visitor.post("/signup", json=again).status_code == 409
    assert len(coach.mailbox.to(account["email"])) == 1


def test_wrong_passwords_and_unknown_accounts_look_alike(coach: Coach) -> None:
    """Both get 401 with the same body."""
    account = coach.account()
    with coach.visitor() as visitor:
        visitor.post("/signup", json=account)
        wrong = visitor.post("/login", json=account | {"password": "not the password"})
        unknown = visitor.post("/login", json=account | {"email": "nobody@mail.example"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.content == unknown.content


def test_the_profile_by_token_and_by_cookie(coach: Coach) -> None:
    """A log-in works as bearer token and as cookie; without either the profile is refused."""
    account = coach.account()
    with coach.visitor() as visitor:
        visitor.post("/signup", json=account)
        assert visitor.get("/me").status_code == 401
        answer = visitor.post("/login", json=account)
        assert "httponly" in answer.headers["set-cookie"].lower()
        by_cookie = visitor.get("/me")
        visitor.cookies.clear()
        by_token = visitor.get("/me", headers={"authorization": f"Bearer {answer.json()['token']}"})
        assert visitor.get("/me", headers={"authorization": "Bearer guess"}).status_code == 401
    assert by_cookie.json() == by_token.json()
    assert by_token.json()["email"] == account["email"]
    assert "no-store" in by_token.headers["cache-control"]


def test_the_catalogue_is_cacheable(coach: Coach) -> None:
    """24 coaches, the best rated first, cacheable by everyone for a minute."""
    with coach.visitor() as visitor:
        answer = visitor.get("/coaches")
        assert visitor.get("/coaches/1").json()["id"] == 1
        assert visitor.get("/coaches/999").status_code == 404
    directives = {part.strip() for part in answer.headers["cache-control"].split(",")}
    assert directives >= {"public", "max-age=60"}
    coaches = answer.json()
    assert len(coaches) == 24
    assert set(coaches[0]) == {"id", "name", "city", "price", "rating", "reviews"}
    assert [c["rating"] for c in coaches] == sorted((c["rating"] for c in coaches), reverse=True)


def test_a_slot_is_booked_and_no_longer_free(coach: Coach) -> None:
    """A booking takes its slot: the list shows it, and the next customer is refused."""
    with coach.customer() as first, coach.customer() as second:
        booking = coach.book(first)
        slots = {slot["id"]: slot["free"] for slot in first.get("/coaches/1/slots").json()}
        late = second.post("/bookings", json={"slot_id": booking["slot_id"]}, headers=key())
    assert booking["status"] == "reserved"
    assert slots[booking["slot_id"]] is False
    assert any(slots.values())
    assert late.status_code == 409


def test_booking_needs_a_login_and_a_slot(coach: Coach) -> None:
    """Booking without a login, or of a missing slot, is refused."""
    with coach.visitor() as visitor, coach.customer() as customer:
        assert visitor.post("/bookings", json={"slot_id": 900}, headers=key()).status_code == 401
        assert customer.post("/bookings", json={"slot_id": 999_999}, headers=key()).status_code == 404
        assert customer.post("/bookings", json={}, headers=key()).status_code == 422


def test_bookings_are_private(coach: Coach) -> None:
    """Another customer can neither read a booking nor pay for it."""
    with coach.customer() as owner, coach.customer() as other:
        booking = coach.book(owner)["id"]
        order = {"booking_id": booking, "card": CARD}
        assert owner.get(f"/bookings/{booking}").status_code == 200
        assert other.get(f"/bookings/{booking}").status_code == 404
        assert other.post("/payments", json=order, headers=key()).status_code == 404
    assert coach.charges(booking) == 0


def test_a_payment_charges_the_price_once(coach: Coach) -> None:
    """The provider is charged the coach's price; a second payment for the booking is refused."""
    with coach.customer() as customer:
        booking = coach.book(customer)["id"]
        order = {"booking_id": booking, "card": CARD}
        paid = customer.post("/payments", json=order, headers=key())
        again = customer.post("/payments", json=order, headers=key())
        price = customer.get("/coaches/1").json()["price"]
    assert paid.status_code == 201
    assert paid.json()["amount"] == price
    assert again.status_code == 409
    assert coach.charges(booking) == 1


def test_the_webhook_turns_a_booking_paid(coach: Coach) -> None:
    """A signed event turns the booking paid and sends one mail, however often it is delivered."""
    with coach.customer() as customer, coach.visitor() as stripe:
        booking = coach.book(customer)["id"]
        email = customer.get("/me").json()["email"]
        event = {"type": "charge.succeeded", "data": {"object": {"metadata": {"booking_id": booking}}}}
        body = json.dumps(event).encode()
        for _ in range(2):
            headers = {"stripe-signature": signature(coach.webhook_secret, body)}
            assert stripe.post("/webhooks/stripe", content=body, headers=headers).json() == {"received": True}
        assert customer.get(f"/bookings/{booking}").json()["status"] == "paid"
    assert [mail["subject"] for mail in coach.mailbox.to(email)][1:] == ["Your booking is paid"]


def signature(secret: str, body: bytes, *, age: int = 0) -> str:
    moment = str(int(time.time()) - age)
    return f"t={moment},v1={hmac.new(secret.encode(), moment.encode() + b'.' + body, hashlib.sha256).hexdigest()}"


@pytest.mark.parametrize("how", ["unsigned", "other secret", "too old", "nonsense"])
def test_unsigned_webhooks_are_refused(coach: Coach, how: str) -> None:
    """A missing, foreign or old signature gets 400."""
    body = b'{"type": "charge.succeeded"}'
    headers = {
        "unsigned": {},
        "other secret": {"stripe-signature": signature("whsec_other", body)},
        "too old": {"stripe-signature": signature(coach.webhook_secret, body, age=3600)},
        "nonsense": {"stripe-signature": "t=now,v1"},
    }[how]
    with coach.visitor() as stripe:
        assert stripe.post("/webhooks/stripe", content=body, headers=headers).status_code == 400


@pytest.mark.parametrize("name", ["apple-app-site-association", "assetlinks.json"])
def test_deep_link_files(coach: Coach, name: str) -> None:
    """Both files are answered 200 as application/json, without a redirect."""
    with coach.visitor() as phone:
        answer = phone.get(f"/.well-known/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()
