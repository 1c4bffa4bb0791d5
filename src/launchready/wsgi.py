"""The WSGI face: one middleware around any WSGI app, all features in one pass.

::

    app = LaunchReadyMiddleware(app, cors=CORS(allow_origins=["https://app.example.com"]), rate_limit="300/minute")

The same chain as under ASGI, driven by a blocking driver in the server's own thread. A header line that a client sent
twice arrives joined by the server, with a comma; what may not be sent twice is refused in that form as well.
"""

import itertools
import logging
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from types import TracebackType
from typing import Any

from launchready import offered
from launchready.drivers import behind
from launchready.drivers.answers import Answers
from launchready.drivers.chain import Parked, chain
from launchready.drivers.current import CURRENT, Wanted
from launchready.drivers.drive import drive
from launchready.drivers.environ_body import read_body
from launchready.drivers.spool import Arrived, Spool
from launchready.errors import SafeToRetry
from launchready.exchange.app import Copy, Ended, Feature, Forward, ReadBody
from launchready.exchange.behind import Behind
from launchready.exchange.ops import Elsewhere, Op
from launchready.http.environ import native_headers, put_headers, raw_path, request_headers, status_line, taken
from launchready.http.given import response_of
from launchready.http.input import REMEMBERED, Input
from launchready.http.message import Request, Response, append, clean
from launchready.metrics.spent import Spent, Watching, begin
from launchready.metrics.timing import OWN, broke
from launchready.offered import *  # noqa: F403 - the same for every face
from launchready.settings.build import build
from launchready.settings.stack import SAFE, Plan, Stack

__all__ = ["LaunchReadyMiddleware"]
__all__ += offered.__all__

Environ = dict[str, Any]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType]
StartResponse = Callable[..., Callable[[bytes], object]]
App = Callable[[Environ, StartResponse], Iterable[bytes]]

logger = logging.getLogger("launchready")


class LaunchReadyMiddleware:
    """``LaunchReadyMiddleware(app, **settings)``. Raises ConfigError with every mistake in the settings."""

    def __init__(self, app: App, /, **settings: Any) -> None:
        self.app = app
        self.stack: Stack = build(settings)

    def status(self) -> dict[str, object]:
        """What this process knows of the app: release, durations by route. The data of the dashboard."""
        return self.stack.status()

    def route(self, environ: Environ) -> str | None:
        """The route template that the app matched, or None. An app without a framework says it in
        ``environ["launchready.route"]``, or the settings do."""
        route: str | None = environ.get("launchready.route")
        if route is None and self.stack.declared and type(self) is LaunchReadyMiddleware:
            path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
            route = self.stack.declared.find(environ["REQUEST_METHOD"], path, None)
        return route

    def native(self, response: Response) -> object:
        """A response as a view returns it."""
        from werkzeug.wrappers import Response as WerkzeugResponse  # noqa: PLC0415 - only where a view is answered

        return WerkzeugResponse(response.body, response.status, native_headers(response.headers))

    def secret(self) -> str | None:
        """The framework's own secret."""
        return None

    def made(self, result: object) -> object:
        """What a view returned, as the framework's response."""
        return result

    def caller(self, environ: Environ) -> object:
        """The request, as the framework's views know it."""
        from werkzeug.wrappers import Request as WerkzeugRequest  # noqa: PLC0415 - only where a view asks

        return WerkzeugRequest(environ)

    def user(self, environ: Environ) -> str | None:
        """Who is signed in: REMOTE_USER, which only the server and the apps in front of this one can set."""
        return environ.get("REMOTE_USER") or None

    def failed(self, error: Exception) -> Response:
        """The answer for an app that raised before it answered."""
        return self.broken(error)

    def broken(self, error: Exception) -> Response:
        """The answer for a body that broke off before any of it left. A server cannot be told both, so the log is."""
        logger.error("the app raised %s and answered nothing", type(error).__name__, exc_info=error)
        body = b"Internal Server Error"
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        return Response(500, headers, body)

    def behind(self, environ: Environ, path: str, op: Behind) -> None:
        """Ask the app once more, for nobody, in a thread and a context of its own."""
        behind.run(self._behind, behind.environ_of(environ, op.headers), path, op.feature)

    def _behind(self, environ: Environ, path: str, feature: Feature) -> None:
        body = Exchange(self, environ, path, (feature,)).run(lambda *_: lambda _: None)
        try:
            for _ in body:
                pass
        finally:
            _close(body)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        started = perf_counter()
        stack, method = self.stack, environ["REQUEST_METHOD"]
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        if not path.isascii():
            path = path.encode("latin-1").decode("utf-8", "replace")
        plan = stack.health.get(path)
        exchange = Exchange(self, environ, path, stack.plans.get(method, stack.other) if plan is None else plan)
        if stack.timings is not None and plan is None:
            exchange.started = started
            stack.timings.begun[method, exchange.request.scheme] += 1
            exchange.spent = begin(exchange.request.get) if Watching.on else None
        return exchange.run(start_response)


class Exchange:
    """One request."""

    status = 500
    note = ""  # what was special about the answer, see metrics/timing.py
    reason: SafeToRetry | None = None  # set by a framework that answers for its views' errors itself
    started: float | None = None
    spent: Spent | None = None
    _forward: Forward
    _ends = False  # somebody waits for the last byte
    _hold = 0
    _head: Response | None = None
    _body: bytes | Spool | None = None
    _kept: Arrived | None = None  # what the app has read of the body

    def __init__(self, face: LaunchReadyMiddleware, environ: Environ, path: str, plan: Plan) -> None:
        self.request = Request(
            environ["REQUEST_METHOD"],
            path,
            raw_path(environ),
            environ.get("QUERY_STRING", "").encode("latin-1"),
            environ.get("wsgi.url_scheme", "http"),
            environ.get("REMOTE_ADDR") or "",
            request_headers(environ),
        )
        self._asked = self.request.headers
        self._face = face
        self._environ = environ
        self._answers = face.stack.answers
        self._written: list[bytes] = []
        self._parked: Parked = []
        self._steps = chain(plan, self.request, self._answers.inline, self._parked)

    def run(self, start_response: StartResponse) -> Iterable[bytes]:
        step = drive(self._steps, self._carry)
        if not isinstance(step, Forward):
            assert isinstance(step, Response)  # a chain ends with one
            self._finish()
            self.note = OWN
            return self._whole(step, start_response)
        self._forward = step
        self._hold = step.hold
        if Wanted.views and self._body is None and self.request.method not in SAFE:
            self._kept = Arrived(self.request, REMEMBERED)
            self._environ["wsgi.input"] = Input(self._environ["wsgi.input"], self._kept.add)
        if self.request.headers is not self._asked:  # a feature asks with other lines than the client
            put_headers(self._environ, self.request.headers)
        token = CURRENT.set(self)
        try:
            return self._run_app(start_response)
        except BaseException as error:  # meant for the server: a debugger, or a test
            self.status, self.note = broke(error)
            self._record()
            raise
        finally:
            CURRENT.reset(token)

    def _run_app(self, start_response: StartResponse) -> Iterable[bytes]:
        try:
            body = self._face.app(self._environ, self._start)
            chunks = iter(body)
            first = next(chunks, None)  # an app may start its response as late as with its first chunk
            while first == b"" and self._head is None:
                first = next(chunks, None)
            if self._written:
                chunks, first = itertools.chain((*self._written, first or b""), chunks), None
        except SafeToRetry as error:
            return self._released(error, start_response)
        except Exception as error:
            self.note = broke(error)[1]
            return self._whole(self._way_back(self._face.failed(error))[0], start_response)
        if self.reason is not None:
            _close(body)
            return self._released(self.reason, start_response)
        if self._head is None:
            _close(body)
            raise AssertionError("the app returned without calling start_response")
        return self._respond(self._head, body, chunks, first, start_response)

    def _released(self, reason: SafeToRetry, start_response: StartResponse) -> Iterable[bytes]:
        step = drive(self._steps, self._carry, error=reason)
        assert isinstance(step, Response)  # thrown into Forward: the way back has begun, and nothing copies
        self._finish()
        return self._whole(step, start_response)

    def _start(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], object]:
        del exc_info  # nothing has left yet, so an error may replace what was started (PEP 3333)
        lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self._head = Response(int(status[:3]), clean(lines, self._face.stack.owned))
        return self._write

    def _write(self, data: bytes) -> None:
        """PEP 3333's old imperative way out; kept, as it asks, by putting the data before what is returned."""
        self._written.append(data)

    def _respond(
        self,
        head: Response,
        body: Iterable[bytes],
        chunks: Iterator[bytes],
        first: bytes | None,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        if self._hold:
            try:
                held = taken(chunks, first, self._hold)
            except Exception as error:
                _close(body)
                if isinstance(error, SafeToRetry):
                    return self._released(error, start_response)
                return self._whole(self._way_back(self._face.broken(error))[0], start_response)
            if isinstance(held, bytes):
                head.body = held
                _close(body)
                return self._whole(self._way_back(head)[0], start_response)
            chunks, first = held, None
        final, tail = self._way_back(head)
        if final.body is not None:
            _close(body)
            return self._whole(final, start_response)
        append(final.headers, self.request.adds, final.status)
        self.status = final.status
        start_response(status_line(final.status), native_headers(final.headers))
        if first is not None and final.get(b"content-length") == b"%d" % len(first):
            self._record()  # the body is made, and a server that reads no further (a test's client) need not say so
        return _Body(self, body, chunks, first, tail)

    def _way_back(self, response: Response) -> tuple[Response, Copy | None]:
        self._forward.answer = response
        step = drive(self._steps, self._carry)
        if isinstance(step, Copy):
            return step.head, step
        assert isinstance(step, Response)  # a chain ends with one
        self._finish()
        return step, None

    def _whole(self, response: Response, start_response: StartResponse) -> Iterable[bytes]:
        """A response whose body is known."""
        append(response.headers, self.request.adds, response.status)
        self.status = response.status
        if self._environ.get("SERVER_SOFTWARE", "").startswith("gunicorn"):  # puts its own beside any other
            response.headers = [pair for pair in response.headers if pair[0] != b"date"]
        start_response(status_line(response.status), native_headers(response.headers))
        self._record()
        return [response.body or b""] if self.request.method != "HEAD" else []

    def end(self, tail: Copy, body: bytes | None) -> None:
        """Hand the copy of a streamed body out, before its last chunk leaves."""
        tail.answer = body
        self._ends = isinstance(drive(self._steps, self._carry), Ended)

    def done(self, first: float | None, whole: bool) -> None:
        """The last byte has left, or the client has. ``first``: of a stream, when its first chunk left."""
        self._finish()
        self._record(first if not self.note else None, whole)

    def _finish(self) -> None:
        if self._ends:
            self._ends = False
            drive(self._steps, self._carry)
        self._steps.close()

    def _record(self, first: float | None = None, whole: bool = True) -> None:
        """Once; what comes later was counted."""
        timings, started = self._face.stack.timings, self.started
        if timings is None or started is None:
            return
        self.started = None
        seconds, method, scheme = perf_counter() - started, self.request.method, self.request.scheme
        route = self._face.route(self._environ)
        if self.note == OWN:
            timings.own(method, self.request.path, self.status, seconds, scheme)
        elif first is None:
            timings.record(method, route, self.status, seconds, self.note, None, scheme)
        else:
            timings.stream(method, route, self.status, seconds, first - started, whole, "", scheme)
        if self.spent is not None:
            timings.spend(method, route, self.spent)

    def _carry(self, op: Op[Any]) -> None:
        if isinstance(op, ReadBody):
            op.answer = self._read_body(op.limit)
            return
        if isinstance(op, Behind):
            self._face.behind(self._environ, self.request.path, op)
            op.answer = None
            return
        answer = self._answers.inline.get(type(op))
        if answer is not None:
            try:
                answer(op)
            except Elsewhere:
                pass
            else:
                return
        self._answers.execute(op)

    def _read_body(self, limit: int) -> bytes | Spool:
        if self._body is None:
            self._body = read_body(self._environ, self._kept or Arrived(self.request, limit), limit)
        return self._body

    # A view that turns out to be protected.

    @property
    def answers(self) -> Answers:
        return self._answers

    def native(self, response: Response) -> object:
        return self._face.native(response)

    def secret(self) -> str | None:
        return self._face.secret()

    def database(self) -> object:
        return None

    def settle(self, result: object) -> object:
        made = self._face.made(result)
        flow, forward = self._parked.pop()
        forward.answer = response_of(made)
        told = drive(flow, self._carry)
        return self.native(told) if isinstance(told, Response) else made

    async def asettle(self, result: object) -> object:
        return self.settle(result)

    @property
    def caller(self) -> object:
        return self._face.caller(self._environ)

    def user(self) -> str | None:
        return self._face.user(self._environ)

    def join(self, feature: Feature) -> Response | None:
        flow = feature.handle(self.request)
        if flow is None or isinstance(flow, Response):
            return flow
        step = drive(flow, self._carry)
        if isinstance(step, Forward):
            self._parked.append((flow, step))
            self._hold = max(self._hold, step.hold)
            return None
        assert not isinstance(step, Copy | Ended)  # only a chain yields a tail, and nothing ends before Forward
        return step

    def fail(self, error: Exception) -> Response | None:
        if not self._parked:
            return None
        step = drive(self._parked.pop()[0], self._carry, error=error)
        assert step is None or isinstance(step, Response)  # its Forward is behind it
        return step

    async def ajoin(self, feature: Feature) -> Response | None:
        """An ``async def`` view under WSGI has a loop of its own in this thread: nothing else waits for it."""
        return self.join(feature)

    async def afail(self, error: Exception) -> Response | None:
        return self.fail(error)


class _Body:
    """The app's body on its way to the server, copied for those who asked."""

    def __init__(
        self,
        exchange: Exchange,
        body: Iterable[bytes],
        chunks: Iterator[bytes],
        first: bytes | None,
        tail: Copy | None,
    ) -> None:
        self._exchange = exchange
        self._app_body = body
        self._tail = tail
        self._count = 1
        self._whole = False
        self.first = 0.0
        self._chunks = self._run(chunks, first)

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def _run(self, chunks: Iterator[bytes], chunk: bytes | None) -> Iterator[bytes]:
        try:
            yield from self._parts(chunks, chunk)
        except Exception as error:
            self._exchange.status, self._exchange.note = broke(error)
            raise
        self._whole = True

    def _parts(self, chunks: Iterator[bytes], chunk: bytes | None) -> Iterator[bytes]:
        copied: list[bytes] = []
        size = 0
        if self._tail is not None and not self._tail.limit:
            self._end(None)
        if chunk is None:
            chunk = next(chunks, None)
        self.first = perf_counter()
        if self._tail is None and chunk is not None:  # nobody asked: each chunk leaves as it is made
            yield chunk
            for chunk in chunks:
                self._count += 1
                yield chunk
            return
        while chunk is not None:
            ahead = next(chunks, None)  # known to be the last before it leaves
            self._count += ahead is not None
            tail = self._tail
            if tail is not None:
                size += len(chunk)
                if size > tail.limit:
                    self._end(None)
                else:
                    copied.append(chunk)
                    if ahead is None:
                        self._end(b"".join(copied))
            yield chunk
            chunk = ahead
        self._end(b"".join(copied))

    def _end(self, body: bytes | None) -> None:
        tail, self._tail = self._tail, None
        if tail is not None:
            self._exchange.end(tail, body)

    def close(self) -> None:
        """Called by the server at the end, whatever the end was. What was not copied whole by then is not whole."""
        try:
            self._end(None)
            self._exchange.done(self.first if self._count > 1 else None, self._whole)
        finally:
            _close(self._app_body)


def _close(body: Iterable[bytes]) -> None:
    close = getattr(body, "close", None)
    if close is not None:
        close()
