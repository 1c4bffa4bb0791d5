"""The Django middleware.

::

    MIDDLEWARE = ["launchready.django.LaunchReadyMiddleware", *MIDDLEWARE]
    INSTALLED_APPS += ["launchready.django"]
    LAUNCHREADY = {"STORE": "sqlite:///launchready.db", "CORS": {"allow_origins": ["https://app.example.com"]}}

Put it first in MIDDLEWARE, so that it is outermost. The app in INSTALLED_APPS adds the settings to ``manage.py check``
and the command ``manage.py launchready``. The middleware works without it.
"""

from launchready import _public
from launchready._public import *  # noqa: F403 - the same for every face
from launchready.django.middleware import LaunchReadyMiddleware

__all__ = ["LaunchReadyMiddleware"]
__all__ += _public.__all__
