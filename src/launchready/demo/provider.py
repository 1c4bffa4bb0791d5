"""The sample payment provider, a process of its own: it accepts every charge, and keeps the ledger.

It ignores idempotency keys unless started with ``--honour-keys``, so the ledger shows what the app did.

- ``POST /v1/charges`` with ``amount``, ``source`` and ``metadata.booking_id``: 201 and the charge's id.
- ``GET /ledger``: the number of charges by booking.
"""

import argparse
import asyncio
from collections import Counter
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

NETWORK = 0.02  # seconds per charge: half before the money moves, half after


class Ledger:
    """All charges. The one witness of the demo that launchready cannot reach."""

    def __init__(self, *, honour_keys: bool = False) -> None:
        self.charges: list[dict[str, Any]] = []
        self.keys: dict[str, dict[str, Any]] | None = {} if honour_keys else None

    def charge(self, order: dict[str, Any], key: str | None) -> dict[str, Any]:
        if self.keys is not None and key in self.keys:
            return self.keys[key]
        charge = {"id": f"ch_{len(self.charges) + 1}", "object": "charge", "status": "succeeded", **order}
        self.charges.append(charge)
        if self.keys is not None and key:
            self.keys[key] = charge
        return charge

    def by_booking(self) -> Counter[str]:
        return Counter(str(charge["metadata"]["booking_id"]) for charge in self.charges)


def provider(ledger: Ledger) -> Starlette:
    async def charge(request: Request) -> JSONResponse:
        order = await request.json()
        await asyncio.sleep(NETWORK / 2)
        made = ledger.charge(order, request.headers.get("idempotency-key"))
        await asyncio.sleep(NETWORK / 2)
        return JSONResponse({"id": made["id"], "status": made["status"], "amount": made["amount"]}, 201)

    async def show(_: Request) -> JSONResponse:
        return JSONResponse(ledger.by_booking())

    return Starlette(routes=[Route("/v1/charges", charge, methods=["POST"]), Route("/ledger", show)])


def main() -> None:
    parser = argparse.ArgumentParser(description="A payment provider that accepts every charge.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--honour-keys", action="store_true")
    args = parser.parse_args()
    app = provider(Ledger(honour_keys=args.honour_keys))
    uvicorn.run(app, host="127.0.0.1", port=args.port, access_log=False, log_level="warning")


if __name__ == "__main__":
    main()
