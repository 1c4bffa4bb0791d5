"""One request under WSGI: runs the features and the app in the server's thread."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import Any, Protocol

from launchready.errors import SafeToRetry
from launchready.exchange.app import Copy, Feature, Forward, ReadBody, ResponseSent
from launchready.exchange.background import Behind
from launchready.exchange.operations import Op, WouldBlock
from launchready.http.environ import (
    native_headers,
    prefix_of,
    raw_path,
    read_up_to,
    request_headers,
    set_conditional_headers,
    status_line,
)
from launchready.http.message import Request, Response, append, clean, is_event_stream
from launchready.http.recorded_input import MAX_RECORDED_BODY, RecordedInput
from launchready.http.view_result import to_response
from launchready.metrics.query_times import QueryTimes
from launchready.metrics.timing import ANSWERED_EARLY, classify_failure
from launchready.runtime.adapter import OperationAdapter
from launchready.runtime.bodies.spool import BodyRecorder, Deadline, Spool
from launchready.runtime.bodies.wsgi_input import read_body
from launchready.runtime.current import CURRENT, ViewFeatures
from launchready.runtime.drive import drive
from launchready.runtime.pipeline import Parked, run_features
from launchready.settings.compiled_app import SAFE, CompiledApp, Plan
from launchready.wsgi.body import ResponseBody, close
from launchready.wsgi.types import App, Environ, ExcInfo, StartResponse


class WSGIFace(Protocol):
    """The middleware, as seen by a request."""

    app: App
    stack: CompiledApp

    def route(self, environ: Environ) -> str | None: ...

    def native(self, response: Response) -> object: ...

    def secrets(self) -> Sequence[str]: ...

    def to_framework_response(self, result: object) -> object: ...

    def caller(self, environ: Environ) -> object: ...

    def user(self, environ: Environ) -> str | None: ...

    def failed(self, error: Exception) -> Response: ...

    def broken(self, error: Exception) -> Response: ...

    def view_has_rule(self, environ: Environ) -> bool: ...

    def behind(self, environ: Environ, path: str, op: Behind) -> None: ...


class WSGIExchange:
    """One request."""

    status = 500
    note = ""  # the kind of a response, see metrics/timing.py
    reason: SafeToRetry | None = None  # set by a framework that handles its views' exceptions
    started: float | None = None
    spent: QueryTimes | None = None
    _forward: Forward
    _awaits_end = False  # a feature waits for the last byte
    _hold = 0
    _head: Response | None = None
    _body: bytes | Spool | None = None
    _recorded: BodyRecorder | None = None  # the part of the body that the app has read

    def __init__(self, face: WSGIFace, environ: Environ, path: str, plan: Plan) -> None:
        self.request = Request(
            environ["REQUEST_METHOD"].upper(),
            path,
            raw_path(environ),
            environ.get("QUERY_STRING", "").encode("latin-1"),
            environ.get("wsgi.url_scheme", "http"),
            environ.get("REMOTE_ADDR") or "",
            request_headers(environ),
            prefix_of(environ),
        )
        if ViewFeatures.rules:
            self.request.view_rule = partial(face.view_has_rule, environ)
        self._client_headers = self.request.headers
        self._face = face
        self._environ = environ
        self._adapter = face.stack.adapter
        self._written: list[bytes] = []
        self._parked: Parked = []
        self._steps = run_features(plan, self.request, self._adapter.inline, self._parked)

    def run(self, start_response: StartResponse) -> Iterable[bytes]:
        step = drive(self._steps, self._carry)
        if not isinstance(step, Forward):
            assert isinstance(step, Response)  # the pipeline returns one
            self._finish()
            self.note = ANSWERED_EARLY
            return self._send_complete(step, start_response)
        self._forward = step
        self._hold = step.hold
        if ViewFeatures.views and self._body is None and self.request.method not in SAFE:
            self._recorded = BodyRecorder(self.request, MAX_RECORDED_BODY)
            self._environ["wsgi.input"] = RecordedInput(self._environ["wsgi.input"], self._recorded.add)
        if self.request.headers is not self._client_headers:  # a feature has replaced the client's headers
            set_conditional_headers(self._environ, self.request.headers)
        token = CURRENT.set(self)
        try:
            return self._run_app(start_response)
        except BaseException as error:  # handled by the server: a debugger, or a test
            self.status, self.note = classify_failure(error)
            self._record()
            raise
        finally:
            CURRENT.reset(token)

    def _run_app(self, start_response: StartResponse) -> Iterable[bytes]:
        try:
            body = self._face.app(self._environ, self._start)
            chunks = iter(body)
            first = next(chunks, None)  # an app may call start_response with its first chunk
            while first == b"" and self._head is None:
                first = next(chunks, None)
            if self._written:
                chunks, first = itertools.chain((*self._written, first or b""), chunks), None
        except SafeToRetry as error:
            return self._release_key(error, start_response)
        except Exception as error:
            self.note = classify_failure(error)[1]
            return self._send_complete(self._run_back(self._face.failed(error))[0], start_response)
        if self.reason is not None:
            close(body)
            return self._release_key(self.reason, start_response)
        if self._head is None:
            close(body)
            raise AssertionError("the app returned without calling start_response")
        return self._respond(self._head, body, chunks, first, start_response)

    def _release_key(self, reason: SafeToRetry, start_response: StartResponse) -> Iterable[bytes]:
        step = drive(self._steps, self._carry, error=reason)
        assert isinstance(step, Response)  # nothing copies the body of a refusal
        self._finish()
        return self._send_complete(step, start_response)

    def _start(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], object]:
        del exc_info  # nothing was sent yet, so an error may replace the response (PEP 3333)
        lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self._head = Response(int(status[:3]), clean(lines, self._face.stack.owned))
        return self._write

    def _write(self, data: bytes) -> None:
        """PEP 3333's legacy ``write``: the data is sent before the returned body."""
        self._written.append(data)

    def _respond(
        self,
        head: Response,
        body: Iterable[bytes],
        chunks: Iterator[bytes],
        first: bytes | None,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        if self._hold and not is_event_stream(head.headers):
            try:
                held = read_up_to(chunks, first, self._hold, Deadline())
            except Exception as error:
                close(body)
                if isinstance(error, SafeToRetry):
                    return self._release_key(error, start_response)
                return self._send_complete(self._run_back(self._face.broken(error))[0], start_response)
            if isinstance(held, bytes):
                head.body = held
                close(body)
                return self._send_complete(self._run_back(head)[0], start_response)
            chunks, first = held, None
        final, tail = self._run_back(head)
        if final.body is not None:
            close(body)
            return self._send_complete(final, start_response)
        append(final.headers, self.request.adds, final.status)
        self.status = final.status
        start_response(status_line(final.status), native_headers(final.headers))
        if first is not None and final.get(b"content-length") == b"%d" % len(first):
            self._record()  # the body is complete: a test client may never exhaust or close it
        announced = final.get(b"content-length")
        length = int(announced) if announced is not None and announced.isdigit() else None
        return ResponseBody(self, body, chunks, first, tail, length)

    def _run_back(self, response: Response) -> tuple[Response, Copy | None]:
        self._forward.answer = response
        step = drive(self._steps, self._carry)
        if isinstance(step, Copy):
            return step.head, step
        assert isinstance(step, Response)  # the pipeline returns one
        self._finish()
        return step, None

    def _send_complete(self, response: Response, start_response: StartResponse) -> Iterable[bytes]:
        """Send a response with a complete body."""
        append(response.headers, self.request.adds, response.status)
        self.status = response.status
        if self._environ.get("SERVER_SOFTWARE", "").startswith("gunicorn"):  # adds a second Date
            response.headers = [pair for pair in response.headers if pair[0] != b"date"]
        start_response(status_line(response.status), native_headers(response.headers))
        self._record()
        return [response.body or b""] if self.request.method != "HEAD" else []

    def end(self, tail: Copy, body: bytes | None) -> None:
        """Hand out the copy of a streamed body, before its last chunk is sent."""
        tail.answer = body
        self._awaits_end = isinstance(drive(self._steps, self._carry), ResponseSent)

    def done(self, first: float | None, whole: bool) -> None:
        """Called after the last byte, or after a disconnect. ``first``: when the first chunk of a stream was sent."""
        self._finish()
        self._record(first if not self.note else None, whole)

    def _finish(self) -> None:
        if self._awaits_end:
            self._awaits_end = False
            drive(self._steps, self._carry)
        self._steps.close()

    def _record(self, first: float | None = None, whole: bool = True) -> None:
        """Record the timing, once."""
        timings, started = self._face.stack.timings, self.started
        if timings is None or started is None:
            return
        self.started = None
        seconds, method, scheme = perf_counter() - started, self.request.method, self.request.scheme
        route = self._face.route(self._environ)
        if self.note == ANSWERED_EARLY:
            timings.record_early(method, self.request.prefix + self.request.path, self.status, seconds, scheme)
        elif first is None:
            timings.record(method, route, self.status, seconds, self.note, None, scheme)
        else:
            timings.record_stream(method, route, self.status, seconds, first - started, whole, "", scheme)
        if self.spent is not None:
            timings.record_queries(method, route, self.spent)

    def _carry(self, op: Op[Any]) -> None:
        if isinstance(op, ReadBody):
            op.answer = self._read_body(op.limit)
            return
        if isinstance(op, Behind):
            self._face.behind(self._environ, self.request.path, op)
            op.answer = None
            return
        answer = self._adapter.inline.get(type(op))
        if answer is not None:
            try:
                answer(op)
            except WouldBlock:
                pass
            else:
                return
        self._adapter.execute(op)

    def _read_body(self, limit: int) -> bytes | Spool:
        if self._body is None:
            self._body = read_body(self._environ, self._recorded or BodyRecorder(self.request, limit), limit)
        return self._body

    # The interface for decorated views (CurrentExchange).

    @property
    def adapter(self) -> OperationAdapter:
        return self._adapter

    def native(self, response: Response) -> object:
        return self._face.native(response)

    def secrets(self) -> Sequence[str]:
        return self._face.secrets()

    def database(self) -> object:
        return None

    def settle(self, result: object) -> object:
        made = self._face.to_framework_response(result)
        flow, forward = self._parked.pop()
        forward.answer = to_response(made)
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
        assert not isinstance(step, Copy | ResponseSent)  # a flow yields these only after Forward
        return step

    def fail(self, error: Exception) -> Response | None:
        if not self._parked:
            return None
        step = drive(self._parked.pop()[0], self._carry, error=error)
        assert step is None or isinstance(step, Response)  # the flow has passed its Forward
        return step

    async def ajoin(self, feature: Feature) -> Response | None:
        """The same as ``join``: an ``async def`` view under WSGI has its own event loop in this thread."""
        return self.join(feature)

    async def afail(self, error: Exception) -> Response | None:
        return self.fail(error)
