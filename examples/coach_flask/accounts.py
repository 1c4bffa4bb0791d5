"""Sign-up, confirmation, log-in, and the current customer."""

import logging
import secrets
import sqlite3
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, abort, g, request, session
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.security import check_password_hash, generate_password_hash

from coach_flask import outside, settings
from coach_flask.database import execute, one

logging.basicConfig(level=logging.INFO)
log = logging.getLogger("coach")
log.setLevel(logging.DEBUG)

routes = Blueprint("accounts", __name__)
tokens = URLSafeTimedSerializer(settings.SECRET_KEY, salt="bearer")
MONTH = 30 * 24 * 3600


def new_hash(password: str) -> str:
    return generate_password_hash(password, method=settings.PASSWORD_METHOD)


UNKNOWN_ACCOUNT = new_hash(secrets.token_hex())  # unknown accounts take as long as known ones


def parse(**wanted: type) -> list[Any]:
    """Return the named fields of the JSON body, or answer 422."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict) or any(type(body.get(name)) is not kind for name, kind in wanted.items()):
        abort(422, "send JSON with " + ", ".join(wanted))
    return [body[name] for name in wanted]


@routes.post("/signup")
def sign_up() -> tuple[dict[str, Any], int]:
    email, password, name = parse(email=str, password=str, name=str)
    log.debug("sign up %r", request.json)
    if "@" not in email or any(c.isspace() for c in email) or len(password) < 8 or not name:
        abort(422, "an e-mail address, a name, and a password of 8 characters or more, please")
    confirmation = secrets.token_urlsafe()
    try:
        row = (email.lower(), name, new_hash(password), confirmation)
        created = execute("INSERT INTO customers (email, name, password, confirmation) VALUES (?, ?, ?, ?)", *row)
    except sqlite3.IntegrityError:
        abort(409, "this e-mail address has an account")
    link = f"{settings.PUBLIC_URL}/confirm?token={confirmation}"
    outside.send_mail(email, "Please confirm your address", f"Hello {name},\n\nopen {link}\n")
    return {"id": created.lastrowid}, 201


@routes.get("/confirm")
def confirm() -> dict[str, bool]:
    token = request.args.get("token", "")
    if not execute("UPDATE customers SET confirmed = 1 WHERE confirmation = ?", token).rowcount:
        abort(404, "this link is not known")
    return {"confirmed": True}


@routes.post("/login")
def log_in() -> dict[str, str]:
    email, password = parse(email=str, password=str)
    log.debug(f"log in email={email} password={password}")  # noqa: G004 - deliberately careless, see the README
    customer = one("SELECT id, password FROM customers WHERE email = ?", email.lower())
    if not check_password_hash(customer["password"] if customer else UNKNOWN_ACCOUNT, password) or not customer:
        abort(401, "wrong e-mail or password")
    session["customer"] = customer["id"]
    token = str(tokens.dumps(customer["id"]))
    log.info("session for %s: token=%s", email, token)
    return {"token": token}


def current_customer() -> int | None:
    """Return the customer's id, by bearer token (the phone apps) or session cookie (the web app)."""
    authorization = request.headers.get("authorization", "")
    if not authorization:
        return session.get("customer")
    try:
        return int(tokens.loads(authorization.removeprefix("Bearer "), max_age=MONTH))
    except BadSignature:
        return None


def logged_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """Set `g.customer`, or answer 401."""

    @wraps(view)
    def guarded(**arguments: Any) -> Any:
        g.customer = one("SELECT * FROM customers WHERE id = ?", current_customer())
        if g.customer is None:
            abort(401, "please log in")
        return view(**arguments)

    return guarded


@routes.get("/me")
@logged_in
def me() -> tuple[dict[str, Any], dict[str, str]]:
    return {name: g.customer[name] for name in ("id", "email", "name")}, {"cache-control": "no-store"}
