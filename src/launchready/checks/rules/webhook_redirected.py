"""Webhooks are answered where they are sent: who posts them follows no redirect, or loses the body on the way."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import Post, known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site

# Not an event of anybody, and without a signature: a webhook that is built well refuses it.
PROBE = b'{ "launchready" : "probe",  "b": 1.0, "a": "\\u00e9\\/" }\n'


def hooks(site: Site) -> Iterable[str]:
    return site.webhooks


@rule(
    "WEB002",
    family="web",
    topic="that a webhook is answered where it is sent",
    subjects=hooks,
    after=("DNS002", "DNS003"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB015"),
)
def webhook_redirected(site: Site, subject: str) -> Verdict:
    """RFC 9110 section 15.4: after 301, 302 and 303 a POST becomes a GET. Stripe and others do not follow at all."""
    op = Post(subject, [("content-type", "application/json")], PROBE)
    yield op
    answer = known(op.answer)
    if answer.location is None:
        return FINE
    return [
        webhook_redirected.fail(
            site,
            subject,
            "Customers pay but their booking stays unpaid: the webhook address answers with a redirect",
            severity="high",
            when="48h",
            reason="money or bookings are lost silently",
            score=Score(4, 3, 3),
            minutes=15,
            evidence=f"POST {subject} answered {answer.status} → {answer.location}",
            impact="The payment provider reports events to an address that does not take them, and you never hear.",
            fix="Enter the final address in the settings of the payment provider, or let this path answer without a "
            "redirect (often only a slash at the end, or www).",
        )
    ]
