"""The small HTTP client: whole answers, and a clear error for those that are not."""

import asyncio

import pytest

from launchready.demo.wire import Answer, Broken, Wire


async def ask(*replies: bytes) -> list[Answer | Broken]:
    """Each reply is sent for one request, on as few connections as the client makes."""
    waiting = list(replies)
    found: list[Answer | Broken] = []

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
    async with server, Wire(server.sockets[0].getsockname()[1], at_once=1) as wire:
        for _ in replies:
            try:
                found.append(await wire.request("GET", "/", {}))
            except Broken as error:
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
    """Both framings give the same body; fields of one name are joined."""
    (answer,) = asyncio.run(ask(reply))
    assert isinstance(answer, Answer)
    assert (answer.status, answer.headers["x"], answer.body) == (200, "1, 2", b"[1, 2, 3, 4")


def test_a_broken_connection_is_told_and_the_next_one_is_new() -> None:
    """An answer cut short is Broken; the client connects anew for the next request."""
    cut = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nshort"
    whole = b"HTTP/1.1 204 No Content\r\n\r\n"
    first, second = asyncio.run(ask(cut, whole))
    assert isinstance(first, Broken)
    assert isinstance(second, Answer)
    assert second.status == 204


def test_nobody_listens() -> None:
    """A refused connection is Broken as well."""

    async def scenario() -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        async with Wire(port, at_once=1) as wire:
            await wire.request("GET", "/", {})

    with pytest.raises(Broken):
        asyncio.run(scenario())
