"""The coach app in each framework, with and without launchready, under a production server."""

import asyncio
import itertools
import secrets
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from launchready.demo.mailbox import Mailbox
from launchready.demo.sample_app import examples
from launchready.demo.servers import python

WEB_APP = "https://app.coach.example"


def uvicorn(app: str, folder: Path, port: int) -> list[str]:
    return python(
        *("-m", "uvicorn", app, "--app-dir", str(folder), "--workers", "2"),
        *("--port", str(port), "--no-proxy-headers"),
    )


def gunicorn(app: str, folder: Path, port: int) -> list[str]:
    return python(
        *("-m", "gunicorn", app, "--chdir", str(folder), "--bind", f"127.0.0.1:{port}"),
        *("--workers", "2", "--threads", "12"),
    )


def command(framework: str, port: int, env: dict[str, str]) -> list[str]:
    if framework == "fastapi":
        return uvicorn("coach_fastapi.app:app", examples(), port)
    if framework == "flask":
        return gunicorn("coach_flask.app:app", examples(), port)
    folder = examples() / "coach_django"
    migrate = [sys.executable, str(folder / "manage.py"), "migrate", "--verbosity", "0"]
    subprocess.run(migrate, env=env, check=True, timeout=60)
    if framework == "django-asgi":
        return uvicorn("coach.asgi:application", folder, port)
    return gunicorn("coach.wsgi", folder, port)


@contextmanager
def mail_sink() -> Iterator[Mailbox]:
    """A Mailbox that runs its own event loop in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    mailbox = Mailbox()
    asyncio.run_coroutine_threadsafe(mailbox.__aenter__(), loop).result(10)
    try:
        yield mailbox
    finally:
        asyncio.run_coroutine_threadsafe(mailbox.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class Coach:
    """A running app and the customers' access to it. Every customer has an address of their own."""

    framework: str
    protected: bool
    url: str
    provider_url: str
    webhook_secret: str
    mailbox: Mailbox
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    slots: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def visitor(self) -> httpx.Client:
        n = next(self.numbers)
        address = {"x-forwarded-for": f"198.51.{100 + n // 200}.{n % 200 + 1}"}
        return httpx.Client(base_url=self.url, headers=address, timeout=20, trust_env=False)

    def account(self) -> dict[str, str]:
        name = f"customer-{secrets.token_hex(4)}"
        return {"email": f"{name}@mail.example", "password": secrets.token_urlsafe(), "name": name}

    @contextmanager
    def customer(self) -> Iterator[httpx.Client]:
        """Signed up, and logged in by bearer token."""
        with self.visitor() as client:
            account = self.account()
            assert client.post("/signup", json=account).status_code == 201
            token = client.post("/login", json=account).json()["token"]
            client.cookies.clear()
            client.headers["authorization"] = f"Bearer {token}"
            yield client

    def book(self, customer: httpx.Client) -> dict[str, Any]:
        answer = customer.post("/bookings", json={"slot_id": next(self.slots)}, headers=key())
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def charges(self, booking_id: int) -> int:
        return int(httpx.get(f"{self.provider_url}/ledger", trust_env=False).json().get(str(booking_id), 0))


def key() -> dict[str, str]:
    return {"idempotency-key": str(uuid.uuid4())}
