"""The FastAPI and Starlette face.

::

    app.add_middleware(LaunchReadyMiddleware, cors=CORS(allow_origins=["https://app.example.com"]),
                       rate_limit=RateLimit("60/minute", {"POST /login": "5/minute"}), idempotency=Idempotency())

Add it last, so that it is outermost. What it adds to the plain ASGI face: error pages. A handler that raises is
answered inside this middleware, by the app's own handler for 500 where it has one, so that a 500 carries the CORS
headers too; the error itself goes on to the server's log as always.
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
        """The app's own page for an error that nothing else handled, sent through this middleware."""
        from starlette.middleware.errors import ServerErrorMiddleware  # noqa: PLC0415 - only where an app raised

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
