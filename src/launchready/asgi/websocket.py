"""WebSockets under ASGI: origin checks at the handshake and a rate limit on messages.

A handshake is a GET with the visitor's cookies, and CORS does not apply to it: a page of another site could open a
socket as the visitor. So a cross-origin handshake is refused before the app accepts it. Handshakes count as GET
requests. Messages count under routes "MESSAGE /path" of the rate limit. Above the limit the socket is closed with 1008
(policy violation, RFC 6455 §7.4.1), and the app receives a disconnect.
"""

from contextlib import suppress
from typing import Any

from launchready.asgi.types import App, Message, Receive, Scope, Send
from launchready.core.ratelimit import LimitPolicy
from launchready.exchange.app import Forward
from launchready.exchange.operations import Op
from launchready.http.asgi_scope import route_path
from launchready.http.message import Request, Response, append
from launchready.runtime.drive import adrive
from launchready.runtime.pipeline import Parked, run_features
from launchready.settings.compiled_app import CompiledApp

VIOLATION = 1008


class WebSocketSession:
    """One WebSocket connection."""

    def __init__(self, stack: CompiledApp, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        path = route_path(scope)
        raw = scope.get("raw_path") or scope["path"].encode()
        query = scope.get("query_string", b"")
        peer = client[0] if client else ""
        scheme = {"ws": "http", "wss": "https"}.get(scope.get("scheme", "ws"), "http")
        self.request = Request("GET", path, raw, query, scheme, peer, list(scope["headers"]))
        self.request.fields.setdefault(b"upgrade", b"websocket")  # HTTP/2 has no Upgrade header
        self._stack = stack
        self._scope = scope
        self._receive = receive
        self._send = send
        self._closed = False
        self._messages = self._message_policy()

    def _message_policy(self) -> LimitPolicy | None:
        limiter = self._stack.limiter
        if limiter is None or limiter.messages is None:
            return None
        return limiter.messages.find("MESSAGE", self.request.path, None)

    async def run(self, app: App) -> None:
        stack = self._stack
        parked: Parked = []
        steps = run_features(stack.sockets, self.request, stack.adapter.inline, parked)
        step = await adrive(steps, self._carry)
        if isinstance(step, Response):
            await self._refuse(step)
            return
        assert isinstance(step, Forward)  # no feature copies a body here
        try:
            if self._messages is None:
                await app(self._scope, self._receive, self._send)
            else:
                await app(self._scope, self.receive, self.send)
        finally:  # concurrency slots are held while the socket is open
            step.answer = Response(101, [], b"")
            await adrive(steps, self._carry)

    async def _carry(self, op: Op[Any]) -> None:
        await self._stack.adapter.aexecute(op)

    async def _refuse(self, response: Response) -> None:
        """Send an HTTP response if the server supports it, else close, which servers turn into a 403."""
        await self._receive()  # websocket.connect
        if "websocket.http.response" not in self._scope.get("extensions", {}):
            await self._send({"type": "websocket.close", "code": VIOLATION})
            return
        append(response.headers, self.request.adds, response.status)
        await self._send(
            {"type": "websocket.http.response.start", "status": response.status, "headers": response.headers}
        )
        await self._send({"type": "websocket.http.response.body", "body": response.body or b""})

    async def receive(self) -> Message:
        """Return the client's next message, or a disconnect above the limit."""
        if self._closed:
            return {"type": "websocket.disconnect", "code": VIOLATION}
        message = await self._receive()
        if message["type"] == "websocket.receive" and await self._exceeds_limit():
            self._closed = True
            with suppress(OSError):  # the client has disconnected
                await self._send({"type": "websocket.close", "code": VIOLATION, "reason": "too many messages"})
            return {"type": "websocket.disconnect", "code": VIOLATION, "reason": "too many messages"}
        return message

    async def _exceeds_limit(self) -> bool:
        limiter, policy = self._stack.limiter, self._messages
        assert limiter is not None  # ``receive`` is used only with a message policy
        assert policy is not None
        refusal = await adrive(limiter.apply(policy, self.request), self._carry)
        self.request.adds.clear()  # an open socket sends no headers
        return refusal is not None

    async def send(self, message: Message) -> None:
        if not self._closed:
            await self._send(message)
