"""System checks: ids ``launchready.E001`` and up for what cannot work, ``launchready.W001`` and up for what might."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from launchready.django.middleware import read_settings
from launchready.errors import ConfigError
from launchready.settings.build import build

PATH = "launchready.django.LaunchReadyMiddleware"


def check_settings(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E001: each mistake in LAUNCHREADY."""
    del app_configs, kwargs
    try:
        build(read_settings(), database=True)
    except ConfigError as error:
        return [Error(problem, id="launchready.E001") for problem in error.problems]
    return []


def check_middleware(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E002: not in MIDDLEWARE, so nothing is protected. W001: not the first, so what stands before it is not."""
    del app_configs, kwargs
    if PATH not in settings.MIDDLEWARE:
        return [Error("launchready is installed and protects nothing", f'Put "{PATH}" first in MIDDLEWARE.',
                      id="launchready.E002")]  # fmt: skip
    if settings.MIDDLEWARE[0] != PATH:
        return [CheckWarning(f"{settings.MIDDLEWARE[0]} answers before launchready sees the request",
                             f'Put "{PATH}" first in MIDDLEWARE.', id="launchready.W001")]  # fmt: skip
    return []
