"""Slack's Events API: ``X-Slack-Signature: v0=...`` over ``v0:timestamp:body``; ``event_id`` in the body."""

from launchready.http.message import Request
from launchready.idempotency.webhooks.signatures import fresh, hexdigest, same, text
from launchready.settings.key_sources import json_field


def event(request: Request, body: bytes) -> str | None:
    del request
    return json_field(body, "event_id")


def verify(request: Request, body: bytes, secret: str, now: float) -> str | None:
    moment = text(request, b"x-slack-request-timestamp")
    signed = "v0=" + hexdigest(secret.encode(), f"v0:{moment}:".encode() + body)
    if not same(signed, text(request, b"x-slack-signature")):
        return "the signature does not match"
    return fresh(moment, now)
