"""The sample payment provider, a process of its own: it accepts every charge, and keeps the ledger.

It speaks enough of Stripe's API for the sample apps and for ``launchready reconcile stripe``. It ignores idempotency
keys unless started with ``--honour-keys``, so the ledger shows what the app did.

- ``POST /v1/charges`` with ``amount``, ``source`` and ``metadata.booking_id``: 201 and the charge's id.
- ``GET /v1/charges`` and ``GET /v1/events``: lists, newest first, with ``limit``, ``starting_after``, ``created[gte]``,
  ``created[lt]`` and ``types[n]``. An event has ``request.idempotency_key``. ``GET /v1/charges/{id}``: one charge.
- ``GET /ledger``: the number of charges by booking.
- ``--busy N``: every N-th list request gets 429 with ``Retry-After``. Requests without a bearer token get 401.
"""

import argparse
import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

NETWORK = 0.02  # seconds per charge: half before the money moves, half after
MAX_PAGE = 100


class ChargeLedger:
    """All charges and their events. The one witness of the demo that launchready cannot change."""

    def __init__(self, *, honour_keys: bool = False) -> None:
        self.charges: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.keys: dict[str, dict[str, Any]] | None = {} if honour_keys else None

    def charge(self, order: dict[str, Any], key: str | None, now: float | None = None) -> dict[str, Any]:
        """Charge an order. Other fields of a charge in ``order`` are kept: status, captured, amount_refunded."""
        if self.keys is not None and key in self.keys:
            return self.keys[key]
        number, created = len(self.charges) + 1, int(time.time() if now is None else now)
        status = order.get("status", "succeeded")
        moved = status == "succeeded" and order.get("captured", True)
        charge = {
            "id": f"ch_{number}", "object": "charge", "status": status, "currency": "eur", "created": created,
            "captured": moved, "amount_captured": order["amount"] if moved else 0, "amount_refunded": 0,
            "disputed": False, "payment_intent": None, "livemode": False, **order,
            "metadata": {name: str(value) for name, value in order.get("metadata", {}).items()},
        }  # fmt: skip
        self.charges.append(charge)
        self.events.append(
            {
                "id": f"evt_{number}", "object": "event", "type": f"charge.{status}", "created": created,
                "data": {"object": charge}, "request": {"id": f"req_{number}", "idempotency_key": key},
            }
        )  # fmt: skip
        if self.keys is not None and key:
            self.keys[key] = charge
        return charge

    def by_booking(self) -> Counter[str]:
        return Counter(str(charge["metadata"].get("booking_id")) for charge in self.charges)


def page(objects: Sequence[dict[str, Any]], query: QueryParams) -> dict[str, Any]:
    """One page of a list, as Stripe's: newest first, after the object that ``starting_after`` names."""
    types = {value for name, value in query.multi_items() if name.startswith("types[")}
    least, bound = int(query.get("created[gte]", 0)), int(query.get("created[lt]", 2**40))
    found = [one for one in reversed(objects) if least <= one["created"] < bound]
    found = [one for one in found if not types or one.get("type") in types]
    if after := query.get("starting_after"):
        found = list(itertools.dropwhile(lambda one: one["id"] != after, found))[1:]
    limit = min(int(query.get("limit", 10)), MAX_PAGE)
    return {"object": "list", "data": found[:limit], "has_more": len(found) > limit}


def provider(ledger: ChargeLedger, *, busy: int = 0) -> Starlette:
    lists = itertools.count(1)

    async def charge(request: Request) -> JSONResponse:
        order = await request.json()
        await asyncio.sleep(NETWORK / 2)
        made = ledger.charge(order, request.headers.get("idempotency-key"))
        await asyncio.sleep(NETWORK / 2)
        return JSONResponse({"id": made["id"], "status": made["status"], "amount": made["amount"]}, 201)

    def listing(objects: Callable[[], Sequence[dict[str, Any]]]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            if not request.headers.get("authorization", "").startswith("Bearer "):
                return JSONResponse({"error": {"type": "invalid_request_error"}}, 401)
            if busy and next(lists) % busy == 0:
                return JSONResponse({"error": {"code": "rate_limit"}}, 429, {"retry-after": "0"})
            return JSONResponse(page(objects(), request.query_params))

        return answer

    def one(request: Request) -> Response:
        found = next((charge for charge in ledger.charges if charge["id"] == request.path_params["id"]), None)
        return JSONResponse(found or {"error": {"code": "resource_missing"}}, 200 if found else 404)

    async def show(_: Request) -> JSONResponse:
        return JSONResponse(ledger.by_booking())

    return Starlette(
        routes=[
            Route("/v1/charges", charge, methods=["POST"]),
            Route("/v1/charges", listing(lambda: ledger.charges)),
            Route("/v1/charges/{id}", one),
            Route("/v1/events", listing(lambda: ledger.events)),
            Route("/ledger", show),
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="A payment provider that accepts every charge.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--honour-keys", action="store_true")
    parser.add_argument("--busy", type=int, default=0, metavar="N")
    args = parser.parse_args()
    app = provider(ChargeLedger(honour_keys=args.honour_keys), busy=args.busy)
    uvicorn.run(app, host="127.0.0.1", port=args.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
