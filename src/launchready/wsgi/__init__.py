"""The WSGI face: one middleware around any WSGI app, all features in one pass.

::

    app = LaunchReadyMiddleware(app, cors=CORS(allow_origins=["https://app.example.com"]), rate_limit="300/minute")

The same chain as under ASGI, driven by a blocking driver in the server's own thread. A header line that a client sent
twice arrives joined by the server, with a comma; what may not be sent twice is refused in that form as well.
"""

import logging
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import Any

from launchready import _public
from launchready._public import *  # noqa: F403 - the same for every face
from launchready.exchange.app import Feature
from launchready.exchange.background import Behind
from launchready.http.environ import native_headers
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

    def view_has_rule(self, environ: Environ) -> bool:
        """Whether the view of this request has an idempotency rule of its own. A plain WSGI app has no known router."""
        del environ
        return False

    def native(self, response: Response) -> object:
        """A response as a view returns it."""
        from werkzeug.wrappers import Response as WerkzeugResponse  # noqa: PLC0415 - only where a view is answered

        return WerkzeugResponse(response.body, response.status, native_headers(response.headers))

    def secrets(self) -> Sequence[str]:
        """The framework's own, the newest last."""
        return ()

    def to_framework_response(self, result: object) -> object:
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
        background.run(self._behind, background.environ_of(environ, op.headers), path, op.feature)

    def _behind(self, environ: Environ, path: str, feature: Feature) -> None:
        body = WSGIExchange(self, environ, path, (feature,)).run(lambda *_: lambda _: None)
        try:
            for _ in body:
                pass
        finally:
            close(body)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        started = perf_counter()
        stack, method = self.stack, environ["REQUEST_METHOD"]
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        if not path.isascii():
            path = path.encode("latin-1").decode("utf-8", "replace")
        plan = stack.health.get(path)
        exchange = WSGIExchange(self, environ, path, stack.plans.get(method, stack.other) if plan is None else plan)
        if stack.timings is not None and plan is None:
            exchange.started = started
            stack.timings.begun[method, exchange.request.scheme] += 1
            exchange.spent = begin(exchange.request.get) if Instrumentation.enabled else None
        return exchange.run(start_response)
