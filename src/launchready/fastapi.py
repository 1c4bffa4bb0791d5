"""The middleware for FastAPI and Starlette.

::

    app.add_middleware(LaunchReadyMiddleware, cors=CORS(allow_origins=["https://app.example.com"]),
                       rate_limit=RateLimit("60/minute", {"POST /login": "5/minute"}), idempotency=Idempotency())

Add it last, so that it is outermost. It adds error pages to the ASGI middleware: the app's handler for status 500 runs
inside this middleware, so the response carries the CORS headers. The exception still reaches the server's log.
"""

from typing import Any

from launchready import _public, asgi
from launchready._public import *  # noqa: F403 - the same for every face
from launchready.asgi import Receive, Scope, Send

__all__ = ["LaunchReadyMiddleware"]
__all__ += _public.__all__


class LaunchReadyMiddleware(asgi.LaunchReadyMiddleware):
    """``app.add_middleware(LaunchReadyMiddleware, **settings)``. Raises ConfigError when the app is built."""

    async def failed(self, scope: Scope, receive: Receive, send: Send, error: Exception) -> None:
        """Send the app's error page for an unhandled exception, through this middleware."""
        from starlette.middleware.errors import ServerErrorMiddleware  # noqa: PLC0415 - only after an exception

        async def raising(scope: Any, receive: Any, send: Any) -> None:
            del scope, receive, send
            raise error

        app = scope.get("app")
        handlers = getattr(app, "exception_handlers", {})
        handler = handlers.get(500) or handlers.get(Exception)
        page = ServerErrorMiddleware(raising, handler=handler, debug=getattr(app, "debug", False))
        try:
            await page(scope, receive, send)
        except Exception as raised:
            if raised is not error:
                raise
