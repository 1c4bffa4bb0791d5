"""Paddle Billing: ``Paddle-Signature: ts=...;h1=...``, HMAC-SHA-256 over ``ts:body``; ``event_id`` in the body."""

from launchready.http.message import Request
from launchready.idempotency.webhooks.signatures import fresh, hexdigest, same, text
from launchready.settings.key_sources import json_field


def event(request: Request, body: bytes) -> str | None:
    del request
    return json_field(body, "event_id")


def verify(request: Request, body: bytes, secret: str, now: float) -> str | None:
    parts = [part.partition("=")[::2] for part in text(request, b"paddle-signature").split(";")]
    moment = next((value for name, value in parts if name == "ts"), "")
    signed = hexdigest(secret.encode(), moment.encode() + b":" + body)
    if not any(same(signed, value) for name, value in parts if name == "h1"):
        return "the signature does not match"
    return fresh(moment, now)
