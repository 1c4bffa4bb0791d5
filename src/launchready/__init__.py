"""launchready: middleware and launch checks for a small booking business with a Python backend.

Every name is imported on first use, so ``import launchready`` costs next to nothing. Modules of the library never
import from here.
"""

from importlib import import_module

TYPE_CHECKING = False  # type checkers treat it as typing.TYPE_CHECKING; importing typing costs 10 ms

if TYPE_CHECKING:
    from launchready import client as client
    from launchready import cors as cors
    from launchready import health as health
    from launchready import idempotency as idempotency
    from launchready import ratelimit as ratelimit
    from launchready import redaction as redaction
    from launchready import secrets as secrets
    from launchready import watch as watch
    from launchready.caching import apurge as apurge
    from launchready.caching import cached as cached
    from launchready.caching import purge as purge
    from launchready.checks.run import acheck as acheck
    from launchready.checks.run import check as check
    from launchready.errors import (
        ConfigError as ConfigError,
    )
    from launchready.errors import (
        InFlight as InFlight,
    )
    from launchready.errors import (
        KeyReused as KeyReused,
    )
    from launchready.errors import (
        LaunchReadyError as LaunchReadyError,
    )
    from launchready.errors import (
        MissingExtra as MissingExtra,
    )
    from launchready.errors import (
        OutcomeUnknown as OutcomeUnknown,
    )
    from launchready.errors import (
        SafeToRetry as SafeToRetry,
    )
    from launchready.errors import (
        StoreError as StoreError,
    )
    from launchready.errors import (
        StoreFull as StoreFull,
    )
    from launchready.errors import (
        StoreUnavailable as StoreUnavailable,
    )
    from launchready.idempotency import idempotent as idempotent
    from launchready.idempotency import webhook as webhook
    from launchready.metrics.events import job as job
    from launchready.metrics.events import signal as signal
    from launchready.ratelimit import abans as abans
    from launchready.ratelimit import aunban as aunban
    from launchready.ratelimit import bans as bans
    from launchready.ratelimit import limit as limit
    from launchready.ratelimit import unban as unban
    from launchready.reconciliation.run import reconcile as reconcile
    from launchready.redaction.text import redact as redact
    from launchready.settings.cache import Cache as Cache
    from launchready.settings.cors import CORS as CORS
    from launchready.settings.dashboard import Dashboard as Dashboard
    from launchready.settings.health import Health as Health
    from launchready.settings.https import HTTPS as HTTPS
    from launchready.settings.idempotency import Idempotency as Idempotency
    from launchready.settings.rate_limit import Ban as Ban
    from launchready.settings.rate_limit import Limit as Limit
    from launchready.settings.rate_limit import RateLimit as RateLimit
    from launchready.settings.redaction import Redaction as Redaction
    from launchready.settings.signals import Signals as Signals
    from launchready.settings.timing import Timing as Timing

__version__ = "0.1.0"

_HOMES = {
    "launchready.caching": ("apurge", "cached", "purge"),
    "launchready.checks.run": ("acheck", "check"),
    "launchready.redaction.text": ("redact",),
    "launchready.errors": (
        "ConfigError", "InFlight", "KeyReused", "LaunchReadyError", "MissingExtra", "OutcomeUnknown", "SafeToRetry",
        "StoreError", "StoreFull", "StoreUnavailable",
    ),
    "launchready.idempotency": ("idempotent", "webhook"),
    "launchready.metrics.events": ("job", "signal"),
    "launchready.reconciliation.run": ("reconcile",),
    "launchready.ratelimit": ("abans", "aunban", "bans", "limit", "unban"),
    "launchready.settings.cache": ("Cache",),
    "launchready.settings.cors": ("CORS",),
    "launchready.settings.dashboard": ("Dashboard",),
    "launchready.settings.health": ("Health",),
    "launchready.settings.https": ("HTTPS",),
    "launchready.settings.idempotency": ("Idempotency",),
    "launchready.settings.rate_limit": ("Ban", "Limit", "RateLimit"),
    "launchready.settings.redaction": ("Redaction",),
    "launchready.settings.signals": ("Signals",),
    "launchready.settings.timing": ("Timing",),
}  # fmt: skip
_ROOMS = (
    "client",
    "cors",
    "health",
    "idempotency",
    "mail",
    "ratelimit",
    "redaction",
    "secrets",
    "watch",
    "web",
)  # launchready.cors.explain(...) works after "import launchready"
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME)  # noqa: PLE0605 - derived from _HOMES


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, *_ROOMS, "__version__"]
