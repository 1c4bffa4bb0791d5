"""The feature of an app: which routes are protected by a rule."""

from collections.abc import Callable

from launchready.core.idempotency.flow import Once
from launchready.core.idempotency.key_context import Vault
from launchready.core.idempotency.route_policy import Rule
from launchready.exchange.operations import Flow
from launchready.http.message import Request, Response
from launchready.http.routes import RouteTable


class Idempotency:
    """Protects the routes of its table. A request there without a key passes, unless its rule requires one.

    - ``elsewhere``: a key may stand elsewhere than in the header.
    - ``made``: makes the flow of a request, where it is another than the vault's kind.
    """

    name = "idempotency"

    def __init__(
        self, routes: RouteTable[Rule | None], vault: Vault, made: Callable[[Rule, Vault], Once] | None = None
    ) -> None:
        self._routes = routes
        self.elsewhere = any(rule is not None and rule.find is not None for rule in routes.values())
        self.vault = vault
        self._made = made
        self._kind = vault.kind

    def handle(self, request: Request) -> Flow[Response | None] | Response | None:
        rule = self._routes.find(request.method, request.path, None)
        if rule is None:
            return None
        if self._made is not None:
            return self._made(rule, self.vault).handle(request)
        return self._kind(rule, self.vault, rule.find).handle(request)
