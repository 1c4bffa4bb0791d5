"""A small HTTP/1.1 client (RFC 9112) over asyncio streams.

httpx needs 2 ms of CPU per request, more than the app itself, so the table would show the client's speed. This client
keeps connections open and reads Content-Length and chunked bodies, nothing more.
"""

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

TIMEOUT = 20.0


class ConnectionLost(Exception):
    """The connection closed, or no answer came for 20 seconds. Whether the app acted on the request is unknown."""


@dataclass(frozen=True, slots=True)
class LoopbackAnswer:
    """One response. Header names are lower case; repeated fields are joined with a comma."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float  # from the first byte sent on an open connection to the last byte read

    def json(self) -> Any:
        return json.loads(self.body)

    def expect(self, status: int) -> Self:
        if self.status != status:
            raise AssertionError(f"answered {self.status}, not {status}: {self.body[:200]!r}")
        return self


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class LoopbackClient:
    """At most ``at_once`` connections to one server, each used by one request at a time."""

    def __init__(self, port: int, max_connections: int) -> None:
        self.port = port
        self._slots = asyncio.Semaphore(max_connections)
        self._idle: list[Connection] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._idle:
            await close(self._idle.pop())

    async def request(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> LoopbackAnswer:
        async with self._slots:
            connection = await self._connection()
            try:
                async with asyncio.timeout(TIMEOUT):
                    answer = await exchange(connection, encode_request(method, path, headers, body))
            except (OSError, EOFError, ValueError) as error:
                await close(connection)
                raise ConnectionLost(str(error)) from error
            except BaseException:
                connection[1].close()
                raise
            if answer.headers.get("connection", "").lower() == "close":
                await close(connection)
            else:
                self._idle.append(connection)
            return answer

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection[0].at_eof():
                return connection
            await close(connection)
        try:
            return await asyncio.open_connection("127.0.0.1", self.port)
        except OSError as error:
            raise ConnectionLost(str(error)) from error


async def close(connection: Connection) -> None:
    connection[1].close()
    with contextlib.suppress(OSError):
        await connection[1].wait_closed()


def encode_request(method: str, path: str, headers: dict[str, str], body: Any) -> bytes:
    payload = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "host: api.coach.example"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body is not None:
        lines += ["content-type: application/json", f"content-length: {len(payload)}"]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + payload


async def exchange(connection: Connection, request: bytes) -> LoopbackAnswer:
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
    return LoopbackAnswer(int(first.split(" ", 2)[1]), headers, body, time.perf_counter() - start)


async def read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", 0)))
    parts = []
    while size := int((await reader.readline()).partition(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readline()
    return b"".join(parts)
