"""Stripe: ``Stripe-Signature: t=...,v1=...``, HMAC-SHA-256 over ``t.body`` (docs.stripe.com/webhooks#verify-manually).

The body of a redelivery differs from the first one's (``pending_webhooks`` counts down): the event's id is the key.
"""

from launchready.http.message import Request
from launchready.idempotency.webhooks.signatures import fresh, hexdigest, same, text
from launchready.settings.key_sources import json_field


def event(request: Request, body: bytes) -> str | None:
    del request
    return json_field(body, "id")


def verify(request: Request, body: bytes, secret: str, now: float) -> str | None:
    parts = [part.partition("=")[::2] for part in text(request, b"stripe-signature").split(",")]
    moment = next((value for name, value in parts if name == "t"), "")
    signed = hexdigest(secret.encode(), moment.encode() + b"." + body)
    if not any(same(signed, value) for name, value in parts if name == "v1"):  # several while a secret is rotated
        return "the signature does not match"
    return fresh(moment, now)
