"""The middleware: sync under WSGI, async under ASGI, with one pipeline for both.

Django turns an exception of a view into a response before this middleware sees it. So an error page carries the CORS
headers, and a 500 is stored under its idempotency key. Only SafeToRetry is handled as an exception.
"""

from asyncio import CancelledError
from collections.abc import Callable
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
from django.urls import Resolver404, resolve

from launchready.django.app_routes import routes_of
from launchready.django.bodies import DjangoResponse, adrain_response, aread_body_up_to, drain_response, read_body_up_to
from launchready.django.exchange import DjangoExchange
from launchready.errors import SafeToRetry
from launchready.exchange.app import Copy, Forward
from launchready.exchange.background import Behind
from launchready.metrics.query_times import Instrumentation, begin
from launchready.metrics.streaming import AsyncTimedStream, TimedStream
from launchready.metrics.timing import ERROR
from launchready.runtime import background
from launchready.runtime.current import CURRENT, ViewFeatures
from launchready.runtime.drive import adrive, cancel_flows, drive
from launchready.runtime.run_to_completion import run_to_completion
from launchready.runtime.view_lookup import has_rule
from launchready.settings.build import build
from launchready.settings.compiled_app import SAFE, CompiledApp


def read_settings() -> dict[str, Any]:
    """Return LAUNCHREADY with lower-case keys, as in the other frameworks."""
    return {str(key).lower(): value for key, value in getattr(settings, "LAUNCHREADY", {}).items()}


class LaunchReadyMiddleware:
    """The Django middleware, with settings in ``LAUNCHREADY``. Raises ConfigError with all mistakes at start."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.stack: CompiledApp = build(read_settings(), database=True)
        self._tasks = background.Tasks()
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def status(self) -> dict[str, object]:
        """Return the status of this process: release, durations by route. The data of the dashboard."""
        return self.stack.status()

    def __call__(self, request: HttpRequest) -> Any:
        return self._acall(request) if self._async else self._call(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> DjangoResponse | None:
        """Called by Django with an exception of a view, before it builds an error page."""
        exchange = request.META.get("launchready.exchange")
        if exchange is not None:
            exchange.note = ERROR + type(exception).__name__
        if not isinstance(exception, SafeToRetry) or exchange is None:
            return None
        exchange.reason = exception
        return HttpResponse(status=503)

    def _call(self, request: HttpRequest) -> DjangoResponse:
        return self._run(request, *self._begin(request))

    def _run(self, request: HttpRequest, exchange: DjangoExchange, started: float, timed: bool) -> DjangoResponse:
        try:
            step = drive(exchange.steps, exchange.carry)
            if not isinstance(step, Forward):
                return exchange.to_django(step)
            exchange.enter(step)
            token = CURRENT.set(exchange)
            try:
                answer = self.get_response(request)
            finally:
                CURRENT.reset(token)
            if exchange.reason is not None:
                return exchange.to_django(drive(exchange.steps, exchange.carry, error=exchange.reason))
            try:
                body = read_body_up_to(answer, exchange.hold) if exchange.hold else None
            except Exception as error:  # Django no longer handles exceptions at this point
                answer.close()
                answer = response_for_exception(request, error)
                body = answer.content
            final = drive(exchange.run_back(answer, body), exchange.carry)
            if not isinstance(final, Copy):
                return exchange.finish(answer, final)
            if answer.streaming:
                exchange.streams = True
                settled = exchange.finish(answer, final.head)
                settled.streaming_content = exchange.copying(answer.streaming_content, final)
                return settled
            exchange.hand_out(final, answer.content if len(answer.content) <= final.limit else None)
            exchange.response_sent()
            return exchange.finish(answer, final.head)
        finally:
            self._end(request, exchange, started, timed=timed)

    async def _acall(self, request: HttpRequest) -> DjangoResponse:
        stack, fields = self.stack, request.META
        if request.method in SAFE or not (ViewFeatures.views or stack.keyed or "HTTP_IDEMPOTENCY_KEY" in fields):
            return await self._arun(request, *self._begin(request))
        return await run_to_completion(
            self._arun(request, *self._begin(request))
        )  # Django cancels it when the client goes away

    async def _arun(
        self, request: HttpRequest, exchange: DjangoExchange, started: float, timed: bool
    ) -> DjangoResponse:
        try:
            step = await adrive(exchange.steps, exchange.acarry)
            if not isinstance(step, Forward):
                return exchange.to_django(step)
            exchange.enter(step)
            token = CURRENT.set(exchange)
            try:
                answer = await self.get_response(request)
            finally:
                CURRENT.reset(token)
            if exchange.reason is not None:
                return exchange.to_django(await adrive(exchange.steps, exchange.acarry, error=exchange.reason))
            try:
                body = await aread_body_up_to(answer, exchange.hold) if exchange.hold else None
            except Exception as error:
                answer.close()
                answer = await sync_to_async(response_for_exception)(request, error)
                body = answer.content
            final = await adrive(exchange.run_back(answer, body), exchange.acarry)
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
            await exchange.aresponse_sent()
            return exchange.finish(answer, final.head)
        except CancelledError:
            await cancel_flows(exchange.parked, exchange.acarry)
            raise
        finally:
            self._end(request, exchange, started, timed=timed)

    def view_has_rule(self, request: HttpRequest) -> bool:
        """Asks Django's URL resolver. A path that it does not know has no view."""
        try:
            view = resolve(request.path_info, getattr(request, "urlconf", None)).func
        except Resolver404:
            return False
        return has_rule(view, request.method or "GET")

    def behind(self, request: HttpRequest, op: Behind) -> None:
        """Call the app again in the background, in a thread and an empty context, and discard the response."""
        own = WSGIRequest(background.environ_of(request.META, op.headers))
        background.run(self._behind, own, DjangoExchange(self, own, (op.feature,)))

    def _behind(self, request: HttpRequest, exchange: DjangoExchange) -> None:
        try:
            drain_response(self._run(request, exchange, 0.0, False))
        finally:
            connections.close_all()  # the connections of this thread

    def abehind(self, request: HttpRequest, op: Behind) -> None:
        """The same as ``behind``, in a task."""
        own = ASGIRequest(background.scope_of(getattr(request, "scope", {}), op.headers), BytesIO())
        self._tasks.start(self._abehind(own, DjangoExchange(self, own, (op.feature,))))

    async def _abehind(self, request: HttpRequest, exchange: DjangoExchange) -> None:
        await adrain_response(await self._arun(request, exchange, 0.0, False))

    def _begin(self, request: HttpRequest) -> tuple[DjangoExchange, float, bool]:
        if not self.stack.route_check.done:
            self.stack.route_check.run(routes_of())
        started = perf_counter()
        stack, method = self.stack, request.method or "GET"
        plan = stack.health.get(request.path_info)
        exchange = DjangoExchange(self, request, stack.plans.get(method, stack.other) if plan is None else plan)
        request.META["launchready.exchange"] = exchange
        if plan is None and stack.timings is not None:
            stack.timings.begun[exchange.request.method, exchange.request.scheme] += 1
        if Instrumentation.enabled:
            exchange.spent = begin(exchange.request.get)
        return exchange, started, plan is None

    def _end(self, request: HttpRequest, exchange: DjangoExchange, started: float, *, timed: bool) -> None:
        if not exchange.streams:
            exchange.steps.close()
        timings = self.stack.timings
        if not timed or timings is None:
            return
        method, scheme, seconds = exchange.request.method, exchange.request.scheme, perf_counter() - started
        if exchange.own:
            timings.record_early(method, request.path, exchange.status, seconds, scheme)
            return
        route = template(request.resolver_match.route) if request.resolver_match is not None else None
        answer = exchange.sent
        if exchange.spent is not None:  # for a stream, the queries before its first chunk
            timings.record_queries(method, route, exchange.spent)
        if answer is None or not answer.streaming:
            note = exchange.note if exchange.status >= 500 else ""
            timings.record(method, route, exchange.status, seconds, note, None, scheme)
            return

        def done(first: float, whole: bool, note: str) -> None:
            took = perf_counter() - started, first - started
            timings.record_stream(method, route, exchange.status, *took, whole, note, scheme)

        watch = AsyncTimedStream if answer.is_async else TimedStream
        answer.streaming_content = watch(answer.streaming_content, done)


_TEMPLATES: dict[str, str] = {}


def template(route: str) -> str:
    """Return ``coaches/<int:id>/`` as ``/coaches/{id}/``: one notation for every framework."""
    known = _TEMPLATES.get(route)
    if known is None:
        parts = route.split("<")
        known = "/" + parts[0].removeprefix("^")
        for part in parts[1:]:
            inside, _, rest = part.partition(">")
            known += "{" + inside.rpartition(":")[2] + "}" + rest
        _TEMPLATES[route] = known  # bounded by the number of the app's routes
    return known
