"""The customers' end of the wire: a small HTTP/1.1 client (RFC 9112) over asyncio streams.

Not httpx, for the demo's sake alone: a general client spends 2 ms of processor time on a request, more than the app
does, and what the table tells would be the client's speed. This one keeps connections open, understands
Content-Length and chunked bodies, and nothing more.
"""

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

TIMEOUT = 20.0


class Broken(Exception):
    """The connection ended, or nothing came for 20 seconds: whether the request was acted upon is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Header names are lower case; fields of one name are joined by a comma."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float  # from the first byte sent, on an open connection, to the last one read

    def json(self) -> Any:
        return json.loads(self.body)

    def expect(self, status: int) -> Self:
        if self.status != status:
            raise AssertionError(f"answered {self.status}, not {status}: {self.body[:200]!r}")
        return self


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Wire:
    """At most ``at_once`` connections to one server, each used by one request at a time."""

    def __init__(self, port: int, at_once: int) -> None:
        self.port = port
        self._door = asyncio.Semaphore(at_once)
        self._idle: list[Connection] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._idle:
            await hang_up(self._idle.pop())

    async def request(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> Answer:
        async with self._door:
            connection = await self._connection()
            try:
                async with asyncio.timeout(TIMEOUT):
                    answer = await exchange(connection, encode(method, path, headers, body))
            except (OSError, EOFError, ValueError) as error:
                await hang_up(connection)
                raise Broken(str(error)) from error
            except BaseException:
                connection[1].close()
                raise
            if answer.headers.get("connection", "").lower() == "close":
                await hang_up(connection)
            else:
                self._idle.append(connection)
            return answer

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection[0].at_eof():
                return connection
            await hang_up(connection)
        try:
            return await asyncio.open_connection("127.0.0.1", self.port)
        except OSError as error:
            raise Broken(str(error)) from error


async def hang_up(connection: Connection) -> None:
    connection[1].close()
    with contextlib.suppress(OSError):
        await connection[1].wait_closed()


def encode(method: str, path: str, headers: dict[str, str], body: Any) -> bytes:
    payload = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "host: api.coach.example"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body is not None:
        lines += ["content-type: application/json", f"content-length: {len(payload)}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + payload


async def exchange(connection: Connection, request: bytes) -> Answer:
    reader, writer = connection
    start = time.perf_counter()
    writer.write(request)
    await writer.drain()
    first, *fields = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for field in filter(None, fields):
        name, _, value = field.partition(":")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    body = await read_body(reader, headers)
    return Answer(int(first.split(" ", 2)[1]), headers, body, time.perf_counter() - start)


async def read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", 0)))
    parts = []
    while size := int((await reader.readline()).partition(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readline()
    return b"".join(parts)
