"""Webhooks: requests of a provider's machine. It follows no redirect, sends no Origin, and comes in bursts."""

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
"""The headers in which providers sign. Whether the signature is good is for the app to say."""

_SEGMENTS = frozenset({"webhook", "webhooks", "hooks", "callbacks"})


def is_webhook(request: Request) -> bool:
    """A POST to a path with a segment such as ``webhooks``.

    Mollie and others sign nothing, so the path alone will do where only a redirect is at stake; a limit asks for one of
    ``SIGNATURES`` too.
    """
    return request.method == "POST" and not _SEGMENTS.isdisjoint(request.path.lower().split("/"))
