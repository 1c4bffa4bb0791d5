"""Small servers on loopback in a thread of their own: each does one thing, right or wrong."""

import asyncio
import contextlib
import threading


class Served:
    """One server while it runs. ``talk(reader, writer)`` is its whole behaviour; ``seen`` counts connections."""

    def __init__(self, talk, context=None):
        self.talk, self.context = talk, context
        self.seen = 0
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        assert self.ready.wait(10)
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(10)

    def run(self):
        self.loop.run_until_complete(self.serve())
        self.loop.close()

    async def serve(self):
        self.stop = asyncio.Event()
        self.open = set()
        # What a client does to a handshake is what these tests are about: the loop need not tell of it.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        server = await asyncio.start_server(self.one, "127.0.0.1", 0, ssl=self.context)
        self.address = server.sockets[0].getsockname()
        self.ready.set()
        await self.stop.wait()
        server.close()
        for task in self.open:
            task.cancel()
        await asyncio.gather(*self.open, return_exceptions=True)

    async def one(self, reader, writer):
        self.seen += 1
        task = asyncio.current_task()
        self.open.add(task)
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                await self.talk(reader, writer)
        finally:
            self.open.discard(task)
            writer.close()


async def silence(reader, writer):
    """Takes the connection, and never says anything."""
    await asyncio.sleep(3600)


async def nothing(reader, writer):
    """Waits until the client has gone."""
    await reader.read()


def http(*, status="200 OK", headers=(), body=b"", chunk=None, pause=0.0):
    """One answer to whatever is asked; ``chunk`` repeats the body that many times, ``pause`` seconds apart."""

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        lines = [f"HTTP/1.1 {status}", *headers, "connection: close", "", ""]
        writer.write("\r\n".join(lines).encode("latin-1"))
        for _ in range(chunk or 1):
            writer.write(body)
            await writer.drain()
            if pause:
                await asyncio.sleep(pause)

    return talk
