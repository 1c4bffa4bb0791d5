"""The WebSocket half of the ASGI face: who may open one, and how much may be sent over it.

A handshake is a GET that carries the visitor's cookies, and CORS does not apply to it: a page of another site could
open a socket in his name. So it is refused like an unsafe request, before the app accepts it, and counted like a GET.
What the client then sends is counted by the routes "MESSAGE /path" of the rate limit; over the limit the socket is
closed with 1008 (policy violation, RFC 6455 §7.4.1), and the app sees its client leave.
"""

from contextlib import suppress
from typing import Any

from launchready.asgi.types import App, Message, Receive, Scope, Send
from launchready.core.ratelimit import Policy
from launchready.exchange.app import Forward
from launchready.exchange.operations import Op
from launchready.http.message import Request, Response, append
from launchready.runtime.drive import adrive
from launchready.runtime.pipeline import Parked, run_features
from launchready.settings.compiled_app import CompiledApp

VIOLATION = 1008


class WebSocketSession:
    """One connection."""

    def __init__(self, stack: CompiledApp, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        path = scope["path"]
        raw = scope.get("raw_path") or path.encode()
        query = scope.get("query_string", b"")
        peer = client[0] if client else ""
        scheme = {"ws": "http", "wss": "https"}.get(scope.get("scheme", "ws"), "http")
        self.request = Request("GET", path, raw, query, scheme, peer, list(scope["headers"]))
        self.request.fields.setdefault(b"upgrade", b"websocket")  # over HTTP/2 nothing says so
        self._stack = stack
        self._scope = scope
        self._receive = receive
        self._send = send
        self._closed = False
        self._messages = self._message_policy()

    def _message_policy(self) -> Policy | None:
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
        assert isinstance(step, Forward)  # nothing here copies a body
        try:
            if self._messages is None:
                await app(self._scope, self._receive, self._send)
            else:
                await app(self._scope, self.receive, self.send)
        finally:  # slots are held for as long as the socket is open
            step.answer = Response(101, [], b"")
            await adrive(steps, self._carry)

    async def _carry(self, op: Op[Any]) -> None:
        await self._stack.adapter.aexecute(op)

    async def _refuse(self, response: Response) -> None:
        """As an HTTP answer where the server can send one, else by closing, which servers answer with 403."""
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
        """What the client sends, as long as it is not too much."""
        if self._closed:
            return {"type": "websocket.disconnect", "code": VIOLATION}
        message = await self._receive()
        if message["type"] == "websocket.receive" and await self._exceeds_limit():
            self._closed = True
            with suppress(OSError):  # it left by itself
                await self._send({"type": "websocket.close", "code": VIOLATION, "reason": "too many messages"})
            return {"type": "websocket.disconnect", "code": VIOLATION, "reason": "too many messages"}
        return message

    async def _exceeds_limit(self) -> bool:
        limiter, policy = self._stack.limiter, self._messages
        assert limiter is not None  # or nothing would be counted
        assert policy is not None
        refusal = await adrive(limiter.apply(policy, self.request), self._carry)
        self.request.adds.clear()  # no header leaves any more
        return refusal is not None

    async def send(self, message: Message) -> None:
        if not self._closed:
            await self._send(message)
