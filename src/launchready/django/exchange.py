"""One request under Django: runs the features, and applies their changes to Django's response."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from functools import partial
from http.cookies import CookieError, Morsel
from time import monotonic
from typing import Any, Protocol

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from launchready.django.bodies import BodyCopy, DjangoResponse, RequestBody
from launchready.errors import SafeToRetry
from launchready.exchange.app import BodyCutShort, BodyTooLarge, Copy, Feature, Forward, ReadBody, ResponseSent
from launchready.exchange.background import Behind
from launchready.exchange.claim import Database
from launchready.exchange.operations import Flow, Op, WouldBlock
from launchready.http.environ import percent_encode, raw_path, request_headers, set_conditional_headers
from launchready.http.message import Headers, Request, Response, append, clean, multipart_boundary
from launchready.http.recorded_input import MAX_RECORDED_BODY
from launchready.http.view_result import to_response
from launchready.metrics.query_times import QueryTimes
from launchready.runtime.adapter import OperationAdapter
from launchready.runtime.current import ViewFeatures
from launchready.runtime.drive import adrive, drive
from launchready.runtime.pipeline import Parked, run_features
from launchready.settings.compiled_app import SAFE, CompiledApp, Plan


class DjangoFace(Protocol):
    """The middleware, as seen by a request."""

    stack: CompiledApp

    def view_has_rule(self, request: HttpRequest) -> bool: ...

    def behind(self, request: HttpRequest, op: Behind) -> None: ...

    def abehind(self, request: HttpRequest, op: Behind) -> None: ...


class DjangoExchange:
    """One request."""

    status = 500
    hold = 0
    reason: SafeToRetry | None = None
    streams = False
    copied = False  # the copy of the body was handed out
    awaits_end = False  # a feature waits for the last byte
    own = True  # until the app is called
    note = ""
    spent: QueryTimes | None = None
    sent: DjangoResponse | None = None
    forward: Forward

    def __init__(self, face: DjangoFace, request: HttpRequest, plan: Plan) -> None:
        stack, meta = face.stack, request.META
        self._face = face
        self.django = request
        self.request = Request(
            request.method or "GET",  # in upper case
            "/" + request.path_info.lstrip("/"),
            _raw_path(request),
            meta.get("QUERY_STRING", "").encode("latin-1"),
            request.scheme or "http",
            meta.get("REMOTE_ADDR") or "",
            request_headers(meta),
            request.path.removesuffix(request.path_info),
        )
        if ViewFeatures.rules:
            self.request.view_rule = partial(face.view_has_rule, request)
        self._client_headers = self.request.headers
        self._body = RequestBody(request, self.request)
        self._adapter = stack.adapter
        self._owned = stack.owned
        self.parked: Parked = []
        self.steps = run_features(plan, self.request, stack.adapter.inline, self.parked)

    def enter(self, forward: Forward) -> None:
        """Prepare the call of the app, with the headers that a feature may have replaced."""
        self.forward = forward
        self.own = False
        self.hold = max(self.hold, forward.hold)
        if ViewFeatures.views and multipart_boundary(self.request) and self.request.method not in SAFE:
            with suppress(BodyCutShort, BodyTooLarge):  # a parser (CSRF) may consume the body before the view
                self._body.read(MAX_RECORDED_BODY)
        if self.request.headers is not self._client_headers:
            set_conditional_headers(self.django.META, self.request.headers)
            vars(self.django).pop("headers", None)  # cached by Django

    # The way back.

    def run_back(self, answer: DjangoResponse, body: bytes | None) -> Flow[Response]:
        lines: Headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.items()]
        lines += [(b"set-cookie", morsel.OutputString().encode("latin-1")) for morsel in answer.cookies.values()]
        self.forward.answer = Response(answer.status_code, clean(lines, self._owned), body)
        return self.steps

    def to_django(self, response: object) -> HttpResponse:
        """Convert a response of a feature to Django's."""
        assert isinstance(response, Response)  # the pipeline returns one
        append(response.headers, self.request.adds, response.status)
        self.status = response.status
        if self.request.method == "HEAD":
            response.body = b""
        return django_response(response)

    def finish(self, answer: DjangoResponse, final: object) -> Any:
        """Return the app's response with the headers of the features, or the response that replaces it."""
        assert isinstance(final, Response)  # the pipeline returns one
        if final is not self.forward.answer:
            answer.close()
            return self.to_django(final)
        append(final.headers, self.request.adds, final.status)
        self.status = final.status
        self.sent = answer
        values: dict[str, str] = {}
        cookie = answer.headers.get("Set-Cookie")  # set by the app beside ``answer.cookies``, which Django sends itself
        own = {morsel.OutputString() for morsel in answer.cookies.values()}
        for field, value in final.headers:
            key, text = field.decode("latin-1"), value.decode("latin-1")
            if field != b"set-cookie":
                values[key] = f"{values[key]}, {text}" if key in values else text
            elif text == cookie:
                values[key] = text
            elif text not in own:
                with suppress(CookieError):
                    added = _RawCookie(text)
                    answer.cookies[added.key] = added
        for name in [name for name in answer.headers if name.lower() not in values]:
            del answer.headers[name]
        for name, text in values.items():
            if answer.headers.get(name) != text:
                answer.headers[name.title()] = text
        return answer

    def copying(self, content: Iterator[bytes], tail: Copy) -> Iterator[bytes]:
        """Copy a streaming body, and hand out the copy before the body ends. Each chunk is sent at once."""
        copy = BodyCopy(tail.limit)
        try:
            for chunk in content:
                if not self.copied and not copy.add(chunk):
                    self.hand_out(tail, None)
                tail.sending(monotonic())
                yield chunk
                tail.sending(0.0)
            self.hand_out(tail, copy.body)
        finally:
            self.hand_out(tail, None)  # no effect after a complete copy; else the body was cut short
            self.response_sent()
            self.steps.close()

    async def acopying(self, content: AsyncIterator[bytes], tail: Copy) -> AsyncIterator[bytes]:
        copy = BodyCopy(tail.limit)
        try:
            async for chunk in content:
                if not self.copied and not copy.add(chunk):
                    await self.ahand_out(tail, None)
                tail.sending(monotonic())
                yield chunk
                tail.sending(0.0)
            await self.ahand_out(tail, copy.body)
        finally:
            await self.ahand_out(tail, None)
            await self.aresponse_sent()
            self.steps.close()

    def hand_out(self, tail: Copy, body: bytes | None) -> None:
        """Hand out the copy of the body, once."""
        if not self.copied:
            self.copied, tail.answer = True, body
            self.awaits_end = isinstance(drive(self.steps, self.carry), ResponseSent)

    async def ahand_out(self, tail: Copy, body: bytes | None) -> None:
        if not self.copied:
            self.copied, tail.answer = True, body
            self.awaits_end = isinstance(await adrive(self.steps, self.acarry), ResponseSent)

    def response_sent(self) -> None:
        """The last byte has left: for those who wait for it."""
        if self.awaits_end:
            drive(self.steps, self.carry)

    async def aresponse_sent(self) -> None:
        if self.awaits_end:
            await adrive(self.steps, self.acarry)

    # Operations.

    def carry(self, op: Op[Any]) -> None:
        if isinstance(op, ReadBody):
            op.answer = self._body.read(op.limit)
        elif isinstance(op, Behind):
            self._face.behind(self.django, op)
            op.answer = None
        elif isinstance(op, Database):
            op.answer = self.database()
        elif not self._inline(op):
            self._adapter.execute(op)

    async def acarry(self, op: Op[Any]) -> None:
        if isinstance(op, ReadBody):
            op.answer = self._body.read(op.limit)  # Django's ASGI handler has read it before routing
        elif isinstance(op, Behind):
            self._face.abehind(self.django, op)
            op.answer = None
        elif isinstance(op, Database):
            op.answer = self.database()
        elif not self._inline(op):
            await self._adapter.aexecute(op)

    def _inline(self, op: Op[Any]) -> bool:
        answer = self._adapter.inline.get(type(op))
        if answer is None:
            return False
        try:
            answer(op)
        except WouldBlock:
            return False
        return True

    # The interface for decorated views (CurrentExchange).

    @property
    def adapter(self) -> OperationAdapter:
        return self._adapter

    def native(self, response: Response) -> object:
        return django_response(response)

    def secrets(self) -> Sequence[str]:
        return [*reversed(settings.SECRET_KEY_FALLBACKS), settings.SECRET_KEY]

    def database(self) -> object:
        from django.db import connection  # noqa: PLC0415 - only for decorated views

        return connection if connection.settings_dict.get("NAME") else None

    def settle(self, result: DjangoResponse) -> DjangoResponse:
        flow = self._settle_flow(result)
        return self._settled_answer(result, drive(flow, self.carry))

    async def asettle(self, result: DjangoResponse) -> DjangoResponse:
        flow = self._settle_flow(result)
        return self._settled_answer(result, await adrive(flow, self.acarry))

    def _settle_flow(self, result: DjangoResponse) -> Flow[Response | None]:
        if hasattr(result, "render") and not result.is_rendered:
            result.render()
        flow, forward = self.parked.pop()
        forward.answer = to_response(result)
        return flow

    def _settled_answer(self, result: DjangoResponse, told: object) -> DjangoResponse:
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
    assert step is None or isinstance(step, Response)  # a joined flow does not copy
    return step


class _RawCookie(Morsel[str]):
    """A Set-Cookie line that Django sends unchanged: ``HttpResponse.headers`` holds only one line of a name."""

    def __init__(self, line: str) -> None:
        """Raises CookieError for a name that Django cannot store."""
        super().__init__()
        self._line = line
        name, _, value = line.partition(";")[0].partition("=")
        self.set(name.strip(), value.strip(), value.strip())

    def OutputString(self, attrs: object = None) -> str:  # noqa: N802 - the name of http.cookies
        del attrs
        return self._line


def django_response(response: Response) -> HttpResponse:
    made = HttpResponse(response.body or b"", status=response.status)
    del made.headers["Content-Type"]
    for name, value in response.headers:
        key, text = name.decode("latin-1").title(), value.decode("latin-1")
        if name == b"set-cookie":
            with suppress(CookieError):
                cookie = _RawCookie(text)
                made.cookies[text if cookie.key in made.cookies else cookie.key] = cookie
                continue
            made.headers[key] = text
        else:
            made.headers[key] = f"{made.headers[key]}, {text}" if key in made.headers else text
    return made


def _raw_path(request: HttpRequest) -> bytes:
    scope = getattr(request, "scope", None)
    return raw_path(request.META) if scope is None else scope.get("raw_path") or percent_encode(request.path)
