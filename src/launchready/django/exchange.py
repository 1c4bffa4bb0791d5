"""One request in Django: its way through the features, and Django's response back from them."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, Protocol

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from launchready.django.bodies import Answer, Kept, RequestBody
from launchready.errors import SafeToRetry
from launchready.exchange.app import BodyCutShort, BodyTooLarge, Copy, Ended, Feature, Forward, ReadBody
from launchready.exchange.background import Behind
from launchready.exchange.claim import Database
from launchready.exchange.operations import Elsewhere, Flow, Op
from launchready.http.environ import encoded, put_headers, raw_path, request_headers
from launchready.http.message import Headers, Request, Response, append, clean, drawn
from launchready.http.recorded_input import REMEMBERED
from launchready.http.view_result import response_of
from launchready.metrics.query_times import QueryTimes
from launchready.runtime.adapter import Answers
from launchready.runtime.current import Wanted
from launchready.runtime.drive import adrive, drive
from launchready.runtime.pipeline import Parked, chain
from launchready.settings.compiled_app import SAFE, Plan, Stack


class Face(Protocol):
    """The middleware, as a request knows it."""

    stack: Stack

    def behind(self, request: HttpRequest, op: Behind) -> None: ...

    def abehind(self, request: HttpRequest, op: Behind) -> None: ...


class Exchange:
    """One request."""

    status = 500
    hold = 0
    reason: SafeToRetry | None = None
    streams = False
    copied = False  # the body was handed out to those who asked for it
    ends = False  # somebody waits for the last byte
    own = True  # until the app is asked
    note = ""
    spent: QueryTimes | None = None
    sent: Answer | None = None
    forward: Forward

    def __init__(self, face: Face, request: HttpRequest, plan: Plan) -> None:
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
        kept = Kept(tail.limit)
        try:
            for chunk in content:
                if not self.copied and not kept.add(chunk):
                    self.hand_out(tail, None)
                tail.sending(monotonic())
                yield chunk
                tail.sending(0.0)
            self.hand_out(tail, kept.body)
        finally:
            self.hand_out(tail, None)  # unless it was: then it was cut short
            self.over()
            self.steps.close()

    async def acopying(self, content: AsyncIterator[bytes], tail: Copy) -> AsyncIterator[bytes]:
        kept = Kept(tail.limit)
        try:
            async for chunk in content:
                if not self.copied and not kept.add(chunk):
                    await self.ahand_out(tail, None)
                tail.sending(monotonic())
                yield chunk
                tail.sending(0.0)
            await self.ahand_out(tail, kept.body)
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

    def secrets(self) -> Sequence[str]:
        return [*reversed(settings.SECRET_KEY_FALLBACKS), settings.SECRET_KEY]

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


def _raw_path(request: HttpRequest) -> bytes:
    scope = getattr(request, "scope", None)
    return raw_path(request.META) if scope is None else scope.get("raw_path") or encoded(request.path)
