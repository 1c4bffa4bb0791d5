"""GitHub: ``X-Hub-Signature-256: sha256=...`` over the body; ``X-GitHub-Delivery`` stays when it is redelivered."""

from launchready.http.message import Request
from launchready.idempotency.webhooks.signatures import hexdigest, same, text


def event(request: Request, body: bytes) -> str | None:
    del body
    return text(request, b"x-github-delivery") or None


def verify(request: Request, body: bytes, secret: str, now: float) -> str | None:
    del now  # it signs no time
    given = text(request, b"x-hub-signature-256").removeprefix("sha256=")
    return None if same(hexdigest(secret.encode(), body), given) else "the signature does not match"
