"""HTTP with httpx. One operation is one connection, and redirects are not followed.

The default client uses our own resolver, refuses private addresses, and connects to the very address that it has
verified (the name stays in ``Host`` and in the TLS handshake). So a second DNS answer cannot lead it elsewhere.
"""

import asyncio
import errno
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from launchready.net.addresses import is_address, is_public
from launchready.net.answers import HttpAnswer, Trouble
from launchready.net.blocking import in_daemon_thread

if TYPE_CHECKING:
    import ssl

    import httpx

Addresses = Callable[[str], Awaitable[Sequence[str]]]
SECONDS = 5.0
MAX_BYTES = 256 * 1024
USER_AGENT = "launchready-check"


@dataclass(slots=True)
class HttpClient:
    """Sends single requests.

    - ``transport``: an httpx transport to use as it is; None means real connections.
    - ``addresses``: resolves a name for real connections.
    - ``private``: whether real connections may go to private addresses.
    """

    transport: Any = None
    addresses: Addresses | None = None
    private: bool = False
    seconds: float = SECONDS
    context: "ssl.SSLContext | None" = None

    def _connection(self) -> "httpx.AsyncHTTPTransport":
        """A new connection. The trust store is read once, because that costs more than all requests of a run."""
        import httpx  # noqa: PLC0415

        if self.context is None:
            self.context = httpx.create_ssl_context()
        return httpx.AsyncHTTPTransport(verify=self.context, trust_env=False)

    async def send(
        self,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        address: str | None = None,
    ) -> HttpAnswer:
        """One request and its answer. Never raises for errors of a server or a network."""
        question = f"{method} {url}"
        try:
            async with asyncio.timeout(self.seconds):
                return await self._send(question, method, url, headers, body, address)
        except TimeoutError:
            return HttpAnswer(question, url, trouble="timeout", reason=f"no answer within {self.seconds:g} s")

    async def _send(
        self,
        question: str,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        only: str | None,
    ) -> HttpAnswer:
        import httpx  # noqa: PLC0415 - loaded by the first request only

        try:
            target = httpx.URL(url)
        except httpx.InvalidURL as error:
            return HttpAnswer(question, url, trouble="broken", reason=f"not a URL: {error}")
        if target.scheme not in ("http", "https") or not target.host:
            return HttpAnswer(question, url, trouble="broken", reason="not an http or https URL")
        plan: list[str | None] = [None]
        if self.transport is None:
            try:
                found = await self._resolve(only or target.host)
            except LookupError as silent:
                return HttpAnswer(question, url, trouble="timeout", reason=str(silent))
            if isinstance(found, tuple):
                return HttpAnswer(question, url, trouble=found[0], reason=found[1])
            plan = list(found)
        answer = HttpAnswer(question, url, trouble="dns", reason="no address")
        for address in plan:
            answer = await self._once(question, method, target, headers, body, address)
            if answer.trouble != "refused":
                break
        return answer

    async def _resolve(self, host: str) -> list[str] | tuple[Trouble, str]:
        if is_address(host):
            found: Sequence[str] = [host.strip("[]")]
        else:
            found = await self.addresses(host) if self.addresses else []
        if not found:
            return "dns", f"{host} has no address"
        allowed = [address for address in found if self.private or is_public(address)]
        if not allowed:
            return "private", f"{host} points to {found[0]}, which is not on the public internet: not connected"
        # IPv4 first: a machine without IPv6 would wait in vain. Two attempts, as a browser makes.
        return sorted(allowed, key=lambda address: ":" in address)[:2]

    async def _once(
        self,
        question: str,
        method: str,
        target: "httpx.URL",
        headers: Sequence[tuple[str, str]],
        body: bytes,
        address: str | None,
    ) -> HttpAnswer:
        import httpx  # noqa: PLC0415

        url = str(target)
        sent = [("user-agent", USER_AGENT), ("accept", "*/*"), ("accept-encoding", "identity"), *headers]
        times = dict.fromkeys(("connect", "read", "write", "pool"), self.seconds)
        extensions: dict[str, Any] = {"timeout": times}
        if address is not None:
            sent.append(("host", target.netloc.decode("ascii")))
            extensions["sni_hostname"] = target.host
            target = target.copy_with(host=address)
        try:
            request = httpx.Request(method, target, headers=sent, content=body or None, extensions=extensions)
            async with self._transport() as transport:
                # httpx.AsyncClient is bypassed: its cookies, redirects and logins are not needed, and it costs more
                # than the request.
                answer = await transport.handle_async_request(request)
                answer.request = request
                try:
                    content = await read_body(answer)
                finally:
                    await answer.aclose()
        except httpx.TimeoutException:
            return HttpAnswer(question, url, trouble="timeout", reason="no answer in time")
        except httpx.ConnectError as error:
            return HttpAnswer(question, url, trouble=trouble_of(error), reason=str(error) or "connection failed")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return HttpAnswer(question, url, trouble="broken", reason=f"{type(error).__name__}: {error}")
        pairs = tuple((key.lower(), value) for key, value in answer.headers.multi_items())
        return HttpAnswer(question, url, answer.status_code, pairs, content)

    def _transport(self) -> "httpx.AsyncBaseTransport":
        return shared_transport(self.transport) if self.transport is not None else self._connection()


# Errors of this machine: they prove nothing about the server.
LOCAL_ERRORS = frozenset(
    {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EACCES, errno.EPERM, errno.EADDRNOTAVAIL}
)


def trouble_of(error: BaseException) -> Trouble:
    """The kind of a connection failure. "refused" and "tls" came from the server, everything else did not."""
    shown = str(error).lower()
    if "certificate" in shown or "ssl" in shown or "tls" in shown:
        return "tls"
    for cause in cause_chain(error):
        if isinstance(cause, TimeoutError) or "timed out" in str(cause).lower():
            return "timeout"
        if isinstance(cause, OSError) and cause.errno in LOCAL_ERRORS:
            return "broken"
    return "refused"


def cause_chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and its causes."""
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from cause_chain(one)
        error = error.__cause__ or error.__context__


async def read_body(answer: "httpx.Response") -> str:
    """The beginning of a body, at most ``MAX_BYTES``.

    A compressed body is not opened: a small one may expand to gigabytes, and none was requested (``identity``).
    """
    if answer.is_stream_consumed:
        return answer.content[:MAX_BYTES].decode("utf-8", "replace")
    chunks, size = [], 0
    async for chunk in answer.aiter_raw():
        chunks.append(chunk)
        size += len(chunk)
        if size >= MAX_BYTES:
            break
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        return ""
    return b"".join(chunks)[:MAX_BYTES].decode("utf-8", "replace")


def shared_transport(transport: Any) -> "httpx.AsyncBaseTransport":
    """The caller's transport for one request: it is used, but not closed. A sync one (WSGITransport) runs in a
    thread.
    """
    import httpx  # noqa: PLC0415

    class Borrowed(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if isinstance(transport, httpx.AsyncBaseTransport):
                return await transport.handle_async_request(request)
            return await in_daemon_thread(lambda: self.whole(request))

        @staticmethod
        def whole(request: httpx.Request) -> httpx.Response:
            answer: httpx.Response = transport.handle_request(request)
            content = answer.read()
            answer.close()
            return httpx.Response(answer.status_code, headers=answer.headers, content=content)

        async def aclose(self) -> None:
            """Does nothing: the transport belongs to the caller."""

    return Borrowed()
