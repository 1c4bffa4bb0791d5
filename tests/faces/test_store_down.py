"""The store is down: what goes on without it goes on, what cannot says so, through every face."""

import logging

from launchready.settings.cache import Cache
from launchready.settings.idempotency import Idempotency
from launchready.settings.rate_limit import Limit, RateLimit
from support.keys import key as uuid
from support.servers import free_port


def nowhere():
    return f"redis://127.0.0.1:{free_port()}/0"


def test_each_feature(face, caplog):
    """Limits are counted in this process, the cache is bypassed, a payment is refused with 503 and does not run."""
    caplog.set_level(logging.WARNING, "launchready")
    routes = {"GET /plain": "2/hour", "GET /private": Limit("2/hour", on_store_error="deny")}
    call = face(store=nowhere(), rate_limit=RateLimit(None, routes), cache=Cache(), idempotency=Idempotency())
    assert [call("GET", "/plain").status for _ in range(4)] == [200, 200, 429, 429]
    assert call("GET", "/private").status == 503
    answers = [call("GET", "/coaches") for _ in range(2)]
    assert [answer.get("cache-status") for answer in answers] == ["launchready; fwd=bypass; detail=store"] * 2
    for path in ("/bookings", "/decorated"):
        refused = call("POST", path, [("Idempotency-Key", uuid("order-1"))], b"{}")
        assert refused.status == 503
        assert refused.json["type"].endswith("/idempotency-key-store-unavailable")
        assert refused.get("retry-after")
        assert path not in face.calls
    assert call("POST", "/bookings").status == 201  # without a key there is nothing to check
    assert call("GET", "/livez").status == 200
    assert call("GET", "/readyz").status == 200
    assert [record.message.partition(":")[0] for record in caplog.records if "store" in record.message] == [
        "store unavailable, it is down"
    ]
