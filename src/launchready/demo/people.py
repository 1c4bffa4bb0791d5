"""The customers of the day, and the net through which everybody talks to an app.

Everybody comes from an address of their own. The demo stands where a load balancer would, and says in
``X-Forwarded-For`` who is asking.
"""

import asyncio
import re
import secrets
from collections import defaultdict
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from launchready.demo.wire import Answer, Wire

AT_ONCE = 64


@dataclass(slots=True)
class Person:
    name: str
    email: str
    password: str
    address: str
    token: str = ""

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


def crowd(count: int) -> list[Person]:
    """People with addresses from the range for documentation (RFC 5737)."""
    return [
        Person(f"Customer {n}", f"customer.{n}@mail.example", secrets.token_urlsafe(12), f"198.51.100.{n}")
        for n in range(1, count + 1)
    ]


class Net:
    """Everybody's way to one app, at most 64 requests at once; keeps how long each route took."""

    def __init__(self, port: int) -> None:
        self.wire = Wire(port, AT_ONCE)
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)

    async def send(
        self, method: str, path: str, *, address: str, headers: dict[str, str] | None = None, json: Any = None
    ) -> Answer:
        """Raises ``Broken`` when the connection breaks."""
        sent = {"x-forwarded-for": address, **(headers or {})}
        answer = await self.wire.request(method, path, sent, json)
        self.seconds[f"{method} {template(path)}"].append(answer.seconds)
        return answer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.wire.__aexit__(kind, error, trace)


def template(path: str) -> str:
    return re.sub(r"/\d+", "/{id}", path.partition("?")[0])


async def sign_up_and_log_in(net: Net, people: list[Person]) -> None:
    async def one(person: Person) -> None:
        account = {"email": person.email, "password": person.password, "name": person.name}
        (await net.send("POST", "/signup", address=person.address, json=account)).expect(201)
        who = {"email": person.email, "password": person.password}
        answer = await net.send("POST", "/login", address=person.address, json=who)
        person.token = answer.expect(200).json()["token"]

    await asyncio.gather(*map(one, people))
