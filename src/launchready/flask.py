"""The Flask extension.

::

    LaunchReady(app, store="redis://localhost", cors=CORS(allow_origins=["https://app.example.com"]))

It wraps ``app.wsgi_app``, so a refused request or a cached response never enters the app. It learns the route template
after Flask has matched the request. ``def`` and ``async def`` views behave alike.
"""

from collections.abc import Sequence
from typing import Any

from launchready import _public, wsgi
from launchready._public import *  # noqa: F403 - the same for every face
from launchready.errors import MissingExtra, SafeToRetry
from launchready.http.app_routes import AppRoute, as_pattern
from launchready.http.environ import native_headers
from launchready.http.message import Response
from launchready.idempotency import form_field
from launchready.metrics.timing import ERROR
from launchready.runtime.current import CURRENT
from launchready.runtime.view_lookup import has_rule
from launchready.wsgi.exchange import WSGIExchange
from launchready.wsgi.types import Environ

try:
    import flask
    from werkzeug.exceptions import HTTPException
except ImportError as error:
    raise MissingExtra("launchready.flask", "flask") from error

__all__ = ["LaunchReady"]
__all__ += _public.__all__


class _Face(wsgi.LaunchReadyMiddleware):
    flask_app: flask.Flask

    def app_routes(self) -> Sequence[AppRoute]:
        views = self.flask_app.view_functions
        return [
            AppRoute(frozenset(rule.methods or ()), as_pattern(rule.rule), views.get(rule.endpoint))
            for rule in self.flask_app.url_map.iter_rules()
        ]

    def view_has_rule(self, environ: Environ) -> bool:
        """Asks Flask's own URL map. A request that it redirects or refuses has no view."""
        try:
            adapter = self.flask_app.create_url_adapter(self.flask_app.request_class(environ))
            endpoint = adapter.match()[0] if adapter is not None else None
        except HTTPException:
            return False
        return has_rule(self.flask_app.view_functions.get(str(endpoint)), environ["REQUEST_METHOD"].upper())

    def native(self, response: Response) -> object:
        return flask.Response(response.body, response.status, native_headers(response.headers))

    def secrets(self) -> Sequence[str]:
        app = flask.current_app
        known = [*(app.config.get("SECRET_KEY_FALLBACKS") or ()), app.secret_key]  # as Flask 3.1 orders its own
        return [one.decode("latin-1") if isinstance(one, bytes) else one for one in known if one]

    def to_framework_response(self, result: Any) -> object:
        return flask.make_response(result)

    def caller(self, environ: Environ) -> object:
        del environ  # flask.request is the current request
        return flask.request

    def user(self, environ: Environ) -> str | None:
        """Return the id of Flask-Login's signed-in user, or None."""
        manager = getattr(flask.current_app, "login_manager", None)
        if manager is None:
            return super().user(environ)
        from flask_login import current_user  # noqa: PLC0415 - installed, because the app has a login_manager

        return str(current_user.get_id()) if current_user.is_authenticated else None

    def failed(self, error: Exception) -> Response:
        """Raise: Flask handles exceptions of views itself, except in debug mode and in tests."""
        raise error


class LaunchReady:
    """``LaunchReady(app, **settings)``, or ``LaunchReady(**settings)`` and ``init_app(app)`` for each app.

    Raises ConfigError with all mistakes in the settings, when the app is passed.
    """

    def __init__(self, app: flask.Flask | None = None, **settings: Any) -> None:
        self._settings = settings
        self._face: wsgi.LaunchReadyMiddleware | None = None
        if app is not None:
            self.init_app(app)

    def init_app(self, app: flask.Flask) -> None:
        """Protect an app. One extension object may protect several; ``status()`` describes the last."""
        face = _Face(app.wsgi_app, **self._settings)
        face.flask_app = app
        app.wsgi_app = face  # type: ignore[method-assign]  # the place for WSGI middleware in Flask's documentation
        app.url_value_preprocessors.setdefault(None, []).append(_note_route)
        app.register_error_handler(SafeToRetry, _note_reason)
        flask.got_request_exception.connect(_note_error, app)
        app.extensions["launchready"] = self
        app.jinja_env.globals.setdefault("idempotency_field", form_field)
        self._face = face

    def status(self) -> dict[str, object]:
        """Return the status of this process: release, durations by route. The data of the dashboard."""
        return self._face.status() if self._face is not None else {}


def _note_error(sender: object, exception: BaseException, **more: object) -> None:
    """Record the exception's class before Flask turns it into a 500."""
    del sender, more
    exchange = CURRENT.get()
    if isinstance(exchange, WSGIExchange):
        exchange.note = ERROR + type(exception).__name__


def _note_reason(error: SafeToRetry) -> flask.Response:
    """Pass SafeToRetry to the exchange, which releases the key and builds the response. Flask would send a 500."""
    exchange = CURRENT.get()
    if not isinstance(exchange, WSGIExchange):
        raise error
    exchange.reason = error
    return flask.Response(status=503)


def _note_route(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Store the rule of a matched request, with its blueprint prefix, in the form "/a/{b}"."""
    del endpoint, values
    rule = flask.request.url_rule
    if rule is not None:
        root = flask.request.environ.get("SCRIPT_NAME", "")
        flask.request.environ["launchready.route"] = root + _template(rule.rule)


_TEMPLATES: dict[str, str] = {}


def _template(rule: str) -> str:
    """Return ``/coaches/<int:id>`` as ``/coaches/{id}``: one notation for every framework."""
    known = _TEMPLATES.get(rule)
    if known is None:
        parts = rule.split("<")
        known = parts[0]
        for part in parts[1:]:
            inside, _, rest = part.partition(">")
            known += "{" + inside.rpartition(":")[2] + "}" + rest
        _TEMPLATES[rule] = known  # bounded by the number of the app's rules
    return known
