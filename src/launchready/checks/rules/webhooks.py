"""Webhooks: a POST of a payment provider reaches the application, unchanged."""

from collections.abc import Iterable

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import HttpPost, known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site
from launchready.net.answers import HttpAnswer

# Not an event of anybody, and without a signature: a webhook that is built well refuses it.
PROBE = b'{ "launchready" : "probe",  "b": 1.0, "a": "\\u00e9\\/" }\n'


def hooks(site: Site) -> Iterable[str]:
    return site.webhooks


@rule(
    "WEB002",
    family="web",
    topic="webhooks are answered without a redirect",
    subjects=hooks,
    after=("DNS002", "DNS003"),
    blocked_by=("TLS001", "TLS002", "TLS003", "WEB015"),
)
def webhook_redirected(site: Site, subject: str) -> Verdict:
    """A webhook URL answers itself. Senders follow no redirect, or lose the body on the way.

    RFC 9110 section 15.4: after 301, 302 and 303 a POST becomes a GET. Stripe and others do not follow at all.
    """
    op = HttpPost(subject, [("content-type", "application/json")], PROBE)
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
            impact="The payment provider sends events to an address that does not accept them, and you never "
            "hear of it.",
            fix="Enter the final address in the settings of the payment provider, or let this path answer "
            "without a redirect (often only a slash at the end, or www).",
        )
    ]


# Exactly these bytes: spaces, escapes and the order of keys are what a rewriting proxy changes, and what the signature
# of a payment provider is about. Not an event of anybody, and without a signature: a good webhook refuses it.
PROBE = b'{ "launchready" : "probe",  "b": 1.0, "a": "\\u00e9\\/" }\n'


MARK = '"probe"'


CHALLENGES = (
    "just a moment...", "cf-chl", "challenge-platform", "attention required! | cloudflare", "captcha",
    "checking your browser", "enable javascript and cookies", "ddos protection by", "incapsula", "request unsuccessful",
)  # fmt: skip


@rule(
    "WEB015",
    family="web",
    topic="webhooks reach the application unchanged",
    subjects=hooks,
    after=("DNS002", "DNS003", "WEB002"),
    blocked_by=("TLS001", "TLS002", "TLS003"),
)
def webhook_answers(site: Site, subject: str) -> Verdict:
    """Webhooks reach the application as they were sent: no challenge page, no error, no changed body.

    A refusal (400, 401, 403 without a challenge) is right, because the probe has no signature. A changed body is only
    seen if the answer repeats it.
    """
    op = HttpPost(subject, [("content-type", "application/json")], PROBE)
    yield op
    answer = op.answer
    if answer.trouble in ("refused", "tls"):
        return [rejected(site, subject, f"the address does not answer ({answer.reason})", answer)]
    known(answer)
    body = answer.body.lower()
    if answer.header("cf-mitigated") or (answer.status in (403, 429, 503) and any(one in body for one in CHALLENGES)):
        return [rejected(site, subject, "a challenge page for browsers is shown to the payment provider", answer)]
    if answer.status in (404, 405, 410):
        return [rejected(site, subject, f"nothing accepts a POST there ({answer.status})", answer)]
    if answer.status >= 500:
        return [rejected(site, subject, f"the server answers with an error ({answer.status})", answer)]
    if MARK in answer.body and "launchready" in body and PROBE.decode() not in answer.body:
        return [rejected(site, subject, "the body is changed on the way, so its signature is no longer valid", answer)]
    return FINE


def rejected(site: Site, subject: str, what: str, answer: HttpAnswer) -> Finding:
    return webhook_answers.fail(
        site,
        subject,
        f"Customers pay but their booking stays unpaid: at the webhook address {what}",
        severity="high",
        when="48h",
        reason="money or bookings are lost silently",
        score=Score(4, 3, 3),
        minutes=20,
        evidence=f"POST {subject} → {answer.status or answer.reason}",
        impact="The payment provider sends events to an address that does not accept them, and you never hear of it.",
        fix="Exempt this path from bot protection, rewriting and login at your content network and web "
        "server, and make sure that the application accepts POST there.",
    )
