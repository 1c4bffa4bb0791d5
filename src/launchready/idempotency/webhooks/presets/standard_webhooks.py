"""Standard Webhooks 1.0.0: ``webhook-id``, ``webhook-timestamp``, ``webhook-signature: v1,<base64> ...``.

HMAC-SHA-256 over ``id.timestamp.body`` with the bytes of the base64 in ``whsec_...``. Svix sends the same under names
of its own.
"""

from launchready.http.message import Request
from launchready.idempotency.webhooks.signatures import b64digest, decoded, fresh, same, text

NAMES = (b"webhook-", b"svix-")


def event(request: Request, body: bytes) -> str | None:
    del body
    return _field(request, b"id") or None


def verify(request: Request, body: bytes, secret: str, now: float) -> str | None:
    moment = _field(request, b"timestamp")
    signed = b64digest(decoded(secret.removeprefix("whsec_")), f"{_field(request, b'id')}.{moment}.".encode() + body)
    given = [part.partition(",")[2] for part in _field(request, b"signature").split(" ") if part.startswith("v1,")]
    if not any(same(signed, value) for value in given):
        return "the signature does not match"
    return fresh(moment, now)


def _field(request: Request, name: bytes) -> str:
    return next((found for prefix in NAMES if (found := text(request, prefix + name))), "")
