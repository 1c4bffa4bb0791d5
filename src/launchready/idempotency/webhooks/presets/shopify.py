"""Shopify: ``X-Shopify-Hmac-Sha256`` (base64) over the body; ``X-Shopify-Event-Id``, else the older ``Webhook-Id``."""

from launchready.http.message import Request
from launchready.idempotency.webhooks.signatures import b64digest, same, text


def event(request: Request, body: bytes) -> str | None:
    del body
    return text(request, b"x-shopify-event-id") or text(request, b"x-shopify-webhook-id") or None


def verify(request: Request, body: bytes, secret: str, now: float) -> str | None:
    del now  # it signs no time
    given = text(request, b"x-shopify-hmac-sha256")
    return None if same(b64digest(secret.encode(), body), given) else "the signature does not match"
