"""``@idempotent``: a view or a plain function runs once per key, whatever is retried.

::

    @app.post("/bookings")
    @idempotent                                       # the key is the Idempotency-Key header
    async def book(booking: Booking):
        once = launchready.idempotency.current()
        return await charge(booking, idempotency_key=once.downstream_key("stripe"))

    @idempotent(key=lambda slot_id, **_: f"slot:{slot_id}", store="sqlite:///launchready.db")
    def sell(slot_id, customer): ...                  # no web request needed

A view asks the face it stands behind (the middleware) for store and request; without one it refuses to run, because a
payment that is silently unprotected is worse than an error on the first try. A plain function names its store; its
result is kept as JSON and returned to every later call with the same key and the same arguments.
"""

from launchready.errors import ClaimLost, InFlight, KeyReused, OutcomeUnknown, SafeToRetry, StoreUnavailable
from launchready.idempotency.context import current
from launchready.idempotency.decorator import idempotent
from launchready.idempotency.transaction import routes as routes  # mode="transaction" of Idempotency
from launchready.idempotency.transaction import transaction
from launchready.idempotency.webhooks import webhook
from launchready.runtime.claims.context import IdempotencyContext
from launchready.settings.form_token import form_field, form_key

__all__ = [
    "ClaimLost",
    "IdempotencyContext",
    "InFlight",
    "KeyReused",
    "OutcomeUnknown",
    "SafeToRetry",
    "StoreUnavailable",
    "current",
    "form_field",
    "form_key",
    "idempotent",
    "transaction",
    "webhook",
]  # fmt: skip
