"""System checks: ids from ``launchready.E001`` for errors, from ``launchready.W001`` for warnings."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from launchready.django.app_routes import routes_of
from launchready.django.middleware import read_settings
from launchready.errors import ConfigError
from launchready.settings.build import build

PATH = "launchready.django.LaunchReadyMiddleware"


def check_settings(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E001: an invalid setting in LAUNCHREADY."""
    del app_configs, kwargs
    try:
        build(read_settings(), database=True)
    except ConfigError as error:
        return [Error(problem, id="launchready.E001") for problem in error.problems]
    return []


def check_routes(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E003: a decorator that protects nothing, or with ``STRICT`` a pattern without a route. W002: such a pattern."""
    del app_configs, kwargs
    try:
        errors, warnings = build(read_settings(), database=True).route_check.find(routes_of())
    except ConfigError:  # reported as E001
        return []
    return [
        *(Error(text, id="launchready.E003") for text in errors),
        *(CheckWarning(text, id="launchready.W002") for text in warnings),
    ]


def check_middleware(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """E002: missing in MIDDLEWARE, so nothing is protected. W001: not first, so outer middleware is not protected."""
    del app_configs, kwargs
    if PATH not in settings.MIDDLEWARE:
        return [Error("launchready is installed but its middleware is missing", f'Put "{PATH}" first in MIDDLEWARE.',
                      id="launchready.E002")]  # fmt: skip
    if settings.MIDDLEWARE[0] != PATH:
        return [CheckWarning(f"{settings.MIDDLEWARE[0]} runs outside the launchready middleware",
                             f'Put "{PATH}" first in MIDDLEWARE.', id="launchready.W001")]  # fmt: skip
    return []
