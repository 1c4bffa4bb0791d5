"""A one-time key in an HTML form: however often it is sent, it is carried out once, and every click sees the same page.

::

    <form method="post">{{ idempotency_field() }} ... </form>          {# Flask; elsewhere form_field(request) #}
    {% load launchready %}<form method="post">{% idempotency_field %}  {# Django #}

    @idempotent(key="form:_idem")
    def book(): ...; return redirect("/bookings/7", 303)

The key is drawn when the form is rendered, and signed (itsdangerous), so that only keys that this app gave out are
taken for such: a form that somebody else fills in cannot choose them.
"""

import os
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from launchready.errors import ConfigError
from launchready.http.message import NOT_SHAREABLE, PRIVATE
from launchready.runtime.current import CURRENT

if TYPE_CHECKING:
    from itsdangerous import TimestampSigner

NAME = "_idem"
PREFIX = "lr."
_SALT = "launchready.form"


class HiddenField(str):
    """HTML that template engines leave as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def form_field(request: object = None, *, name: str = NAME) -> HiddenField:
    """A hidden input with a new key. ``request`` is for templates that pass theirs; it is not looked at.

    Raises ConfigError where there is no middleware, or no secret to sign with.
    """
    del request
    return HiddenField(f'<input type="hidden" name="{escape(name)}" value="{form_key()}">')


def form_key() -> str:
    """The key alone, for a form that is built elsewhere."""
    signed: bytes = _signer(_secrets()).sign(os.urandom(16).hex())
    exchange = CURRENT.get()
    if exchange is not None and exchange.request.cached is not NOT_SHAREABLE:
        # A page with a key is for one visitor. A second visitor with the same key would get the first one's answer.
        exchange.request.cached = NOT_SHAREABLE
        exchange.request.adds.append(PRIVATE)
    return PREFIX + signed.decode()


def genuine(key: str) -> bool:
    """A key with our mark was given out by us; any other is the client's own and says nothing."""
    if not key.startswith(PREFIX):
        return True
    from itsdangerous import BadSignature  # noqa: PLC0415 - only where a form is sent

    try:
        _signer(_secrets()).unsign(key[len(PREFIX) :])
    except BadSignature:
        return False
    return True


def _signer(secrets: Sequence[str]) -> "TimestampSigner":
    from itsdangerous import TimestampSigner  # noqa: PLC0415 - only where a form is rendered or sent

    return TimestampSigner(list(secrets), salt=_SALT)


def _secrets() -> Sequence[str]:
    """The newest last, which signs; a form that was rendered under one of the others is still ours."""
    exchange = CURRENT.get()
    if exchange is None:
        raise ConfigError(["form_field: there is no launchready middleware around this app; add LaunchReadyMiddleware"])
    secrets = exchange.adapter.secrets or exchange.secrets()
    if not secrets:
        raise ConfigError(["form_field: there is nothing to sign with; set secret_key, or LAUNCHREADY_SECRET_KEY"])
    return secrets
