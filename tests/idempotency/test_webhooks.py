"""``@webhook``: each event once, only with the right signature, and again where it failed."""

import base64
import hmac
import json
import threading
import time

import pytest

from faces.apps import asgi_call, wsgi_call
from launchready.errors import ConfigError
from launchready.idempotency import webhook
from launchready.idempotency.webhooks import names

SECRET = base64.b64encode(b"not a secret at all").decode()
NOW = 1_790_000_000


def mac(secret, data):
    return hmac.digest(secret, data, "sha256")


def b64(data):
    return base64.b64encode(data).decode()


def stripe(id, body, secret=SECRET, at=NOW):
    data = json.dumps({"id": id, **body}).encode()
    signed = mac(secret.encode(), b"%d." % at + data).hex()
    return [("Stripe-Signature", f"t={at},v1={'0' * 64},v1={signed}")], data


def github(id, body, secret=SECRET, at=NOW):
    data = json.dumps(body).encode()
    return [("X-GitHub-Delivery", id), ("X-Hub-Signature-256", "sha256=" + mac(secret.encode(), data).hex())], data


def standard(id, body, secret=SECRET, at=NOW, prefix="webhook"):
    data = json.dumps(body).encode()
    signed = b64(mac(base64.b64decode(secret), f"{id}.{at}.".encode() + data))
    lines = [("id", id), ("timestamp", str(at)), ("signature", f"v1a,x v1,{signed}")]
    return [(f"{prefix}-{name}", value) for name, value in lines], data


def shopify(id, body, secret=SECRET, at=NOW):
    data = json.dumps(body).encode()
    return [("X-Shopify-Event-Id", id), ("X-Shopify-Hmac-Sha256", b64(mac(secret.encode(), data)))], data


def paddle(id, body, secret=SECRET, at=NOW):
    data = json.dumps({"event_id": id, **body}).encode()
    return [("Paddle-Signature", f"ts={at};h1={mac(secret.encode(), b'%d:' % at + data).hex()}")], data


def slack(id, body, secret=SECRET, at=NOW):
    data = json.dumps({"event_id": id, **body}).encode()
    signed = "v0=" + mac(secret.encode(), f"v0:{at}:".encode() + data).hex()
    return [("X-Slack-Request-Timestamp", str(at)), ("X-Slack-Signature", signed)], data


SENDERS = {"stripe": stripe, "github": github, "standard-webhooks": standard, "shopify": shopify, "paddle": paddle,
           "slack": slack}  # fmt: skip
EVERY = pytest.mark.parametrize("provider", sorted(SENDERS))


class Shop:
    def __init__(self, provider, secret=SECRET, **options):
        import flask

        from launchready.flask import LaunchReady

        self.ran = []
        app = flask.Flask("shop")

        @app.post("/hook")
        @webhook(provider, secret=secret, now=lambda: NOW + 10, **options)
        def hook():
            self.ran.append(flask.request.get_data())
            how = flask.request.get_json(force=True).get("how")
            if how == "raise" and len(self.ran) == 1:
                raise RuntimeError("the handler failed")
            return ("", 400 if how == "refuse" and len(self.ran) == 1 else 204 if how == "empty" else 200)

        app.add_url_rule("/other", view_func=hook, methods=["POST"], endpoint="other")
        LaunchReady(app)
        self.call = wsgi_call(app)

    def send(self, headers, body, path="/hook"):
        return self.call("POST", path, headers, body)


def test_every_provider_is_tested():
    """A file in presets/ has a sender here."""
    assert set(SENDERS) == set(names())


@EVERY
def test_once(provider):
    """A redelivery, also with another body, is answered at once and not worked on; another event is."""
    shop, send = Shop(provider), SENDERS[provider]
    assert shop.send(*send("evt_1", {"pending_webhooks": 2})).status == 200
    again = shop.send(*send("evt_1", {"pending_webhooks": 1}, at=NOW + 5))
    assert (again.status, again.get("idempotent-replayed")) == (200, "true")
    assert shop.send(*send("evt_2", {})).status == 200
    assert len(shop.ran) == 2


@EVERY
@pytest.mark.parametrize("how", ["raise", "refuse"])
def test_again_where_it_failed(provider, how):
    """What raises, and what is no 2xx, is worked on again when it is delivered again; then no more."""
    shop, send = Shop(provider), SENDERS[provider]
    answers = [shop.send(*send("evt_1", {"how": how})).status for _ in range(3)]
    assert answers == [500 if how == "raise" else 400, 200, 200]
    assert len(shop.ran) == 2


@EVERY
def test_forged(provider):
    """Another secret, a changed body, no signature: 400, and nothing runs; it does not use up the event's id."""
    shop, send = Shop(provider), SENDERS[provider]
    headers, body = send("evt_1", {})
    other = b64(b"another secret")
    for forged in (send("evt_1", {}, secret=other), (headers, body + b" "), ([], body)):
        refused = shop.send(*forged)
        assert refused.status == 400
        assert refused.json["type"].endswith("/webhook-signature")
    assert shop.ran == []
    assert shop.send(headers, body).status == 200


@pytest.mark.parametrize("provider", ["stripe", "standard-webhooks", "paddle", "slack"])
def test_an_old_one_is_not_accepted(provider):
    """A time that was signed more than five minutes ago: somebody plays it again."""
    shop, send = Shop(provider), SENDERS[provider]
    assert shop.send(*send("evt_1", {}, at=NOW - 400)).status == 400
    assert shop.send(*send("evt_1", {}, at=NOW + 400)).status == 400
    assert shop.ran == []


def test_svix_names():
    """Svix sends the standard's fields under names of its own."""
    assert Shop("standard-webhooks").send(*standard("msg_1", {}, prefix="svix")).status == 200


def test_secrets_rotate():
    """Any of several secrets will do; a function is asked for them at each event."""
    now = [b64(b"old"), SECRET]
    shop = Shop("stripe", secret=lambda: now)
    assert shop.send(*stripe("evt_1", {})).status == 200
    now.remove(SECRET)
    assert shop.send(*stripe("evt_2", {})).status == 400


def test_without_a_secret():
    """The view checks for itself; an event without an id is refused."""
    shop = Shop("stripe", secret=None)
    assert [shop.call("POST", "/hook", [], b'{"id": "evt_1"}').status for _ in range(2)] == [200, 200]
    assert shop.call("POST", "/hook", [], b"{}").status == 400
    assert len(shop.ran) == 1


def test_two_endpoints():
    """Two endpoints for one provider each work on the event."""
    shop = Shop("stripe")
    for path in ("/hook", "/other"):
        assert shop.send(*stripe("evt_1", {}), path=path).get("idempotent-replayed") is None
    assert len(shop.ran) == 2


def test_in_a_transaction(tmp_path):
    """The event's row commits with the work; what fails rolls back."""
    from fastapi import FastAPI, Request

    from launchready.fastapi import LaunchReadyMiddleware
    from launchready.idempotency import current

    app, ran = FastAPI(), []

    @app.post("/hook")
    @webhook("stripe", secret=SECRET, mode="transaction", store=f"sqlite:///{tmp_path}/app.db", now=lambda: NOW)
    async def hook(request: Request):
        ran.append(1)
        current().tx.execute("CREATE TABLE paid (id TEXT)")
        if len(ran) == 1:
            raise RuntimeError("the handler failed")

    app.add_middleware(LaunchReadyMiddleware)
    call = asgi_call(app)
    headers, body = stripe("evt_1", {})
    assert [call("POST", "/hook", headers, body).status for _ in range(3)] == [500, 200, 200]
    assert len(ran) == 2


def test_the_real_clock():
    """Without a clock of the test's, an event of now is fresh."""
    import flask

    from launchready.flask import LaunchReady

    app = flask.Flask("shop")
    app.post("/hook")(webhook("stripe", secret=SECRET)(lambda: ("", 200)))
    LaunchReady(app)
    assert wsgi_call(app)("POST", "/hook", *stripe("evt_1", {}, at=int(time.time()))).status == 200


def test_delivered_at_once():
    """Of ten deliveries at once one runs; the rest get its answer, or are told to come again."""
    shop, answers, go = Shop("stripe"), [], threading.Barrier(10)

    def deliver():
        go.wait()
        answers.append(shop.send(*stripe("evt_1", {})).status)

    threads = [threading.Thread(target=deliver) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {200, 409}
    assert len(shop.ran) == 1


def test_mistakes():
    """A provider that is not known is told, with the nearest that is."""
    with pytest.raises(ConfigError, match="did you mean 'stripe'"):
        webhook("strip")
    with pytest.raises(ConfigError, match="no transactions"):
        webhook("stripe", mode="transaction", store="redis://localhost")
