"""One request under ASGI.

The object holds the request's state between app and server: its ``send`` sees the response head, its ``receive``
records the body if a feature may need it. A request that passes through creates no task and no thread. A response body
is buffered only if a feature needs it, up to a bound.
"""

import asyncio
from contextlib import suppress
from functools import partial
from operator import itemgetter
from time import perf_counter
from typing import Any, Protocol

from launchready.asgi.body_replay import SpooledMessages, replay_first
from launchready.asgi.types import App, Message, Receive, Scope, Send
from launchready.asgi.write_behind import WriteBehind
from launchready.clock import SYSTEM
from launchready.errors import SafeToRetry
from launchready.exchange.app import BodyCutShort, BodyTooLarge, Copy, Feature, Forward, ReadBody, ResponseSent
from launchready.exchange.background import Behind
from launchready.exchange.operations import Flow, Inline, Op, WouldBlock, allocate
from launchready.http.asgi_scope import route_path, user
from launchready.http.message import Request, Response, append, clean, is_event_stream, multipart_boundary
from launchready.http.recorded_input import MAX_RECORDED_BODY
from launchready.metrics.timing import ANSWERED_EARLY, STREAM
from launchready.runtime.adapter import OperationAdapter
from launchready.runtime.bodies.spool import IN_MEMORY, STREAM_SECONDS, Spool
from launchready.runtime.current import CURRENT, ViewFeatures
from launchready.runtime.drive import adrive, cancel_flows, drive
from launchready.runtime.pipeline import Parked, run_features
from launchready.settings.compiled_app import SAFE, CompiledApp, Plan

scope_fields = itemgetter("method", "path", "raw_path", "query_string", "scheme", "client", "headers")
DEFAULTS = {"raw_path": None, "query_string": b"", "scheme": "http", "client": None}
"""The optional keys of an http scope and their defaults (ASGI HTTP 2.3)."""


class ASGIFace(Protocol):
    """The middleware, as seen by a request."""

    app: App
    stack: CompiledApp
    inline: Inline
    owned: frozenset[bytes]

    def native(self, response: Response) -> object: ...

    def view_has_rule(self, scope: Scope) -> bool: ...

    def caller(self, scope: Scope) -> object: ...

    async def failed(self, scope: Scope, receive: Receive, send: Send, error: Exception) -> None: ...

    def behind(self, scope: Scope, op: Behind) -> None: ...


class ASGIExchange:
    """One request. Defaults of rarely used attributes are on the class."""

    status = 500
    note = ""  # the kind of a response, see metrics/timing.py
    first: float  # when the first chunk of a stream was sent
    whole = False  # whether the last chunk of a stream was sent
    _parked: Parked
    _forward: Forward
    _started = False  # the head was sent
    _app_body_dropped = False  # the body was sent, so what the app still sends of it is discarded
    _replaced = False  # a feature has replaced the app's response
    _hold = 0
    _pending_start: Message | None = None  # the start message while the body is buffered
    _body: bytes | None = None  # the buffered response body, if it is complete
    _tail: Copy | None = None
    _behind: WriteBehind | None = None
    _awaits_end = False  # a feature waits for the last byte
    _chunks: list[bytes]
    _late_at: float  # when a buffered stream is sent after all
    _size: int
    _copied: list[bytes]
    _copied_size: int
    _parts: list[bytes] | None = None  # the recorded request body; a large one is in _spool
    _spool: Spool | None = None
    _size_in = 0
    _bound = MAX_RECORDED_BODY
    _complete = False
    _pending: list[Message] | SpooledMessages
    _starting: asyncio.Event | None = None

    def __init__(self, face: ASGIFace, scope: Scope, receive: Receive, send: Send, plan: Plan) -> None:
        self.request = request = allocate(Request)
        try:
            request.method, path, raw, request.query, request.scheme, client, headers = scope_fields(scope)
        except KeyError:
            request.method, path, raw, request.query, request.scheme, client, headers = scope_fields(
                {**DEFAULTS, **scope}
            )
        if not request.method.isupper():
            request.method = request.method.upper()
        request.raw_path = raw or path.encode()
        request.prefix = (scope.get("root_path") or "").rstrip("/")
        request.path = route_path(scope) if request.prefix or path[:1] != "/" or path[1:2] == "/" else path
        request.peer = client[0] if client else ""
        request.headers = headers
        request.fields = dict(headers)
        request.get = request.fields.get
        request.adds = []
        request.claimed = request.cached = None
        request.view_rule = partial(face.view_has_rule, scope) if ViewFeatures.rules else None
        self._face = face
        self._scope = scope
        self._receive = receive
        self._send = send
        self._parked = []
        self._steps = run_features(plan, request, face.inline, self._parked)

    # The way in.

    async def run(self) -> None:
        steps = self._steps
        step: Any
        try:
            step = next(steps)
        except StopIteration as end:
            step = end.value
        if type(step) is not Forward:
            if type(step) is ReadBody:
                message = await self._receive()
                body = message.get("body", b"")
                size = len(body)
                announced = self.request.get(b"content-length")
                if (
                    size <= IN_MEMORY
                    and size <= step.limit
                    and not message.get("more_body")
                    and message["type"] == "http.request"
                    and (announced is None or announced == b"%d" % size)
                ):  # most bodies fit into their first message
                    self._parts, self._pending, self._size_in, self._complete = [body], [message], size, True
                    step.answer = body
                    try:
                        step = next(steps)
                    except StopIteration as end:
                        step = end.value
                else:
                    self._receive = replay_first(message, self._receive)
            if isinstance(step, Op) and not isinstance(step, Forward):
                step = await adrive(steps, self._carry, step)
            if isinstance(step, Response):
                self.note = ANSWERED_EARLY
                await self._answer(step)
                return
            self._hold = step.hold
        self._forward = step
        receive = self._receive
        if self._parts is not None:
            receive = self.receive
        scope = self._scope
        client_headers = scope["headers"]
        if self.request.headers is not client_headers:
            scope["headers"] = self.request.headers  # a feature has replaced the client's headers
        token = None
        if ViewFeatures.views or self.request.claimed is not None:
            token = CURRENT.set(self)
            if self._parts is None and self.request.method not in SAFE:
                receive = self._record_body()
        try:
            await self._face.app(scope, receive, self.send)
            if self._pending_start is not None:  # the app ended without a last chunk
                await self._stop_buffering(self._pending_start)
        except Exception as error:
            await self._failed(error, receive)
        except BaseException:
            if self._behind is not None:
                self._behind.cancel()
            await cancel_flows(self._parked, self._carry_inline)
            raise
        finally:
            scope["headers"] = client_headers
            if token is not None:
                CURRENT.reset(token)
            if self._tail is not None:  # the app ended without a last chunk: the body is incomplete
                await self._copy(self._tail, None)
            if self._behind is not None:
                await self._behind.finish()
            if self._awaits_end:
                await adrive(steps, self._carry)
            steps.close()

    async def _failed(self, error: Exception, receive: Receive) -> None:
        """Handle an exception of the app. If no response was sent, send a 500 with all added headers."""
        if self._started:
            raise error
        self._pending_start = None  # discard a response that was started but not sent
        if isinstance(error, SafeToRetry):
            step = await adrive(self._steps, self._carry, error=error)
            assert isinstance(step, Response)  # nothing copies the body of a refusal
            await self._answer(step)
            return
        await self._face.failed(self._scope, receive, self.send, error)
        raise error

    async def _carry(self, op: Op[Any]) -> None:
        if isinstance(op, ReadBody):
            await self._read_body(op)
        elif isinstance(op, Behind):
            self._face.behind(self._scope, op)
            op.answer = None
        else:
            await self._face.stack.adapter.aexecute(op)

    # The way back.

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.body":
            start = self._pending_start
            if start is None:
                if not self._app_body_dropped:
                    if self._tail is not None:
                        if message.get("more_body") and self._behind is None:  # a slow client must not delay the copy
                            self._send = self._behind = WriteBehind(self._send, self._tail.limit)
                        await self._copy(self._tail, message)
                    if message.get("more_body"):
                        if not self.note:
                            self.note, self.first = STREAM, perf_counter()
                    else:
                        self.whole = True
                    await self._send(message)
                return
            body = message.get("body", b"")
            if self._chunks or message.get("more_body") or len(body) > self._hold:
                await self._buffer(start, message)
                return
            message, self._body, self._pending_start, self._hold = start, body, None, 0  # one complete chunk
        elif kind != "http.response.start":
            await self._send_other(message)
            return
        elif self._hold:
            if not is_event_stream(message.get("headers", ())):
                self._pending_start = message
                self._chunks = []
                self._size = 0
                self._late_at = SYSTEM.monotonic() + STREAM_SECONDS
                return
            self._hold = 0
        response = allocate(Response)
        response.status = message["status"]
        response.headers = headers = list(message.get("headers", ()))
        response.body = self._body
        fields = dict(headers)
        owned = self._face.owned
        if not (owned.isdisjoint(fields) and b"".join(fields).islower()):
            response.headers = clean(headers, owned)
        self._forward.answer = response
        final: Any
        try:
            final = next(self._steps)
            if type(final) is not Copy:
                final = await adrive(self._steps, self._carry, final)
        except StopIteration as end:
            final = end.value
        if type(final) is Copy:
            self._tail = final
            self._copied = []
            self._copied_size = 0
            final = final.head
        self._started = True
        if self._starting is not None:
            self._starting.set()
        self.status = status = final.status
        if self.request.adds:
            append(final.headers, self.request.adds, status)
        self._replaced = final is not response
        start = {"type": message["type"]} if self._replaced else message  # the app's own start may announce trailers
        await self._send({**start, "status": status, "headers": final.headers})
        if final.body is not None:
            self._app_body_dropped = True
            await self._send({"type": "http.response.body", "body": final.body})

    async def _send_other(self, message: Message) -> None:
        """Pass a message of a server extension. A file sent by the server itself cannot be buffered or copied."""
        if self._pending_start is not None:
            start, self._pending_start, self._hold = self._pending_start, None, 0
            await self.send(start)
        trailers = message["type"] == "http.response.trailers"
        if self._tail is not None and not trailers:
            await self._copy(self._tail, None)
        if not (trailers and self._replaced):
            await self._send(message)

    async def _buffer(self, start: Message, message: Message) -> None:
        """Buffer the body until it is complete, too large or too slow. In the latter cases it streams on, unstored."""
        self._chunks.append(message.get("body", b""))
        self._size += len(self._chunks[-1])
        more = message.get("more_body", False)
        fits = self._size <= self._hold
        if more and fits and SYSTEM.monotonic() < self._late_at:
            return
        if more or not fits:
            await self._stop_buffering(start, more=more)
            return
        self._pending_start, self._hold, self._body = None, 0, b"".join(self._chunks)
        await self.send(start)

    async def _stop_buffering(self, start: Message, *, more: bool = True) -> None:
        """Send the head and the chunks so far. The features get a response without a body."""
        self._pending_start, self._hold, body = None, 0, b"".join(self._chunks)
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body, "more_body": more})

    async def _copy(self, tail: Copy, message: Message | None) -> None:
        """Copy a streaming body, and hand the copy out before the last chunk is sent.

        So the next request finds it stored. Without a message the body was cut short, and there is no copy.
        """
        body: bytes | None = None
        if message is not None:
            body = message.get("body", b"")
            more = message.get("more_body", False)
            if more or self._copied:
                self._copied.append(body)
                self._copied_size += len(body)
                if more and self._copied_size <= tail.limit:
                    return
                body = b"".join(self._copied) if not more else None
            if body is not None and len(body) > tail.limit:
                body = None
        tail.answer = body
        self._tail = None
        try:
            op = next(self._steps)
        except StopIteration:
            return
        self._awaits_end = isinstance(await adrive(self._steps, self._carry, op), ResponseSent)

    async def _answer(self, response: Response) -> None:
        self._started = True
        self.status = response.status
        request = self.request
        if request.adds:
            append(response.headers, request.adds, response.status)
        body = response.body if request.method != "HEAD" else b""
        await self._send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await self._send({"type": "http.response.body", "body": body or b""})

    # The request body.

    def _record_body(self) -> Receive:
        if self._parts is None:
            self._parts = []
            self._pending = []
        return self.receive

    async def receive(self) -> Message:
        """Pass the body to the app and record it; then pass the server's messages.

        While a response is buffered for a key, a disconnect is withheld until the response starts: frameworks stop
        streaming at a disconnect, and the stored response must be complete. An endless stream ends the wait.
        """
        if self._pending:
            return self._pending.pop(0)
        message = await self._receive()
        if message["type"] == "http.request":
            self._record(message)
        elif self._hold and not self._started:
            await self._wait_for_start()
        return message

    async def _wait_for_start(self) -> None:
        """Wait until the response starts, after a disconnect. A stream is buffered for STREAM_SECONDS at most."""
        self._starting = asyncio.Event()
        while not self._starting.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._starting.wait(), STREAM_SECONDS)
            if self._pending_start is not None and SYSTEM.monotonic() >= self._late_at:
                return

    def _record(self, message: Message) -> None:
        assert self._parts is not None  # set by _record_body
        body = message.get("body", b"")
        self._size_in += len(body)
        if self._size_in <= IN_MEMORY:
            self._parts.append(body)
        elif self._size_in <= self._bound:
            if self._spool is None:
                self._spool = Spool(multipart_boundary(self.request))
                self._spool.write(b"".join(self._parts))
                self._parts.clear()
            self._spool.write(body)
        self._complete = not message.get("more_body", False)

    async def _read_body(self, op: ReadBody) -> None:
        self._record_body()
        if self._size_in <= self._bound:  # everything so far is recorded, so the bound may grow
            self._bound = max(self._bound, op.limit)
        while not self._complete and self._size_in <= op.limit:
            message = await self._receive()
            if message["type"] != "http.request":
                raise BodyCutShort
            self._record(message)
            self._pending.append(message)
            if self._spool is not None and isinstance(self._pending, list):
                self._pending = SpooledMessages(self._spool, self._pending)
        if self._size_in > min(op.limit, self._bound):
            raise BodyTooLarge
        announced = self.request.get(b"content-length")
        if announced is not None and announced != b"%d" % self._size_in:
            raise BodyCutShort
        op.answer = b"".join(self._parts or ()) if self._spool is None else self._spool

    # The interface for decorated views (CurrentExchange).

    @property
    def adapter(self) -> OperationAdapter:
        return self._face.stack.adapter

    def native(self, response: Response) -> object:
        return self._face.native(response)

    def secrets(self) -> tuple[str, ...]:
        return ()

    def database(self) -> object:
        return None

    def settle(self, result: object) -> object:
        return result  # the parked flow gets the response when the framework has created it

    async def asettle(self, result: object) -> object:
        return result

    @property
    def caller(self) -> object:
        return self._face.caller(self._scope)

    def user(self) -> str | None:
        return user(self._scope)

    async def ajoin(self, feature: Feature) -> Response | None:
        flow = feature.handle(self.request)
        if flow is None or isinstance(flow, Response):
            return flow
        return self._park(flow, await adrive(flow, self._carry_inline))

    async def afail(self, error: Exception) -> Response | None:
        if not self._parked:
            return None
        return _response(await adrive(self._parked.pop()[0], self._carry_inline, error=error))

    def join(self, feature: Feature) -> Response | None:
        flow = feature.handle(self.request)
        if flow is None or isinstance(flow, Response):
            return flow
        return self._park(flow, drive(flow, self._carry_blocking))

    def fail(self, error: Exception) -> Response | None:
        if not self._parked:
            return None
        return _response(drive(self._parked.pop()[0], self._carry_blocking, error=error))

    def _park(self, flow: Flow[Response | None], step: object) -> Response | None:
        if isinstance(step, Forward):
            self._parked.append((flow, step))
            self._hold = max(self._hold, step.hold)
            return None
        return _response(step)

    async def _carry_inline(self, op: Op[Any]) -> None:
        if not self._inline(op):
            await self._carry(op)

    def _carry_blocking(self, op: Op[Any]) -> None:
        """Execute an operation in the thread of a ``def`` view."""
        if isinstance(op, ReadBody):
            from anyio import from_thread  # noqa: PLC0415 - Starlette runs ``def`` views in anyio threads

            from_thread.run(self._read_body, op)
        elif not self._inline(op):
            self._face.stack.adapter.execute(op)

    def _inline(self, op: Op[Any]) -> bool:
        answer = self._face.inline.get(type(op))
        if answer is None:
            return False
        try:
            answer(op)
        except WouldBlock:
            return False
        return True


def _response(step: object) -> Response | None:
    assert step is None or isinstance(step, Response)  # a joined flow does not copy
    return step
