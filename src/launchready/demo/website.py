"""The sample domain's web sites on loopback: one port for http, one for https, shared by all hosts.

``LoopbackTransport`` is an httpx transport that connects to loopback for every name. ``Host`` and SNI keep the real
name, so the check sees the domain as visitors would.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from typing import Self

import httpx

ConnectionHandler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Page = tuple[int, dict[str, str], str]
Site = Callable[[str, str, str, str], Page]  # (scheme, method, host, path) -> status, headers, body


class Website:
    """Use as ``async with Website(site, context) as website``."""

    def __init__(self, site: Site, context: ssl.SSLContext) -> None:
        self.site = site
        self.context = context
        self.http = ("127.0.0.1", 0)
        self.https = ("127.0.0.1", 0)

    async def __aenter__(self) -> Self:
        self._plain = await asyncio.start_server(self._talker("http"), "127.0.0.1", 0)
        self._secure = await asyncio.start_server(self._talker("https"), "127.0.0.1", 0, ssl=self.context)
        self.http = self._plain.sockets[0].getsockname()
        self.https = self._secure.sockets[0].getsockname()
        return self

    async def __aexit__(self, *_: object) -> None:
        for server in (self._plain, self._secure):
            server.close()
            await server.wait_closed()

    def _talker(self, scheme: str) -> ConnectionHandler:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            """Answer one request, then close. A client may also close after the TLS handshake."""
            with contextlib.suppress(OSError, EOFError, ValueError):
                first, *fields = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = first.split(" ")
                headers = {name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
                host = headers.get("host", "").partition(":")[0].lower()
                writer.write(encode_page(self.site(scheme, method, host, path)))
                await writer.drain()
            writer.close()

        return talk


def encode_page(page: Page) -> bytes:
    status, headers, body = page
    content = body.encode()
    lines = [f"HTTP/1.1 {status} {httpx.codes.get_reason_phrase(status)}", "connection: close"]
    lines += [f"content-length: {len(content)}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


class LoopbackTransport(httpx.AsyncBaseTransport):
    """Sends every request to one of two loopback ports, by scheme, and trusts only the test authority."""

    def __init__(self, website: Website, ca_file: str) -> None:
        self.ports = {"http": website.http[1], "https": website.https[1]}
        self.context = ssl.create_default_context(cafile=ca_file)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host, url = request.url.host, request.url
        request.url = url.copy_with(host="127.0.0.1", port=self.ports[url.scheme])
        request.extensions = {**request.extensions, "sni_hostname": host}
        transport = httpx.AsyncHTTPTransport(verify=self.context, trust_env=False)
        try:
            answer = await transport.handle_async_request(request)
            content = await answer.aread()
            return httpx.Response(answer.status_code, headers=answer.headers, content=content)
        finally:
            await transport.aclose()
