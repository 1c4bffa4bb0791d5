"""``Idempotency(...)``: which routes are run once per key, whatever is retried."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from launchready.core import idempotency as core
from launchready.http.message import Request
from launchready.http.routes import RouteTable
from launchready.http.view_result import to_response
from launchready.runtime.claims.context import call_with_known_args
from launchready.settings.key_sources import Key, finder
from launchready.settings.problems import Problems
from launchready.settings.request_view import RequestView, found
from launchready.settings.signing import key_context

logger = logging.getLogger("launchready")

Scope = Callable[[Any], object]


@dataclass(frozen=True)
class Idempotency:
    """Idempotency keys by route; ``@idempotent`` on a view does the same for that view.

    - ``routes``: what is protected when a request brings an ``Idempotency-Key``.
    - ``keep``: how long an answer is replayed. ``lease``: how long a claim outlives the process that holds it; while
      the process lives it is renewed, however slow the handler is. Where ``keep`` is shorter, that long.
    - ``required``: refuse a request without a key (400).
    - ``wait``: how long a second request waits for the first one's answer before it is told 409.
    - ``max_body``: largest request body and answer in bytes; a larger body is refused (413), never run unprotected.
    - ``scope``: names the owner of the key: a function of the request
      (:class:`launchready.settings.request_view.RequestView`) that returns a user, a tenant or a session. Keys of two
      scopes are two keys. Without one (or where it returns None) a header key must not be guessable (400), and is one
      key for the whole app: it runs once whatever credentials a retry carries, and only its owner gets the stored
      answer (else 409). See docs/key-owner.md.
    - ``on_error``: "store" replays a 5xx like any answer (it may have had its effect); "release" frees the key.
    - ``on_crash``: a retry whose first attempt died. "refuse": 409, its outcome is unknown. "rerun": the handler is
      safe to repeat, for ``rerun_for`` after the first attempt (the time for which the provider knows its keys). A
      function: ask it what happened; None runs the handler again, True says that it happened, anything else is the
      answer. It is given what its parameters name: ``once`` (see ``current()``), ``request``, ``key``.
    - ``key``: "header", "form:NAME", "json:NAME" (a field of the body), or a function of the request.
    - ``encrypt``: write answers down encrypted, not only signed; needs ``secret_key``.
    - ``mode``: "store", or "transaction": key and work stand in one database and commit together. The connection is
      Django's, that of ``connection`` (a function of the request), or one opened by the URL ``store`` (else by the
      middleware's store); the handler finds it as ``current().tx``, and must not commit it.
    """

    routes: Sequence[str] = ("POST /bookings", "POST /payments")
    keep: str | float = "24h"
    lease: str | float = "60s"
    required: bool = False
    wait: str | float = "0s"
    max_body: int = 10 * 1024 * 1024
    scope: Scope | None = None
    on_error: str = "store"
    on_crash: str | Callable[..., Any] = "refuse"
    rerun_for: str | float = "23h"
    encrypt: bool = False
    key: Key = "header"
    mode: str = "store"
    store: str | None = None
    connection: Callable[[Any], Any] | None = None


Within = Callable[[Idempotency, str, Problems], Callable[[core.RoutePolicy, core.KeyContext], core.IdempotencyFlow]]

WITHIN: list[Within] = []
"""What makes the flow of ``mode="transaction"``: put here by the room above this one, which knows databases."""


def compile_idempotency(
    problems: Problems,
    settings: Idempotency,
    secret: str | None = None,
    url: str = "memory://",
    fallbacks: Sequence[str] = (),
) -> core.Idempotency:
    """The feature. ``url``: of the middleware's store. Every mistake goes to ``problems``."""
    rule = compile_rule(problems, settings)
    if settings.encrypt and secret is None:
        problems.add("idempotency.encrypt=True needs a key: set secret_key, or LAUNCHREADY_SECRET_KEY")
    before = len(problems.patterns)
    rows = [problems.route("idempotency.routes", text) for text in _routes(problems, settings)]
    if settings.routes == Idempotency.routes:
        del problems.patterns[before:]  # a default that the app does not serve is not a mistake of its author
    table = RouteTable[core.RoutePolicy | None]((text, rule.called(text)) for text in rows if text is not None)
    if table and settings.scope is None and settings.key == "header":
        logger.info(
            "idempotency: no scope= names the owner of a key, so clients must send random keys, and a retry with other "
            "credentials gets 409; write scope=lambda request: ... (docs/key-owner.md)"
        )
    made = None
    if problems.choice("idempotency.mode", settings.mode, ("store", "transaction")) == "transaction":
        made = WITHIN[0](settings, url, problems)
    elif settings.store is not None or settings.connection is not None:
        problems.add(
            'idempotency.store and idempotency.connection name the database of mode="transaction"; write that too, or '
            "give store= to the middleware"
        )
    return core.Idempotency(table, key_context(secret, fallbacks, encrypt=settings.encrypt), made)


def compile_rule(problems: Problems, settings: Idempotency) -> core.RoutePolicy:
    """One rule. Every mistake goes to ``problems``."""
    before = len(problems)
    keep = problems.duration("idempotency.keep", settings.keep)
    lease = problems.duration("idempotency.lease", settings.lease)
    if lease > keep and len(problems) == before:
        if settings.lease != Idempotency.lease:
            problems.add(
                f"idempotency.lease={settings.lease!r} is longer than keep={settings.keep!r}; "
                f"write lease={settings.keep!r}, or less"
            )
        lease = keep  # nobody asked for a lease: no claim outlives what is kept of it
    on_error = problems.choice("idempotency.on_error", settings.on_error, ("store", "release"))
    if settings.scope is not None and not callable(settings.scope):
        problems.add(f"idempotency.scope={settings.scope!r}: write a function of the request that names its user")
    return core.RoutePolicy(
        keep=keep,
        lease=lease,
        required=settings.required,
        wait=problems.duration("idempotency.wait", settings.wait, zero=True),
        max_body=problems.number("idempotency.max_body", settings.max_body, least=1),
        release_from=500 if on_error == "release" else core.NO_RELEASE,
        scope=_scope(settings.scope),
        on_crash=_on_crash(problems, settings.on_crash),
        rerun_for=problems.duration("idempotency.rerun_for", settings.rerun_for),
        respond=to_response,
        find=_find(problems, settings.key),
    )


def _find(problems: Problems, key: Key) -> core.KeyFinder | None:
    if not callable(key):
        return finder(problems, "idempotency.key", key)
    function = key

    def find(request: Request, _: object) -> str | None:
        text = found(function, request)
        return None if text is None else core.DerivedKey(text)

    return find


def _scope(function: Scope | None) -> Callable[[Request], str | None] | None:
    if not callable(function):  # a wrong value is reported by compile_rule
        return None

    def scope(request: Request) -> str | None:
        user = found(function, request)
        return None if user is None else f"s:{user}"

    return scope


def _on_crash(problems: Problems, value: object) -> Callable[..., Any] | None:
    if callable(value):
        function: Callable[..., Any] = value
        return lambda once, request: call_with_known_args(
            function, once=once, request=RequestView(request), key=once.key
        )
    if value not in ("refuse", "rerun"):
        problems.add(f'idempotency.on_crash={value!r}: write "refuse", "rerun", or a function that finds out')
    return core.rerun if value == "rerun" else None


def _routes(problems: Problems, settings: Idempotency) -> tuple[str, ...]:
    routes = problems.strings("idempotency.routes", settings.routes)
    for text in routes:
        method, space, path = text.rpartition(" ")
        if not space or method in {"GET", "HEAD", "OPTIONS"}:
            problems.add(f'idempotency.routes: {text!r} needs an unsafe method; write "POST {path}"')
    return routes
