"""The customers of the demo, and their HTTP access to one app.

Every customer has an address of their own. The demo takes the place of a load balancer, and sends that address in
``X-Forwarded-For``.
"""

import asyncio
import re
import secrets
from collections import defaultdict
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from launchready.demo.http_client import LoopbackAnswer, LoopbackClient

MAX_CONCURRENT = 64


@dataclass(slots=True)
class Customer:
    name: str
    email: str
    password: str
    address: str
    token: str = ""

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


def make_customers(count: int) -> list[Customer]:
    """Create customers with addresses of the documentation range (RFC 5737)."""
    return [
        Customer(f"Customer {n}", f"customer.{n}@mail.example", secrets.token_urlsafe(12), f"198.51.100.{n}")
        for n in range(1, count + 1)
    ]


class AppClient:
    """Sends the customers' requests to one app, at most 64 at once, and records the duration of each route."""

    def __init__(self, port: int) -> None:
        self.wire = LoopbackClient(port, MAX_CONCURRENT)
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)

    async def send(
        self, method: str, path: str, *, address: str, headers: dict[str, str] | None = None, json: Any = None
    ) -> LoopbackAnswer:
        """Send one request. Raises ConnectionLost if no complete answer arrives."""
        all_headers = {"x-forwarded-for": address, **(headers or {})}
        answer = await self.wire.request(method, path, all_headers, json)
        self.seconds[f"{method} {route_template(path)}"].append(answer.seconds)
        return answer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.wire.__aexit__(kind, error, trace)


def route_template(path: str) -> str:
    return re.sub(r"/\d+", "/{id}", path.partition("?")[0])


async def sign_up_and_log_in(net: AppClient, customers: list[Customer]) -> None:
    async def one(customer: Customer) -> None:
        account = {"email": customer.email, "password": customer.password, "name": customer.name}
        (await net.send("POST", "/signup", address=customer.address, json=account)).expect(201)
        who = {"email": customer.email, "password": customer.password}
        answer = await net.send("POST", "/login", address=customer.address, json=who)
        customer.token = answer.expect(200).json()["token"]

    await asyncio.gather(*map(one, customers))
