"""External services: mail, the payment provider, and its signed webhooks."""

import hashlib
import hmac
import time

import httpx
from django.conf import settings
from django.core.mail import send_mail as send

provider = httpx.Client(base_url=settings.PROVIDER, headers={"Authorization": f"Bearer {settings.PROVIDER_KEY}"})


def send_mail(to: str, subject: str, text: str) -> None:
    """Send a mail. Django sets Date and Message-ID."""
    send(subject, text, None, [to])


def charge(amount: int, card: str, booking_id: int, key: str, metadata: dict[str, str]) -> str:
    """Charge the card and return the provider's id of the charge.

    The provider gets the key of this attempt, so that it charges once, and `launchready reconcile` finds the charge.
    """
    answer = provider.post(
        "/v1/charges",
        headers={"Idempotency-Key": key},
        json={"amount": amount, "currency": "eur", "source": card, "metadata": {"booking_id": booking_id, **metadata}},
    )
    answer.raise_for_status()
    return str(answer.json()["id"])


def signed_by_stripe(body: bytes, header: str) -> bool:
    """Verify Stripe's signature: `t=1700000000,v1=<hex>` over "t.body", at most five minutes old."""
    fields = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    moment, signature = fields.get("t", ""), fields.get("v1", "")
    if not moment.isdecimal() or abs(time.time() - int(moment)) > 300:
        return False
    expected = hmac.new(settings.WEBHOOK_SECRET.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)
