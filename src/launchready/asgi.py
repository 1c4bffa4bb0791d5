"""The ASGI face: one middleware around any ASGI app, all features in one pass.

::

    app = LaunchReadyMiddleware(app, cors=CORS(allow_origins=["https://app.example.com"]), rate_limit="300/minute")

One object per request carries its state and stands between the app and the server: its ``send`` sees the response
head, its ``receive`` remembers the body for those who need it. A request that no feature answers makes no task and
no thread; a body is held back only where a feature asked for it, and only up to its bound. Scopes other than http
pass untouched.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from launchready.drivers.chain import Chain
from launchready.drivers.current import CURRENT
from launchready.drivers.drive import adrive, drive
from launchready.errors import SafeToRetry
from launchready.exchange.app import BodyCutShort, BodyTooLarge, Feature, Forward, ReadBody, Tail
from launchready.exchange.ops import Elsewhere, Flow, Op
from launchready.http.message import Headers, Request, Response
from launchready.settings.stack import Stack, build

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

KEY = b"idempotency-key"
REMEMBERED = 10 * 1024 * 1024
"""Bytes of a request body that are kept for a view that turns out to be idempotent."""


class LaunchReadyMiddleware:
    """``LaunchReadyMiddleware(app, **settings)``. Raises ConfigError with every mistake in the settings."""

    def __init__(self, app: App, **settings: Any) -> None:
        self.app = app
        self.stack: Stack = build(settings)
        self._timings = self.stack.timings

    def status(self) -> dict[str, object]:
        """What this process knows of the app: release, durations by route. The data of the dashboard."""
        return self.stack.status()

    def route(self, scope: Scope) -> str | None:
        """The route template that the app matched, or None. Starlette leaves the route in the scope."""
        route = scope.get("route")
        if route is None:
            return None
        path = getattr(route, "path_format", None) or getattr(route, "path", None)
        return None if path is None else mounted(scope, path)

    def native(self, response: Response) -> object:
        """A response as a view returns it."""
        from starlette.responses import Response as StarletteResponse  # noqa: PLC0415 - only where a view is answered

        made = StarletteResponse(response.body, response.status)
        made.raw_headers = response.headers
        return made

    async def failed(self, scope: Scope, receive: Receive, send: Send, error: Exception) -> None:
        """Answer for an app that raised before it answered. The error is raised again afterwards, for the server."""
        body = b"Internal Server Error"
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 500, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = perf_counter()
        path = scope["path"]
        stack = self.stack
        plan = stack.health.get(path)
        if plan is None:
            plan = stack.plan(scope["method"])
        exchange = _Exchange(self, scope, receive, send, plan)
        try:
            await exchange.run()
        finally:
            if self._timings is not None and path not in stack.health:
                self._timings.record(scope["method"], self.route(scope), exchange.status, perf_counter() - started)


def mounted(scope: Scope, path: str) -> str:
    """A template below the mounts it was found under. What a mount matched by name is a name again in the template."""
    prefix: str = scope.get("root_path", "")[len(scope.get("app_root_path", scope.get("root_path", ""))) :]
    if prefix:
        names = {str(value): name for name, value in scope.get("path_params", {}).items()}
        prefix = "/".join(f"{{{names[part]}}}" if part in names else part for part in prefix.split("/"))
    return prefix + path


class _Exchange:
    """One request."""

    __slots__ = (
        "_chunks", "_complete", "_face", "_forward", "_held", "_late", "_parts", "_receive", "_scope",
        "_send", "_size", "_started", "_tail", "chain", "request", "status",
    )  # fmt: skip

    def __init__(
        self, face: LaunchReadyMiddleware, scope: Scope, receive: Receive, send: Send, plan: tuple[Feature, ...]
    ) -> None:
        client = scope.get("client")
        path = scope["path"]
        self.request = Request(
            scope["method"],
            path,
            scope.get("raw_path") or path.encode(),
            scope.get("query_string", b""),
            scope.get("scheme", "http"),
            client[0] if client else "",
            scope["headers"],
        )
        self._face = face
        self._scope = scope
        self._receive = receive
        self._send = send
        self.status = 500
        self._started = False
        self._held: Response | None = None
        self._tail: Tail | None = None
        self._forward: Forward | None = None
        self._chunks: list[bytes] = []
        self._size = 0
        self._parts: list[bytes] | None = None
        self._complete = False
        self._late: list[Message] = []
        self.chain = Chain(plan, self.request, face.stack.answers.inline)

    # The way in.

    async def run(self) -> None:
        steps = self.chain.steps
        try:
            step: Any
            try:
                step = next(steps)
            except StopIteration as end:
                step = end.value
            else:
                if not isinstance(step, Forward):
                    step = await adrive(steps, self._carry, step)
            if isinstance(step, Forward):
                self._forward = step
                await self._run_app()
            else:
                await self._answer(step)
        finally:
            steps.close()

    async def _run_app(self) -> None:
        receive = self._receive
        if self._parts is not None or (self.request.get(KEY) is not None and self.request.method != "GET"):
            if self._parts is None:
                self._parts = []
            receive = self.receive
        token = CURRENT.set(self)
        try:
            await self._face.app(self._scope, receive, self.send)
        except SafeToRetry as error:
            if self._started:
                raise
            await self._answer(await adrive(self.chain.steps, self._carry, error=error))
        except Exception as error:
            if self._tail is not None:
                await self._end(None)
            elif not self._started and self._held is None:
                await self._face.failed(self._scope, receive, self.send, error)
            raise
        finally:
            CURRENT.reset(token)
        if self._tail is not None:  # the app returned without a last chunk: what came is not the whole
            await self._end(None)

    async def _carry(self, op: Op[Any]) -> None:
        if isinstance(op, ReadBody):
            await self._read_body(op)
        else:
            await self._face.stack.answers.aexecute(op)

    # The way back.

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            response = Response(message["status"], lowered(message.get("headers", ())))
            if self.chain.hold:
                self._held = response
            else:
                await self._head(response)
        elif kind == "http.response.body":
            if self._held is not None:
                await self._hold(self._held, message)
            elif self._tail is not None:
                await self._copy(self._tail, message)
            elif self._started:
                await self._send(message)
        else:
            if self._held is not None:  # a file, sent by the server itself: its bytes never pass here
                held, self._held = self._held, None
                await self._head(held)
            if self._tail is not None and kind != "http.response.trailers":
                await self._end(None)
            await self._send(message)

    async def _head(self, response: Response) -> None:
        assert self._forward is not None  # the app runs only after Forward
        self._forward.answer = response
        final: Any
        try:
            final = next(self.chain.steps)
        except StopIteration as end:
            final = end.value
        else:
            if not isinstance(final, Tail):
                final = await adrive(self.chain.steps, self._carry, final)
        if isinstance(final, Tail):
            self._tail, final = final, final.head
        self._started = True
        self.status = final.status
        await self._send({"type": "http.response.start", "status": final.status, "headers": final.headers})
        if final.body is not None:
            self._started = self.request.method == "HEAD"  # whatever else the app sends for this body is dropped
            await self._send({"type": "http.response.body", "body": final.body})

    async def _hold(self, held: Response, message: Message) -> None:
        self._chunks.append(message.get("body", b""))
        self._size += len(self._chunks[-1])
        more = message.get("more_body", False)
        if self._size > self.chain.hold:
            self._held, chunks, self._chunks = None, self._chunks, []
            await self._head(held)
            await self.send({"type": "http.response.body", "body": b"".join(chunks), "more_body": more})
        elif not more:
            self._held = None
            held.body = b"".join(self._chunks)
            await self._head(held)

    async def _copy(self, tail: Tail, message: Message) -> None:
        body = message.get("body", b"")
        self._size += len(body)
        if self._size > tail.limit:
            await self._end(None)
        else:
            self._chunks.append(body)
            if not message.get("more_body", False):
                await self._end(b"".join(self._chunks))
        await self._send(message)

    async def _end(self, body: bytes | None) -> None:
        """Hand the copy out, before the last chunk leaves: who asks again right after it finds it stored."""
        assert self._tail is not None
        self._tail.answer, self._tail, self._chunks = body, None, []
        try:
            op = next(self.chain.steps)
        except StopIteration:
            return
        await adrive(self.chain.steps, self._carry, op)

    async def _answer(self, response: Response) -> None:
        self._started = True
        self.status = response.status
        body = response.body if self.request.method != "HEAD" else b""
        await self._send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await self._send({"type": "http.response.body", "body": body or b""})

    # The request body.

    async def receive(self) -> Message:
        """The body for the app, remembered on its way; after the body, whatever the server says."""
        if self._late:
            return self._late.pop(0)
        message = await self._receive()
        if message["type"] == "http.request":
            self._remember(message)
        return message

    def _remember(self, message: Message) -> None:
        if self._parts is not None:
            self._parts.append(message.get("body", b""))
        self._complete = not message.get("more_body", False)

    async def _read_body(self, op: ReadBody) -> None:
        if self._parts is None:
            self._parts = []
        size = sum(map(len, self._parts))
        while not self._complete:
            message = await self._receive()
            if message["type"] != "http.request":
                raise BodyCutShort
            self._remember(message)
            self._late.append(message)
            size += len(self._parts[-1])
            if size > op.limit:
                raise BodyTooLarge
        if size > op.limit:
            raise BodyTooLarge
        announced = self.request.get(b"content-length")
        if announced is not None and announced != b"%d" % size:
            raise BodyCutShort
        op.answer = b"".join(self._parts)

    # A view that turns out to be protected.

    def native(self, response: Response) -> object:
        return self._face.native(response)

    async def ajoin(self, feature: Feature) -> Response | None:
        flow = feature.handle(self.request)
        step = await adrive(flow, self._carry_any)
        return self._park(flow, step)

    async def afail(self, error: Exception) -> Response | None:
        flow = self.chain.leave()
        return None if flow is None else _response(await adrive(flow, self._carry_any, error=error))

    def join(self, feature: Feature) -> Response | None:
        flow = feature.handle(self.request)
        step = drive(flow, self._carry_blocking)
        return self._park(flow, step)

    def fail(self, error: Exception) -> Response | None:
        flow = self.chain.leave()
        return None if flow is None else _response(drive(flow, self._carry_blocking, error=error))

    def _park(self, flow: Flow[Response | None], step: Forward | Tail | Response | None) -> Response | None:
        if isinstance(step, Forward):
            self.chain.join(flow, step)
            return None
        return _response(step)

    async def _carry_any(self, op: Op[Any]) -> None:
        if not self._inline(op):
            await self._carry(op)

    def _carry_blocking(self, op: Op[Any]) -> None:
        """From the thread that runs a ``def`` view."""
        if isinstance(op, ReadBody):
            from anyio import from_thread  # noqa: PLC0415 - Starlette runs such views by anyio

            from_thread.run(self._read_body, op)
        elif not self._inline(op):
            self._face.stack.answers.execute(op)

    def _inline(self, op: Op[Any]) -> bool:
        answer = self._face.stack.answers.inline.get(type(op))
        if answer is None:
            return False
        try:
            answer(op)
        except Elsewhere:
            return False
        return True


def _response(step: object) -> Response | None:
    assert step is None or isinstance(step, Response)  # a joined flow copies nothing
    return step


def lowered(headers: Any) -> Headers:
    """The app's header lines as our own list, names in lower case: the app may send the same list again."""
    lines: Headers = list(headers)
    for name, _ in lines:
        if not name.islower():
            return [(bytes(name).lower(), bytes(value)) for name, value in lines]
    return lines
