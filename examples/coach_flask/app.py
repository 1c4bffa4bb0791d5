"""A small booking backend for coaches: sign up, log in, browse, book, pay. In Flask, on one SQLite file.

launchready is added under `if settings.PROTECTED`, and with `@idempotent` on the views that sell and charge.
"""

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from coach_flask import accounts, bookings, catalogue, database, deeplinks, settings

if settings.PROTECTED:
    from launchready.flask import CORS, Cache, Idempotency, LaunchReady, RateLimit


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.SECRET_KEY,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.PUBLIC_URL.startswith("https"),
    )
    app.register_error_handler(HTTPException, as_json)
    for part in (accounts, catalogue, bookings, deeplinks):
        app.register_blueprint(part.routes)
    protect(app)
    database.prepare()
    return app


def protect(app: Flask) -> None:
    if settings.PROTECTED:
        LaunchReady(
            app,
            store=settings.STORE,
            cors=CORS(
                allow_origins=[settings.WEB_APP],
                allow_headers=["authorization", "content-type", "idempotency-key"],
                allow_credentials=True,
            ),
            rate_limit=RateLimit("600/minute", {"POST /login": "5/minute"}),
            cache=Cache(),
            idempotency=Idempotency(lease=settings.LEASE),
        )
    else:
        app.after_request(allow_everything)


def allow_everything(response: Response) -> Response:
    """A common prototype mistake: "it did not work from the web app, so I allowed everything"."""
    response.headers["access-control-allow-origin"] = "*"
    response.headers["access-control-allow-methods"] = "*"
    response.headers["access-control-allow-headers"] = "*"
    return response


def as_json(error: HTTPException) -> tuple[dict[str, str | None], int]:
    return {"detail": error.description}, error.code or 500


app = create_app()
