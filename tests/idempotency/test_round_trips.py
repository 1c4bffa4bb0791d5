"""What a key asks of a store across a wire, counted on the wire: one round trip to claim, one to answer, one to replay."""

import contextlib
import socket
import threading
from math import inf

import pytest

from launchready.idempotency import idempotent
from support import servers


class Proxy:
    """Between a store and its client. ``trips``: how often the client spoke after the server had."""

    def __init__(self, port):
        self.trips = 0
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._turns = {}
        self._open = [self._listener]
        self._threads = []
        self._run(self._accept)

    def _run(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", self._port))
                self._open += (client, server)
                for source, target, speaks in ((client, server, True), (server, client, False)):
                    self._run(self._pump, source, target, client, speaks)

    def _pump(self, source, target, pair, speaks):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if speaks and self._turns.get(pair) != "client":
                    self.trips += 1
                self._turns[pair] = "client" if speaks else "server"
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def close(self):
        """Ends every thread and closes every socket here, and not when another test happens to run."""
        for each in list(self._open):  # wakes who waits in accept or recv; the accepting thread ends first
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(10)
            assert not thread.is_alive()
        for each in self._open:
            each.close()

    @contextlib.contextmanager
    def counted(self, expected):
        before = self.trips
        yield
        assert self.trips - before == expected


@pytest.mark.parametrize("kind", ["redis", "postgresql", "mysql"])
def test_round_trips(kind, monkeypatch):
    """P16 asks for at most 1.3 times what a step needs; it is what it needs. (Housekeeping comes once a second at most.)"""
    monkeypatch.setattr("launchready.stores.base.SWEEP_INTERVAL", inf)
    server = servers.server(kind)
    proxy = Proxy(server.port)
    pay = idempotent(key=lambda order: f"{proxy.port}:{order}", store=server.url.replace(str(server.port), str(proxy.port)))(
        lambda order: {"paid": order}
    )  # fmt: skip
    for order in range(8):  # connections are made, statements prepared, scripts loaded
        pay(order)
        pay(order)
    with proxy.counted(2):
        pay("first")
    with proxy.counted(1):
        pay("first")
    proxy.close()


def test_one_commit_with_the_booking():
    """In the booking's transaction the key costs no commit of its own."""
    import psycopg

    from launchready.idempotency import transaction

    server = servers.server("postgresql")
    said = []
    with contextlib.closing(psycopg.connect(server.url)) as connection:
        with transaction(connection, "warm"):
            pass
        with psycopg.connect(server.url, autocommit=True) as watch:
            count = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
            before = connection.execute("SELECT pg_current_xact_id()").fetchone()[0]
            connection.commit()
            with transaction(connection, "key-1") as once:
                once.result = 1
            after = connection.execute("SELECT pg_current_xact_id()").fetchone()[0]
            said.append((before, after, watch.execute(count).fetchone()[0] > 0))
        connection.rollback()
    assert int(str(said[0][1])) - int(str(said[0][0])) == 2  # this one, and one between: booking and key together
