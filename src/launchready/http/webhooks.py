"""Webhook requests: sent by providers' servers, which follow no redirect, send no Origin and arrive in bursts."""

from launchready.http.message import Request

SIGNATURES = frozenset(
    {
        b"stripe-signature", b"x-hub-signature", b"x-hub-signature-256", b"webhook-signature", b"svix-signature",
        b"x-shopify-hmac-sha256", b"paypal-transmission-sig", b"x-twilio-signature", b"x-slack-signature",
        b"x-square-hmacsha256-signature", b"paddle-signature", b"x-signature", b"calendly-webhook-signature",
        b"x-zm-signature", b"x-gitlab-token", b"x-mailgun-signature", b"x-twilio-email-event-webhook-signature",
        b"x-adyen-hmac-signature", b"x-razorpay-signature", b"linear-signature", b"x-cal-signature-256",
    }
)  # fmt: skip
"""Signature headers of providers. Only the app can verify a signature."""

_SEGMENTS = frozenset({"hooks", "callbacks"})


def is_webhook(request: Request) -> bool:
    """Whether this is a POST to a path that contains ``webhook``, or a segment such as ``hooks``.

    Mollie and others do not sign, so the path alone decides about redirects. Rate limits require a signature too.
    """
    path = request.path.lower()
    return request.method == "POST" and ("webhook" in path or not _SEGMENTS.isdisjoint(path.split("/")))


def is_signed(request: Request) -> bool:
    """Whether the request carries a provider's signature, valid or not."""
    return not SIGNATURES.isdisjoint(request.fields)
