"""The small HTTP client returns whole answers, and raises ConnectionLost for others."""

import asyncio

import pytest

from launchready.demo.http_client import ConnectionLost, LoopbackAnswer, LoopbackClient


async def ask(*replies: bytes) -> list[LoopbackAnswer | ConnectionLost]:
    """Send one request per reply, on as few connections as the client opens."""
    waiting = list(replies)
    found: list[LoopbackAnswer | ConnectionLost] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while waiting and not reader.at_eof():
            await reader.readuntil(b"\r\n\r\n")
            reply = waiting.pop(0)
            writer.write(reply)
            await writer.drain()
            if b"content-length: 99" in reply:
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, LoopbackClient(server.sockets[0].getsockname()[1], max_connections=1) as client:
        for _ in replies:
            try:
                found.append(await client.request("GET", "/", {}))
            except ConnectionLost as error:
                found.append(error)
    return found


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX: 1\r\nX: 2\r\n\r\n[1, 2, 3, 4]"[:-1],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: 1\r\nX: 2\r\n\r\n4\r\n[1, \r\n7;e=1\r\n2, 3, 4\r\n0\r\n\r\n",
    ],
    ids=["content-length", "chunked"],
)
def test_bodies_and_fields_arrive_whole(reply: bytes) -> None:
    """Both framings give the same body; repeated fields are joined."""
    (answer,) = asyncio.run(ask(reply))
    assert isinstance(answer, LoopbackAnswer)
    assert (answer.status, answer.headers["x"], answer.body) == (200, "1, 2", b"[1, 2, 3, 4")


def test_a_truncated_answer_raises_and_the_next_request_reconnects() -> None:
    """A truncated answer raises ConnectionLost, and the client opens a new connection for the next request."""
    cut = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nshort"
    whole = b"HTTP/1.1 204 No Content\r\n\r\n"
    first, second = asyncio.run(ask(cut, whole))
    assert isinstance(first, ConnectionLost)
    assert isinstance(second, LoopbackAnswer)
    assert second.status == 204


def test_a_refused_connection_raises() -> None:
    """A refused connection raises ConnectionLost as well."""

    async def scenario() -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        async with LoopbackClient(port, max_connections=1) as client:
            await client.request("GET", "/", {})

    with pytest.raises(ConnectionLost):
        asyncio.run(scenario())
