"""One request under ASGI.

The object carries its state and stands between the app and the server: its ``send`` sees the response head, its
``receive`` remembers the body for those who need it. A request that no feature answers makes no task and no thread; a
body is held back only where a feature asked for it, and only up to its bound.
"""

import asyncio
from operator import itemgetter
from time import perf_counter
from typing import Any, Protocol

from launchready.asgi.body_replay import Reread, told_again
from launchready.asgi.types import App, Message, Receive, Scope, Send
from launchready.asgi.write_behind import WriteBehind
from launchready.errors import SafeToRetry
from launchready.exchange.app import BodyCutShort, BodyTooLarge, Copy, Ended, Feature, Forward, ReadBody
from launchready.exchange.background import Behind
from launchready.exchange.operations import Elsewhere, Flow, Inline, Op, new
from launchready.http.asgi_scope import user
from launchready.http.message import Request, Response, append, clean, drawn
from launchready.http.recorded_input import REMEMBERED
from launchready.metrics.timing import ANSWERED_EARLY, STREAM
from launchready.runtime.adapter import Answers
from launchready.runtime.bodies.spool import IN_MEMORY, Spool
from launchready.runtime.current import CURRENT, Wanted
from launchready.runtime.drive import adrive, drive, let_go
from launchready.runtime.pipeline import Parked, chain
from launchready.settings.compiled_app import SAFE, Plan, Stack

facts = itemgetter("method", "path", "raw_path", "query_string", "scheme", "client", "headers")
DEFAULTS = {"raw_path": None, "query_string": b"", "scheme": "http", "client": None}
"""What a server may leave out of an http scope, and what is then meant (ASGI HTTP 2.3)."""


class Face(Protocol):
    """The middleware, as a request knows it."""

    app: App
    stack: Stack
    inline: Inline
    owned: frozenset[bytes]

    def native(self, response: Response) -> object: ...

    def caller(self, scope: Scope) -> object: ...

    async def failed(self, scope: Scope, receive: Receive, send: Send, error: Exception) -> None: ...

    def behind(self, scope: Scope, op: Behind) -> None: ...


class Exchange:
    """One request. What most requests never set has its default on the class."""

    status = 500
    note = ""  # what was special about the answer, see metrics/timing.py
    first: float  # of a stream: when its first chunk left
    whole = False  # of a stream: whether its last chunk left
    _parked: Parked
    _forward: Forward
    _started = False  # the head has left
    _dropped = False  # a feature answered in the app's place: what the app still sends of its own body is dropped
    _hold = 0
    _held: Message | None = None  # the start of an answer whose body is being held back
    _body: bytes | None = None  # all of it, where it was held
    _tail: Copy | None = None
    _behind: WriteBehind | None = None
    _ends = False  # somebody waits for the last byte
    _chunks: list[bytes]
    _size: int
    _copied: list[bytes]
    _copied_size: int
    _parts: list[bytes] | None = None  # of the request body; in its place, where it is large:
    _spool: Spool | None = None
    _size_in = 0
    _bound = REMEMBERED  # bytes of the request body that are kept
    _complete = False
    _late: list[Message] | Reread
    _leaves: asyncio.Event | None = None

    def __init__(self, face: Face, scope: Scope, receive: Receive, send: Send, plan: Plan) -> None:
        self.request = request = new(Request)
        try:
            request.method, path, raw, request.query, request.scheme, client, headers = facts(scope)
        except KeyError:
            request.method, path, raw, request.query, request.scheme, client, headers = facts({**DEFAULTS, **scope})
        request.path = path
        request.raw_path = raw or path.encode()
        request.peer = client[0] if client else ""
        request.headers = headers
        request.fields = dict(headers)
        request.get = request.fields.get
        request.adds = []
        request.claimed = request.cached = None
        self._face = face
        self._scope = scope
        self._receive = receive
        self._send = send
        self._parked = []
        self._steps = chain(plan, request, face.inline, self._parked)

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
                ):  # most bodies are whole in their first message
                    self._parts, self._late, self._size_in, self._complete = [body], [message], size, True
                    step.answer = body
                    try:
                        step = next(steps)
                    except StopIteration as end:
                        step = end.value
                else:
                    self._receive = told_again(message, self._receive)
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
        asked = scope["headers"]
        if self.request.headers is not asked:
            scope["headers"] = self.request.headers  # a feature asks with other lines than the client
        token = None
        if Wanted.views or self.request.claimed is not None:
            token = CURRENT.set(self)
            if self._parts is None and self.request.method not in SAFE:
                receive = self._remember()
        try:
            await self._face.app(scope, receive, self.send)
        except Exception as error:
            await self._failed(error, receive)
        except BaseException:
            if self._behind is not None:
                self._behind.cancel()
            await let_go(self._parked, self._carry_any)
            raise
        finally:
            scope["headers"] = asked
            if token is not None:
                CURRENT.reset(token)
            if self._tail is not None:  # the app ended without a last chunk: what came is not the whole
                await self._copy(self._tail, None)
            if self._behind is not None:
                await self._behind.finish()
            if self._ends:
                await adrive(steps, self._carry)
            steps.close()

    async def _failed(self, error: Exception, receive: Receive) -> None:
        """The app raised. Before an answer left, its failure is an answer too: a 500 with everything it must carry."""
        if self._started:
            raise error
        self._held = None  # what was kept back of an answer that broke off is none
        if isinstance(error, SafeToRetry):
            step = await adrive(self._steps, self._carry, error=error)
            assert isinstance(step, Response)  # thrown into Forward: the way back has begun, and nothing copies
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
            await self._face.stack.answers.aexecute(op)

    # The way back.

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.body":
            start = self._held
            if start is None:
                if not self._dropped:
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
                await self._keep(start, message)
                return
            message, self._body, self._held, self._hold = start, body, None, 0  # whole at once: now the head may go
        elif kind != "http.response.start":
            await self._send_other(message)
            return
        elif self._hold:
            self._held = message
            self._chunks = []
            self._size = 0
            return
        response = new(Response)
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
        if self._leaves is not None:
            self._leaves.set()
        self.status = status = final.status
        if self.request.adds:
            append(final.headers, self.request.adds, status)
        await self._send({"type": "http.response.start", "status": status, "headers": final.headers})
        if final.body is not None:
            self._dropped = True
            await self._send({"type": "http.response.body", "body": final.body})

    async def _send_other(self, message: Message) -> None:
        """An extension of the server. A file that the server sends itself never passes here: it cannot be held."""
        if self._held is not None:
            start, self._held, self._hold = self._held, None, 0
            await self.send(start)
        if self._tail is not None and message["type"] != "http.response.trailers":
            await self._copy(self._tail, None)
        await self._send(message)

    async def _keep(self, start: Message, message: Message) -> None:
        """Hold the body back until it is whole, or over the bound: then it streams on and nobody has it."""
        self._chunks.append(message.get("body", b""))
        self._size += len(self._chunks[-1])
        more = message.get("more_body", False)
        if more and self._size <= self._hold:
            return
        body = b"".join(self._chunks)
        streams = self._size > self._hold
        self._held, self._hold, self._body = None, 0, None if streams else body
        await self.send(start)
        if streams:
            await self.send({"type": "http.response.body", "body": body, "more_body": more})

    async def _copy(self, tail: Copy, message: Message | None) -> None:
        """Keep a copy of what streams past, and hand it out before its last chunk leaves.

        Who asks again right after it finds it stored. No message: the body was cut short, and nobody has it.
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
        self._ends = isinstance(await adrive(self._steps, self._carry, op), Ended)

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

    def _remember(self) -> Receive:
        if self._parts is None:
            self._parts = []
            self._late = []
        return self.receive

    async def receive(self) -> Message:
        """The body for the app, remembered on its way; after the body, whatever the server says.

        That the client went away is said only when the answer is on its way: frameworks stop streaming at the news,
        and what is held back for a key must be finished, whoever still waits for it.
        """
        if self._late:
            return self._late.pop(0)
        message = await self._receive()
        if message["type"] == "http.request":
            self._note(message)
        elif self._hold and not self._started:
            self._leaves = asyncio.Event()
            await self._leaves.wait()
        return message

    def _note(self, message: Message) -> None:
        assert self._parts is not None  # this is the receive of those who remember
        body = message.get("body", b"")
        self._size_in += len(body)
        if self._size_in <= IN_MEMORY:
            self._parts.append(body)
        elif self._size_in <= self._bound:
            if self._spool is None:
                self._spool = Spool(drawn(self.request))
                self._spool.write(b"".join(self._parts))
                self._parts.clear()
            self._spool.write(body)
        self._complete = not message.get("more_body", False)

    async def _read_body(self, op: ReadBody) -> None:
        self._remember()
        if self._size_in <= self._bound:  # all that came is kept, so the rest may be, as far as the feature may read
            self._bound = max(self._bound, op.limit)
        while not self._complete and self._size_in <= op.limit:
            message = await self._receive()
            if message["type"] != "http.request":
                raise BodyCutShort
            self._note(message)
            self._late.append(message)
            if self._spool is not None and isinstance(self._late, list):
                self._late = Reread(self._spool, self._late)
        if self._size_in > min(op.limit, self._bound):
            raise BodyTooLarge
        announced = self.request.get(b"content-length")
        if announced is not None and announced != b"%d" % self._size_in:
            raise BodyCutShort
        op.answer = b"".join(self._parts or ()) if self._spool is None else self._spool

    # A view that turns out to be protected.

    @property
    def answers(self) -> Answers:
        return self._face.stack.answers

    def native(self, response: Response) -> object:
        return self._face.native(response)

    def secrets(self) -> tuple[str, ...]:
        return ()

    def database(self) -> object:
        return None

    def settle(self, result: object) -> object:
        return result  # the flow is parked, and told when the framework has made a response of it

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
        return self._park(flow, await adrive(flow, self._carry_any))

    async def afail(self, error: Exception) -> Response | None:
        if not self._parked:
            return None
        return _response(await adrive(self._parked.pop()[0], self._carry_any, error=error))

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
        answer = self._face.inline.get(type(op))
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
