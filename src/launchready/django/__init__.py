"""The Django face.

::

    MIDDLEWARE = ["launchready.django.LaunchReadyMiddleware", *MIDDLEWARE]
    INSTALLED_APPS += ["launchready.django"]
    LAUNCHREADY = {"STORE": "sqlite:///launchready.db", "CORS": {"allow_origins": ["https://app.example.com"]}}

First in MIDDLEWARE, so that it is outermost. The app in INSTALLED_APPS adds the settings to ``manage.py check`` and the
command ``manage.py launchready``; the middleware works without it.
"""

from launchready.caching import cached
from launchready.django.middleware import LaunchReadyMiddleware
from launchready.idempotency import idempotent
from launchready.ratelimit import limit
from launchready.settings.cache import Cache
from launchready.settings.cors import CORS
from launchready.settings.dashboard import Dashboard
from launchready.settings.health import Health
from launchready.settings.https import HTTPS
from launchready.settings.idempotency import Idempotency
from launchready.settings.rate_limit import Ban, Limit, RateLimit
from launchready.settings.redaction import Redaction
from launchready.settings.signals import Signals
from launchready.settings.timing import Timing

__all__ = [
    "CORS", "HTTPS", "Ban", "Cache", "Dashboard", "Health", "Idempotency", "LaunchReadyMiddleware", "Limit",
    "RateLimit", "Redaction", "Signals", "Timing", "cached", "idempotent", "limit",
]  # fmt: skip
