"""The middleware: sync under WSGI, async under ASGI, one chain for both.

Django turns what a view raises into a response before it comes back here, so every answer passes: an error page carries
the CORS headers, and a 500 is an answer that an idempotency key keeps. Only SafeToRetry is caught on its way up.
"""

from asyncio import CancelledError
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from io import BytesIO
from time import perf_counter
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.exception import response_for_exception
from django.core.handlers.wsgi import WSGIRequest
from django.db import connections
from django.http import HttpRequest, HttpResponse

from launchready.django.bodies import Answer, Kept, RequestBody, ajoined, aspent, joined, spent
from launchready.drivers import behind
from launchready.drivers.answers import Answers
from launchready.drivers.chain import Parked, chain
from launchready.drivers.current import CURRENT, Wanted
from launchready.drivers.drive import adrive, drive, let_go
from launchready.drivers.finish import finish
from launchready.errors import SafeToRetry
from launchready.exchange.app import BodyCutShort, BodyTooLarge, Copy, Ended, Feature, Forward, ReadBody
from launchready.exchange.behind import Behind
from launchready.exchange.claim import Database
from launchready.exchange.ops import Elsewhere, Flow, Op
from launchready.http.environ import encoded, put_headers, raw_path, request_headers
from launchready.http.given import response_of
from launchready.http.input import REMEMBERED
from launchready.http.message import Headers, Request, Response, append, clean, drawn
from launchready.metrics.spent import Spent, Watching, begin
from launchready.metrics.streams import AsyncWatched, Watched
from launchready.metrics.timing import ERROR
from launchready.settings.build import build
from launchready.settings.stack import SAFE, Plan, Stack


def given() -> dict[str, Any]:
    """LAUNCHREADY with its keys as the other faces write them."""
    return {str(key).lower(): value for key, value in getattr(settings, "LAUNCHREADY", {}).items()}


class LaunchReadyMiddleware:
    """First in MIDDLEWARE; settings in ``LAUNCHREADY``. Raises ConfigError with every mistake in them at start."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.stack: Stack = build(given(), database=True)
        self._tasks = behind.Tasks()
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def status(self) -> dict[str, object]:
        """What this process knows of the app: release, durations by route. The data of the dashboard."""
        return self.stack.status()

    def __call__(self, request: HttpRequest) -> Any:
        return self._acall(request) if self._async else self._call(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> Answer | None:
        """Django calls this with what a view raised, before it makes an error page of it."""
        exchange = request.META.get("launchready.exchange")
        if exchange is not None:
            exchange.note = ERROR + type(exception).__name__
        if not isinstance(exception, SafeToRetry) or exchange is None:
            return None
        exchange.reason = exception
        return HttpResponse(status=503)

    def _call(self, request: HttpRequest) -> Answer:
        return self._run(request, *self._begin(request))

    def _run(self, request: HttpRequest, exchange: "_Exchange", started: float, timed: bool) -> Answer:
        try:
            step = drive(exchange.steps, exchange.carry)
            if not isinstance(step, Forward):
                return exchange.whole(step)
            exchange.enter(step)
            token = CURRENT.set(exchange)
            try:
                answer = self.get_response(request)
            finally:
                CURRENT.reset(token)
            if exchange.reason is not None:
                return exchange.whole(drive(exchange.steps, exchange.carry, error=exchange.reason))
            try:
                body = joined(answer, exchange.hold) if exchange.hold else None
            except Exception as error:  # Django itself is past the point where it makes an answer of this
                answer.close()
                answer = response_for_exception(request, error)
                body = answer.content
            final = drive(exchange.steps_back(answer, body), exchange.carry)
            if not isinstance(final, Copy):
                return exchange.finish(answer, final)
            if answer.streaming:
                exchange.streams = True
                settled = exchange.finish(answer, final.head)
                settled.streaming_content = exchange.copying(answer.streaming_content, final)
                return settled
            exchange.hand_out(final, answer.content if len(answer.content) <= final.limit else None)
            exchange.over()
            return exchange.finish(answer, final.head)
        finally:
            self._end(request, exchange, started, timed=timed)

    async def _acall(self, request: HttpRequest) -> Answer:
        stack, fields = self.stack, request.META
        if request.method in SAFE or not (Wanted.views or stack.keyed or "HTTP_IDEMPOTENCY_KEY" in fields):
            return await self._arun(request, *self._begin(request))
        return await finish(self._arun(request, *self._begin(request)))  # Django cancels it when the client goes away

    async def _arun(self, request: HttpRequest, exchange: "_Exchange", started: float, timed: bool) -> Answer:
        try:
            step = await adrive(exchange.steps, exchange.acarry)
            if not isinstance(step, Forward):
                return exchange.whole(step)
            exchange.enter(step)
            token = CURRENT.set(exchange)
            try:
                answer = await self.get_response(request)
            finally:
                CURRENT.reset(token)
            if exchange.reason is not None:
                return exchange.whole(await adrive(exchange.steps, exchange.acarry, error=exchange.reason))
            try:
                body = await ajoined(answer, exchange.hold) if exchange.hold else None
            except Exception as error:
                answer.close()
                answer = await sync_to_async(response_for_exception)(request, error)
                body = answer.content
            final = await adrive(exchange.steps_back(answer, body), exchange.acarry)
            if not isinstance(final, Copy):
                return exchange.finish(answer, final)
            if answer.streaming:
                exchange.streams = True
                settled = exchange.finish(answer, final.head)
                content = answer.streaming_content
                settled.streaming_content = (
                    exchange.acopying(content, final) if answer.is_async else exchange.copying(content, final)
                )
                return settled
            await exchange.ahand_out(final, answer.content if len(answer.content) <= final.limit else None)
            await exchange.aover()
            return exchange.finish(answer, final.head)
        except CancelledError:
            await let_go(exchange.parked, exchange.acarry)
            raise
        finally:
            self._end(request, exchange, started, timed=timed)

    def behind(self, request: HttpRequest, op: Behind) -> None:
        """Ask the app once more, for nobody, in a thread and a context of its own."""
        own = WSGIRequest(behind.environ_of(request.META, op.headers))
        behind.run(self._behind, own, _Exchange(self, own, (op.feature,)))

    def _behind(self, request: HttpRequest, exchange: "_Exchange") -> None:
        try:
            spent(self._run(request, exchange, 0.0, False))
        finally:
            connections.close_all()  # this thread's own

    def abehind(self, request: HttpRequest, op: Behind) -> None:
        """The same in a task."""
        own = ASGIRequest(behind.scope_of(getattr(request, "scope", {}), op.headers), BytesIO())
        self._tasks.start(self._abehind(own, _Exchange(self, own, (op.feature,))))

    async def _abehind(self, request: HttpRequest, exchange: "_Exchange") -> None:
        await aspent(await self._arun(request, exchange, 0.0, False))

    def _begin(self, request: HttpRequest) -> tuple["_Exchange", float, bool]:
        started = perf_counter()
        stack, method = self.stack, request.method or "GET"
        plan = stack.health.get(request.path)
        exchange = _Exchange(self, request, stack.plans.get(method, stack.other) if plan is None else plan)
        request.META["launchready.exchange"] = exchange
        if plan is None and stack.timings is not None:
            stack.timings.begun[exchange.request.method, exchange.request.scheme] += 1
        if Watching.on:
            exchange.spent = begin(exchange.request.get)
        return exchange, started, plan is None

    def _end(self, request: HttpRequest, exchange: "_Exchange", started: float, *, timed: bool) -> None:
        if not exchange.streams:
            exchange.steps.close()
        timings = self.stack.timings
        if not timed or timings is None:
            return
        method, scheme, seconds = exchange.request.method, exchange.request.scheme, perf_counter() - started
        if exchange.own:
            timings.own(method, request.path, exchange.status, seconds, scheme)
            return
        route = template(request.resolver_match.route) if request.resolver_match is not None else None
        answer = exchange.sent
        if exchange.spent is not None:  # of a stream, until it begins
            timings.spend(method, route, exchange.spent)
        if answer is None or not answer.streaming:
            note = exchange.note if exchange.status >= 500 else ""
            timings.record(method, route, exchange.status, seconds, note, None, scheme)
            return

        def done(first: float, whole: bool, note: str) -> None:
            took = perf_counter() - started, first - started
            timings.stream(method, route, exchange.status, *took, whole, note, scheme)

        watch = AsyncWatched if answer.is_async else Watched
        answer.streaming_content = watch(answer.streaming_content, done)


class _Exchange:
    """One request."""

    status = 500
    hold = 0
    reason: SafeToRetry | None = None
    streams = False
    copied = False  # the body was handed out to those who asked for it
    ends = False  # somebody waits for the last byte
    own = True  # until the app is asked
    note = ""
    spent: Spent | None = None
    sent: Answer | None = None
    forward: Forward

    def __init__(self, face: LaunchReadyMiddleware, request: HttpRequest, plan: Plan) -> None:
        stack, meta = face.stack, request.META
        self._face = face
        self.django = request
        self.request = Request(
            request.method or "GET",
            request.path,
            _raw_path(request),
            meta.get("QUERY_STRING", "").encode("latin-1"),
            request.scheme or "http",
            meta.get("REMOTE_ADDR") or "",
            request_headers(meta),
        )
        self._asked = self.request.headers
        self._body = RequestBody(request, self.request)
        self._answers = stack.answers
        self._owned = stack.owned
        self.parked: Parked = []
        self.steps = chain(plan, self.request, stack.answers.inline, self.parked)

    def enter(self, forward: Forward) -> None:
        """The app is next. It gets the lines that a feature asks with, where those are other than the client's."""
        self.forward = forward
        self.own = False
        self.hold = max(self.hold, forward.hold)
        if Wanted.views and drawn(self.request) and self.request.method not in SAFE:
            with suppress(BodyCutShort, BodyTooLarge):  # what a parser has read (CSRF's, before the view) is gone
                self._body.read(REMEMBERED)
        if self.request.headers is not self._asked:
            put_headers(self.django.META, self.request.headers)
            vars(self.django).pop("headers", None)  # Django's view of META, made once

    # The way back.

    def steps_back(self, answer: Answer, body: bytes | None) -> Flow[Response]:
        lines: Headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.items()]
        lines += [(b"set-cookie", morsel.OutputString().encode("latin-1")) for morsel in answer.cookies.values()]
        self.forward.answer = Response(answer.status_code, clean(lines, self._owned), body)
        return self.steps

    def whole(self, response: object) -> HttpResponse:
        """A response of ours as Django's."""
        assert isinstance(response, Response)  # a chain ends with one
        append(response.headers, self.request.adds, response.status)
        self.status = response.status
        if self.request.method == "HEAD":
            response.body = b""
        return django_response(response)

    def finish(self, answer: Answer, final: object) -> Any:
        """The app's own response with the headers as the features left them, or the one that took its place."""
        assert isinstance(final, Response)  # a chain ends with one
        if final is not self.forward.answer:
            answer.close()
            return self.whole(final)
        append(final.headers, self.request.adds, final.status)
        self.status = final.status
        self.sent = answer
        values: dict[str, str] = {}
        for field, value in final.headers:
            if field != b"set-cookie":  # Django keeps cookies apart, and sends them itself
                key, text = field.decode("latin-1"), value.decode("latin-1")
                values[key] = f"{values[key]}, {text}" if key in values else text
        for name in [name for name in answer.headers if name.lower() not in values]:
            del answer.headers[name]
        for name, text in values.items():
            if answer.headers.get(name) != text:
                answer.headers[name.title()] = text
        return answer

    def copying(self, content: Iterator[bytes], tail: Copy) -> Iterator[bytes]:
        """Kept for those who asked, and handed out before the last chunk leaves: who asks right after it finds it."""
        chunks, kept = iter(content), Kept(tail.limit)
        try:
            chunk = next(chunks, None)
            while chunk is not None and kept.add(chunk):
                ahead = next(chunks, None)  # known to be the last before it leaves
                if ahead is None:
                    self.hand_out(tail, kept.body)
                yield chunk
                chunk = ahead
            self.hand_out(tail, kept.body)
            if chunk is not None:
                yield chunk
                yield from chunks
        finally:
            self.hand_out(tail, None)  # unless it was: then it was cut short
            self.over()
            self.steps.close()

    async def acopying(self, content: AsyncIterator[bytes], tail: Copy) -> AsyncIterator[bytes]:
        chunks, kept = aiter(content), Kept(tail.limit)
        try:
            chunk = await anext(chunks, None)
            while chunk is not None and kept.add(chunk):
                ahead = await anext(chunks, None)
                if ahead is None:
                    await self.ahand_out(tail, kept.body)
                yield chunk
                chunk = ahead
            await self.ahand_out(tail, kept.body)
            if chunk is not None:
                yield chunk
                async for chunk in chunks:
                    yield chunk
        finally:
            await self.ahand_out(tail, None)
            await self.aover()
            self.steps.close()

    def hand_out(self, tail: Copy, body: bytes | None) -> None:
        """Once: what comes later does not count."""
        if not self.copied:
            self.copied, tail.answer = True, body
            self.ends = isinstance(drive(self.steps, self.carry), Ended)

    async def ahand_out(self, tail: Copy, body: bytes | None) -> None:
        if not self.copied:
            self.copied, tail.answer = True, body
            self.ends = isinstance(await adrive(self.steps, self.acarry), Ended)

    def over(self) -> None:
        """The last byte has left: for those who wait for it."""
        if self.ends:
            drive(self.steps, self.carry)

    async def aover(self) -> None:
        if self.ends:
            await adrive(self.steps, self.acarry)

    # Answers.

    def carry(self, op: Op[Any]) -> None:
        if isinstance(op, ReadBody):
            op.answer = self._body.read(op.limit)
        elif isinstance(op, Behind):
            self._face.behind(self.django, op)
            op.answer = None
        elif isinstance(op, Database):
            op.answer = self.database()
        elif not self._inline(op):
            self._answers.execute(op)

    async def acarry(self, op: Op[Any]) -> None:
        if isinstance(op, ReadBody):
            op.answer = self._body.read(op.limit)  # Django has it already: its ASGI handler reads before it routes
        elif isinstance(op, Behind):
            self._face.abehind(self.django, op)
            op.answer = None
        elif isinstance(op, Database):
            op.answer = self.database()
        elif not self._inline(op):
            await self._answers.aexecute(op)

    def _inline(self, op: Op[Any]) -> bool:
        answer = self._answers.inline.get(type(op))
        if answer is None:
            return False
        try:
            answer(op)
        except Elsewhere:
            return False
        return True

    # A view that turns out to be protected.

    @property
    def answers(self) -> Answers:
        return self._answers

    def native(self, response: Response) -> object:
        return django_response(response)

    def secret(self) -> str | None:
        key: str = settings.SECRET_KEY
        return key

    def database(self) -> object:
        from django.db import connection  # noqa: PLC0415 - only where a view asks for it

        return connection if connection.settings_dict.get("NAME") else None

    def settle(self, result: Answer) -> Answer:
        flow = self._given(result)
        return self._told(result, drive(flow, self.carry))

    async def asettle(self, result: Answer) -> Answer:
        flow = self._given(result)
        return self._told(result, await adrive(flow, self.acarry))

    def _given(self, result: Answer) -> Flow[Response | None]:
        if hasattr(result, "render") and not result.is_rendered:
            result.render()
        flow, forward = self.parked.pop()
        forward.answer = response_of(result)
        return flow

    def _told(self, result: Answer, told: object) -> Answer:
        return django_response(told) if isinstance(told, Response) else result

    @property
    def caller(self) -> object:
        return self.django

    def user(self) -> str | None:
        user = getattr(self.django, "user", None)
        return str(user.pk) if user is not None and user.is_authenticated else None

    def join(self, feature: Feature) -> Response | None:
        flow = feature.handle(self.request)
        if flow is None or isinstance(flow, Response):
            return flow
        return self._park(flow, drive(flow, self.carry))

    async def ajoin(self, feature: Feature) -> Response | None:
        flow = feature.handle(self.request)
        if flow is None or isinstance(flow, Response):
            return flow
        return self._park(flow, await adrive(flow, self.acarry))

    def fail(self, error: Exception) -> Response | None:
        return _response(drive(self.parked.pop()[0], self.carry, error=error)) if self.parked else None

    async def afail(self, error: Exception) -> Response | None:
        return _response(await adrive(self.parked.pop()[0], self.acarry, error=error)) if self.parked else None

    def _park(self, flow: Flow[Response | None], step: object) -> Response | None:
        if isinstance(step, Forward):
            self.parked.append((flow, step))
            self.hold = max(self.hold, step.hold)
            return None
        return _response(step)


def _response(step: object) -> Response | None:
    assert step is None or isinstance(step, Response)  # a joined flow copies nothing
    return step


def django_response(response: Response) -> HttpResponse:
    made = HttpResponse(response.body or b"", status=response.status)
    del made.headers["Content-Type"]
    for name, value in response.headers:
        key, text = name.decode("latin-1").title(), value.decode("latin-1")
        made.headers[key] = f"{made.headers[key]}, {text}" if key in made.headers else text
    return made


_TEMPLATES: dict[str, str] = {}


def _raw_path(request: HttpRequest) -> bytes:
    scope = getattr(request, "scope", None)
    return raw_path(request.META) if scope is None else scope.get("raw_path") or encoded(request.path)


def template(route: str) -> str:
    """``coaches/<int:id>/`` as ``/coaches/{id}/``: one notation in every framework."""
    known = _TEMPLATES.get(route)
    if known is None:
        parts = route.split("<")
        known = "/" + parts[0].removeprefix("^")
        for part in parts[1:]:
            inside, _, rest = part.partition(">")
            known += "{" + inside.rpartition(":")[2] + "}" + rest
        _TEMPLATES[route] = known  # bounded by the number of the app's routes
    return known
