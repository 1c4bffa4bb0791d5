"""The ASGI middleware: all features around any ASGI app, in one pass.

::

    app = LaunchReadyMiddleware(app, cors=CORS(allow_origins=["https://app.example.com"]), rate_limit="300/minute")

A request is an :class:`.exchange.Exchange`, a WebSocket a :class:`.websocket.Socket`; other scopes pass untouched.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from launchready import _public
from launchready._public import *  # noqa: F403 - the same for every face
from launchready.asgi.exchange import ASGIExchange
from launchready.asgi.types import App, Receive, Scope, Send
from launchready.asgi.websocket import WebSocketSession
from launchready.core.idempotency import HEADER
from launchready.errors import ConfigError
from launchready.exchange.background import Behind
from launchready.http.asgi_scope import route_path, template
from launchready.http.message import Response
from launchready.metrics.query_times import Instrumentation, begin
from launchready.metrics.timing import ANSWERED_EARLY, STREAM, classify_failure
from launchready.metrics.websocket import time_websocket
from launchready.runtime import background
from launchready.runtime.current import ViewFeatures
from launchready.runtime.run_to_completion import run_to_completion
from launchready.runtime.view_lookup import has_rule, starlette_endpoint
from launchready.settings.build import build
from launchready.settings.compiled_app import CompiledApp

__all__ = ["App", "LaunchReadyMiddleware", "Receive", "Scope", "Send"]
__all__ += _public.__all__


def may_hold_key(stack: CompiledApp, exchange: ASGIExchange) -> bool:
    """Whether the request may hold an idempotency key."""
    return ViewFeatures.views or stack.keyed or HEADER in exchange.request.fields


class LaunchReadyMiddleware:
    """``LaunchReadyMiddleware(app, **settings)``. Raises ConfigError with every mistake in the settings."""

    def __init__(self, app: App, /, **settings: Any) -> None:
        self.app = app
        self.stack: CompiledApp = build(settings)
        self.inline = self.stack.adapter.inline
        self.owned = self.stack.owned
        self._timings = self.stack.timings
        self._tasks = background.Tasks()
        if type(self) is LaunchReadyMiddleware and self.stack.declared:
            self.route = self._route

    def status(self) -> dict[str, object]:
        """Return the status of this process: release, durations by route. The data of the dashboard."""
        return self.stack.status()

    route: Callable[[Scope], str | None] = staticmethod(template)

    def _route(self, scope: Scope) -> str | None:
        """Return the template in ``scope["launchready.route"]``, or the pattern of the settings that matches."""
        return template(scope) or self.stack.declared.find(scope.get("method", "GET").upper(), route_path(scope), None)

    def view_has_rule(self, scope: Scope) -> bool:
        """Whether the view of this request has an idempotency rule of its own, as far as Starlette's router knows."""
        app = scope.get("app", self.app)
        return has_rule(starlette_endpoint(getattr(app, "routes", None), scope), scope["method"])

    def native(self, response: Response) -> object:
        """Convert a response to Starlette's response object."""
        from starlette.responses import Response as StarletteResponse  # noqa: PLC0415 - only for decorated views

        made = StarletteResponse(response.body, response.status)
        made.raw_headers = response.headers
        return made

    def caller(self, scope: Scope) -> object:
        """Return Starlette's request object."""
        from starlette.requests import Request as StarletteRequest  # noqa: PLC0415 - only for decorated views

        return StarletteRequest(scope)

    async def failed(self, scope: Scope, receive: Receive, send: Send, error: Exception) -> None:
        """Send a 500 for an app that raised before it responded. The exception is raised again for the server."""
        del scope, receive, error  # used by the subclass for Starlette
        body = b"Internal Server Error"
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 500, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def behind(self, scope: Scope, op: Behind) -> None:
        """Call the app again in the background, in its own task and context, and discard the response."""
        own = background.scope_of(scope, op.headers)
        self._tasks.start(
            ASGIExchange(self, own, background.empty_receive(), background.discard_send, (op.feature,)).run()
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        if not self.stack.route_check.done:
            self._check_routes(scope)
        started = perf_counter()
        stack, method = self.stack, scope["method"]
        plan, timings = stack.health.get(route_path(scope) if scope.get("root_path") else scope["path"]), None
        if plan is None:
            method, timings = method if method.isupper() else method.upper(), self._timings
            plan = stack.plans.get(method, stack.other)
        exchange = ASGIExchange(self, scope, receive, send, plan)
        scheme = exchange.request.scheme
        if timings is not None:
            timings.begun[method, scheme] += 1
        spent = begin(exchange.request.get) if Instrumentation.enabled and timings is not None else None
        try:
            # Daphne and httpx's ASGI transport cancel the request of a client that disconnects, and do not state a
            # spec_version. uvicorn and Hypercorn state it and cancel nothing: a task would cost 3 to 6 us for nothing.
            if plan is stack.other and "spec_version" not in scope.get("asgi", ()) and may_hold_key(stack, exchange):
                await run_to_completion(exchange.run())
            else:
                await exchange.run()
        except BaseException as error:
            exchange.status, exchange.note = classify_failure(error)
            raise
        finally:
            if timings is not None:
                note, seconds = exchange.note, perf_counter() - started
                if note == ANSWERED_EARLY:
                    timings.record_early(method, scope["path"], exchange.status, seconds, scheme)
                elif note == STREAM:
                    first = exchange.first - started
                    whole = exchange.whole
                    timings.record_stream(method, self.route(scope), exchange.status, seconds, first, whole, "", scheme)
                else:
                    timings.record(method, self.route(scope), exchange.status, seconds, note, None, scheme)
                if spent is not None:
                    timings.record_queries(method, self.route(scope), spent)

    def _check_routes(self, scope: Scope) -> None:
        from launchready.asgi.app_routes import routes_of  # noqa: PLC0415 - once, at start

        self.stack.route_check.run(routes_of(scope.get("app", self.app)))

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Time and limit WebSockets. Other scopes pass through."""
        if scope["type"] == "lifespan" and not self.stack.route_check.done:
            try:
                self._check_routes(scope)
            except ConfigError as error:  # a raised exception would only disable the lifespan protocol
                await receive()
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return

        async def serve(send: Send) -> None:
            if self.stack.sockets:
                await WebSocketSession(self.stack, scope, receive, send).run(self.app)
            else:
                await self.app(scope, receive, send)

        scheme = "https" if scope.get("scheme") == "wss" else "http"
        await time_websocket(self._timings, lambda: self.route(scope), scheme, serve, send)
