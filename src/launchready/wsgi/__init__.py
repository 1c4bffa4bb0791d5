"""The WSGI middleware: all features around any WSGI app, in one pass.

::

    app = LaunchReadyMiddleware(app, cors=CORS(allow_origins=["https://app.example.com"]), rate_limit="300/minute")

It runs the same pipeline as under ASGI, blocking, in the server's thread. A WSGI server joins repeated header lines
with a comma. A header that must not be repeated is refused in that form too.
"""

import logging
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import Any

from launchready import _public
from launchready._public import *  # noqa: F403 - the same for every face
from launchready.exchange.app import Feature
from launchready.exchange.background import Behind
from launchready.http.app_routes import AppRoute
from launchready.http.environ import native_headers, route_path
from launchready.http.message import Response
from launchready.metrics.query_times import Instrumentation, begin
from launchready.runtime import background
from launchready.settings.build import build
from launchready.settings.compiled_app import CompiledApp
from launchready.wsgi.body import close
from launchready.wsgi.exchange import WSGIExchange
from launchready.wsgi.types import App, Environ, StartResponse

__all__ = ["App", "Environ", "LaunchReadyMiddleware", "StartResponse"]
__all__ += _public.__all__

logger = logging.getLogger("launchready")


class LaunchReadyMiddleware:
    """``LaunchReadyMiddleware(app, **settings)``. Raises ConfigError with every mistake in the settings."""

    def __init__(self, app: App, /, **settings: Any) -> None:
        self.app = app
        self.stack: CompiledApp = build(settings)

    def status(self) -> dict[str, object]:
        """Return the status of this process: release, durations by route. The data of the dashboard."""
        return self.stack.status()

    def route(self, environ: Environ) -> str | None:
        """Return the matched route template, or None.

        An app without a framework may store it in ``environ["launchready.route"]``, or the settings list its routes.
        """
        route: str | None = environ.get("launchready.route")
        if route is None and self.stack.declared and type(self) is LaunchReadyMiddleware:
            route = self.stack.declared.find(environ["REQUEST_METHOD"].upper(), route_path(environ), None)
        return route

    def app_routes(self) -> Sequence[AppRoute]:
        """Return the routes of the app, if the framework is known."""
        return ()

    def view_has_rule(self, environ: Environ) -> bool:
        """Whether the view of this request has an idempotency rule of its own. A plain WSGI app has no known router."""
        del environ
        return False

    def native(self, response: Response) -> object:
        """Convert a response to Werkzeug's response object."""
        from werkzeug.wrappers import Response as WerkzeugResponse  # noqa: PLC0415 - only for decorated views

        return WerkzeugResponse(response.body, response.status, native_headers(response.headers))

    def secrets(self) -> Sequence[str]:
        """Return the framework's secret keys, the newest last."""
        return ()

    def to_framework_response(self, result: object) -> object:
        """Convert the result of a view to the framework's response."""
        return result

    def caller(self, environ: Environ) -> object:
        """Return Werkzeug's request object."""
        from werkzeug.wrappers import Request as WerkzeugRequest  # noqa: PLC0415 - only for decorated views

        return WerkzeugRequest(environ)

    def user(self, environ: Environ) -> str | None:
        """Return REMOTE_USER, which only the server and outer middleware can set, or None."""
        return environ.get("REMOTE_USER") or None

    def failed(self, error: Exception) -> Response:
        """Return the response for an app that raised before it responded."""
        return self.broken(error)

    def broken(self, error: Exception) -> Response:
        """Return the response for a body that failed before its first byte, and log the exception."""
        logger.error("the app raised %s before it responded", type(error).__name__, exc_info=error)
        body = b"Internal Server Error"
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        return Response(500, headers, body)

    def behind(self, environ: Environ, path: str, op: Behind) -> None:
        """Call the app again in the background, in a thread and an empty context, and discard the response."""
        background.run(self._behind, background.environ_of(environ, op.headers), path, op.feature)

    def _behind(self, environ: Environ, path: str, feature: Feature) -> None:
        body = WSGIExchange(self, environ, path, (feature,)).run(lambda *_: lambda _: None)
        try:
            for _ in body:
                pass
        finally:
            close(body)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if not self.stack.route_check.done:
            self.stack.route_check.run(self.app_routes())
        started = perf_counter()
        stack, method = self.stack, environ["REQUEST_METHOD"].upper()
        path = route_path(environ)
        plan = stack.health.get(path)
        exchange = WSGIExchange(self, environ, path, stack.plans.get(method, stack.other) if plan is None else plan)
        if stack.timings is not None and plan is None:
            exchange.started = started
            stack.timings.begun[method, exchange.request.scheme] += 1
            exchange.spent = begin(exchange.request.get) if Instrumentation.enabled else None
        return exchange.run(start_response)
