"""The decorator itself: checks what it was given, and hands over to views or to functions."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

from launchready.errors import ConfigError
from launchready.idempotency.arguments import refuse_generator
from launchready.idempotency.functions import protected_function
from launchready.idempotency.transaction.connect import opener
from launchready.idempotency.transaction.functions import function_in_transaction, view_or_function
from launchready.idempotency.views import View, protected_view
from launchready.runtime.current import ViewFeatures
from launchready.runtime.route_check import decorated
from launchready.settings.idempotency import Idempotency, compile_rule
from launchready.settings.key_sources import Key, finder
from launchready.settings.problems import Problems
from launchready.stores.base import Store

P = ParamSpec("P")
R = TypeVar("R")


@overload
def idempotent(view: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def idempotent(
    *,
    key: Key = "header",
    store: str | Store | None = None,
    required: bool = False,
    keep: str | float = "24h",
    lease: str | float = "60s",
    wait: str | float = "0s",
    max_body: int = 10 * 1024 * 1024,
    scope: Callable[[Any], object] | None = None,
    on_error: str = "store",
    on_crash: str | Callable[..., Any] = "refuse",
    rerun_for: str | float = "23h",
    mode: str = "store",
    connection: Callable[[Any], Any] | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def idempotent(  # the overloads above say how it is called
    view: Callable[..., Any] | None = None, /, *, key: Key = "header", store: str | Store | None = None, **options: Any
) -> Any:
    """Run a view or a function once per key.

    - ``key``: "header" (Idempotency-Key), "form:NAME", "json:NAME" (a field of the body), or a function. With
      ``store`` that function gets the arguments of the call; without, the framework's request.
    - ``store``: a store URL; makes it work on a plain function, with no web request.
    - ``scope``: whose key it is, from the framework's request; without one the signed-in user, else the credentials
      that were sent. A plain function has no scope: its key says everything.
    - ``on_crash``: as in :class:`Idempotency`; a function may also name ``request`` (the framework's), or the
      arguments of a plain function.
    - ``mode``: "store", or "transaction": the key's row stands in the database of the work and commits with it. The
      connection is Django's, that of ``connection`` (a function of the request), or one opened by ``store`` (else by
      the middleware's store); the view finds it as ``current().tx``, and must not commit it.
    - ``wait``: 10 s for a form, 2 s in a transaction, else nothing.
    - ``required``, ``keep``, ``lease``, ``wait``, ``max_body``, ``on_error``, ``rerun_for``: as in
      :class:`Idempotency`.

    A view answers as the middleware does (400, 409, 413, 422, 503). A function raises InFlight, OutcomeUnknown,
    KeyReused, StoreUnavailable. Raises ConfigError where it is applied, with what to write instead.
    """
    problems = Problems()
    scope, connection = options.pop("scope", None), options.pop("connection", None)
    states_mode = "mode" in options
    transaction = problems.choice("@idempotent: mode", options.pop("mode", "store"), ("store", "transaction"))
    within = transaction == "transaction"
    given = dict(options)
    policy = compile_rule(problems, Idempotency(routes=(), **_waiting(options, key, within=within)))
    find = finder(problems, "@idempotent: key", key)
    recover = options.get("on_crash")
    if store is not None and not within and not callable(key):
        problems.add(
            f"@idempotent: key={key!r} needs a web request; write key=lambda order_id, **_: f'order:{{order_id}}'"
        )
    url = store if isinstance(store, str) else None
    if within and url is not None:
        try:
            opener(url)
        except ConfigError as error:
            for line in error.problems:
                problems.add(line)
    problems.raise_if_any()
    stated = {**_waiting(given, key, within=within), **({"mode": transaction} if states_mode else {})}
    if within or isinstance(store, str):
        stated["mode"] = transaction
    if scope is not None:
        stated["scope"] = None  # called with the view's own arguments, not with the app's request

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        refuse_generator(function)
        asked = recover if callable(recover) else None
        called = key if callable(key) else None
        if store is not None and not within and called is not None:
            return protected_function(function, policy, called, store, asked)
        ViewFeatures.views = ViewFeatures.rules = True
        policy_of_view = policy.called(function.__qualname__)
        policy_of_view.find = find
        view = protected_view(
            function, View(policy_of_view, find, called, scope, asked, within, url, connection, stated)
        )
        if not within or called is None or url is None:
            return decorated("idempotent", function, view)
        return view_or_function(view, function_in_transaction(function, policy, called, url))

    return decorate if view is None else decorate(view)


def _waiting(options: dict[str, Any], key: Key, *, within: bool) -> dict[str, Any]:
    """Who clicks twice sees the last answer alone, so a form waits for it; a transaction waits for the other anyway."""
    if isinstance(key, str) and key.startswith("form:"):
        return {"wait": "10s", **options}
    return {"wait": "2s", **options} if within else options
