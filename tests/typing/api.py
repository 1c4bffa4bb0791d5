"""The public API as a typed app uses it. mypy --strict reads this file; it is never run."""

from fastapi import FastAPI

import launchready
from launchready import wsgi
from launchready.fastapi import CORS, Cache, Health, Idempotency, LaunchReadyMiddleware, Limit, RateLimit, idempotent

app = FastAPI()
app.add_middleware(
    LaunchReadyMiddleware,
    store="sqlite:///launchready.db",
    cors=CORS(allow_origins=["https://app.acme.com"]),
    rate_limit=RateLimit("60/minute", {"POST /login": Limit("5/minute", on_store_error="deny")}),
    cache=Cache(routes={"GET /coaches": "60s"}),
    idempotency=Idempotency(),
    health=Health(checks={"database": lambda: True}),
)


@app.post("/bookings")
@idempotent
async def book(slot: int) -> dict[str, int]:
    return {"slot": slot}


def by_order(order: int) -> str:
    return f"order:{order}"


@launchready.idempotent(key=by_order, store="sqlite:///launchready.db")
def charge(order: int) -> str:
    return f"charged {order}"


charged: str = charge(7)


@launchready.job("reminders", every="1h")
def remind() -> int:
    launchready.signal("email.failed")
    return 1


reminded: int = remind()


def ask() -> int:
    with launchready.client.Client(deadline="20s") as client:
        return client.get("https://api.acme.com/slots").status_code


disk_is_fine = launchready.health.disk(".", free="1GB")


def protected(inner: wsgi.App) -> wsgi.LaunchReadyMiddleware:
    return wsgi.LaunchReadyMiddleware(inner, rate_limit="60/minute")


def report() -> int:
    found = launchready.check("acme.com", hosts=["app"], sends_mail=True)
    for finding in found:
        print(finding.code, finding.severity, finding.title, finding.fix)
    return found.exit_code


__all__ = ["app", "charged", "protected", "report"]
