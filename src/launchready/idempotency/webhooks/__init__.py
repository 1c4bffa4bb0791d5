"""``@webhook("stripe")``: an event is worked on once, however often its provider delivers it.

::

    @app.post("/webhooks/stripe")
    @webhook("stripe", secret=settings.STRIPE_WEBHOOK_SECRET)
    async def stripe_event(request: Request): ...

Providers deliver at least once, out of order, for days. So the event's id is the key; a redelivery of a finished event
gets its 2xx at once; whatever is no 2xx, and whatever died, is worked on again when it is delivered again (the provider
asks until it succeeds, and an event that nobody would ever repeat is a lost payment). With ``mode="transaction"`` the
event's row commits with the work: exactly once.
"""

import pkgutil
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, ParamSpec, TypeVar

from launchready.clock import SYSTEM
from launchready.core.idempotency import DerivedKey, IdempotencyFlow, KeyFinder, refusals
from launchready.errors import ConfigError
from launchready.exchange.app import Spooled
from launchready.http.message import Request, Response
from launchready.http.problem import problem
from launchready.idempotency.arguments import refuse_generator
from launchready.idempotency.transaction.connect import opener
from launchready.idempotency.views import Arguments, View, protected_view
from launchready.idempotency.webhooks import presets
from launchready.runtime.current import CurrentExchange, ViewFeatures
from launchready.runtime.route_check import decorated
from launchready.settings.idempotency import Idempotency, compile_rule
from launchready.settings.problems import Problems

P = ParamSpec("P")
R = TypeVar("R")

Secrets = str | Sequence[str] | Callable[[], str | Sequence[str]] | None


def names() -> list[str]:
    """The providers that are known."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(presets.__path__))


class WebhookView:
    """How a webhook is protected: by its event's id, whatever headers a delivery brings.

    The scope is the handler and its path without a trailing slash, so two endpoints for one provider both work on it.
    """

    def __init__(self, provider: str, handler: str, view: View) -> None:
        self._scope = f"webhook:{provider}:{handler}"
        self._view = view

    def flow(self, exchange: CurrentExchange, arguments: Arguments, *, asynchronous: bool) -> IdempotencyFlow:
        flow = self._view.flow(exchange, arguments, asynchronous=asynchronous)
        flow.scope = f"{self._scope}:{exchange.request.path.rstrip('/')}"
        flow.request_digest = b"event"
        return flow


def webhook(
    provider: str,
    *,
    secret: Secrets = None,
    keep: str | float = "30d",
    lease: str | float = "60s",
    mode: str = "store",
    store: str | None = None,
    connection: Callable[[Any], Any] | None = None,
    now: Callable[[], float] = SYSTEM.wall,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Work on each event of a provider once.

    - ``provider``: "stripe", "github", "standard-webhooks" (Svix as well), "shopify", "paddle", "slack".
    - ``secret``: the endpoint's signing secret, several while one is rotated, or a function that gives them. A wrong
      signature, or a signed time five minutes away, is 400 and nothing runs. Without it the view checks for itself;
      what it refuses is no 2xx, so the key stays free for the provider.
    - ``keep``: how long a redelivery is known; longer than the provider retries (Stripe: three days).
    - ``mode``, ``store``, ``connection``: as in ``@idempotent``.

    Raises ConfigError where it is applied.
    """
    problems = Problems()
    if provider not in names():
        problems.unknown("@webhook", provider, names())
    within = problems.choice("@webhook: mode", mode, ("store", "transaction")) == "transaction"
    policy = compile_rule(
        problems, Idempotency(routes=(), keep=keep, lease=lease, required=True, on_crash="rerun", rerun_for=keep)
    )
    if within and store is not None:
        try:
            opener(store)
        except ConfigError as error:
            for line in error.problems:
                problems.add(line)
    problems.raise_if_any()
    policy.release_from = 300
    view = View(policy, _finder(provider, secret, now), None, None, None, within, store, connection, own=True)

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        refuse_generator(function)
        ViewFeatures.views = ViewFeatures.rules = True
        return decorated(
            "webhook",
            function,
            protected_view(function, WebhookView(provider, f"{function.__module__}.{function.__qualname__}", view)),
        )

    return decorate


def _finder(provider: str, secret: Secrets, now: Callable[[], float]) -> KeyFinder:
    preset = import_module(f"{presets.__name__}.{provider.replace('-', '_')}")

    def find(request: Request, whole: bytes | Spooled) -> str | Response | None:
        body = bytes(whole)
        given = secret() if callable(secret) else secret
        if given is not None:
            found = [preset.verify(request, body, one, now()) for one in ([given] if isinstance(given, str) else given)]
            if None not in found:
                return _refused(found[-1] if found else "there is no secret")
            request.verified = True
        event: str | None = preset.event(request, body)
        return DerivedKey(event) if event else refusals.malformed()

    return find


def _refused(why: str) -> Response:
    return problem(400, "webhook-signature", "The signature of the event is not right", f"Nothing was done: {why}.")
