"""A shop that charges through the sample provider over real sockets, and dies in the middle."""

import sqlite3
import uuid

import httpx
import pytest

from launchready.demo.sample_app import start_provider
from launchready.demo.servers import Servers
from launchready.idempotency import current, idempotent
from launchready.idempotency.admin import KeyAdmin
from support import servers


class Shop:
    """Pays through ``@idempotent`` on a plain function. A worker that dies leaves its claim, and nothing renews it."""

    def __init__(self, folder, provider):
        self.provider = provider
        self.store = f"sqlite:///{folder / 'keys.db'}"
        self.database = f"sqlite:///{folder / 'shop.db'}"
        self.rows = sqlite3.connect(folder / "shop.db", isolation_level=None, check_same_thread=False)
        self.rows.execute("CREATE TABLE payments (booking_id TEXT, charge TEXT, amount INTEGER, created TEXT)")

    def charge(self, booking, key=None, metadata=None, **order):
        body = {"amount": 4250, "metadata": {"booking_id": booking, **(metadata or {})}, **order}
        headers = {"idempotency-key": key} if key else {}
        answer = httpx.post(f"{self.provider.url}/v1/charges", json=body, headers=headers, trust_env=False)
        return answer.json()["id"]

    def record(self, booking, charge, amount=4250):
        self.rows.execute("INSERT INTO payments VALUES (?, ?, ?, datetime('now'))", (booking, charge, amount))

    def pay(self, booking, dies=None, metadata=True, step="charge"):
        """One payment. ``dies``: "before" or "after" the charge; without a step the app passes no key on."""

        @idempotent(key=lambda **_: f"pay:{booking}:{uuid.uuid4()}", store=self.store, lease="1s")
        def pay(*, booking):
            if dies == "before":
                raise Died
            once = current()
            key = once.downstream_key(step) if step else None
            found = self.charge(booking, key, once.metadata() if metadata else None)
            if dies:
                raise Died
            self.record(booking, found)
            return found

        return pay(booking=booking)

    def die(self, booking, dies, **more):
        """A payment whose process is killed. Returns when its outcome counts as unknown."""
        before = len(self.unknown())
        with pytest.raises(Died):
            self.pay(booking, dies, **more)
        servers.until(lambda: len(self.unknown()) > before, "the lease to end")

    def unknown(self):
        desk = KeyAdmin(self.store)
        try:
            return list(desk.rows(unknown=True))
        finally:
            desk.close()


class Died(BaseException):
    """The process is killed here."""


@pytest.fixture(scope="module")
def processes():
    with Servers() as started:
        yield started


@pytest.fixture
def provider(processes, tmp_path):
    server = start_provider(processes, tmp_path)
    server.wait_until_listening()
    yield server
    processes.stop(server)


@pytest.fixture
def shop(tmp_path, provider):
    made = Shop(tmp_path, provider)
    yield made
    made.rows.close()
