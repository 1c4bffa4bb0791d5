"""The idempotency feature of an app: the policies of its routes."""

from collections.abc import Callable

from launchready.core.idempotency.flow import SAFE_METHODS, IdempotencyFlow
from launchready.core.idempotency.key_context import KeyContext
from launchready.core.idempotency.route_policy import RoutePolicy
from launchready.exchange.operations import Flow
from launchready.http.message import Request, Response
from launchready.http.routes import RouteTable


class Idempotency:
    """Protects the routes of its table. A request there without a key passes, unless its policy requires one.

    A request with a safe method passes, and so does one whose view has a rule of its own (``request.view_rule``): the
    nearest rule wins.

    - ``elsewhere``: whether a policy reads its key from another place than the header.
    - ``make_flow``: makes the flow of a request, if not the context's own class.
    - ``nearest_wins``: False for transactions: their key commits with the work, so a view adds nothing to it.
    """

    name = "idempotency"

    def __init__(
        self,
        routes: RouteTable[RoutePolicy | None],
        context: KeyContext,
        make_flow: Callable[[RoutePolicy, KeyContext], IdempotencyFlow] | None = None,
    ) -> None:
        self._routes = routes
        self.elsewhere = any(policy is not None and policy.find is not None for policy in routes.values())
        self.context = context
        self.make_flow = make_flow
        self._flow_class = context.flow_class

    def handle(self, request: Request) -> Flow[Response | None] | Response | None:
        policy = self._routes.find(request.method, request.path, None)
        if policy is None or request.method in SAFE_METHODS:
            return None
        if request.view_rule is not None and request.view_rule():
            return None
        if self.make_flow is not None:
            return self.make_flow(policy, self.context).handle(request)
        return self._flow_class(policy, self.context, policy.find).handle(request)
