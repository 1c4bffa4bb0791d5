"""``launchready.django`` in INSTALLED_APPS: adds the settings to ``manage.py check``."""

from django.apps import AppConfig
from django.core.checks import register

from launchready import watch
from launchready.django.checks import check_middleware, check_routes, check_settings


class LaunchReadyConfig(AppConfig):
    name = "launchready.django"
    label = "launchready"
    verbose_name = "launchready"

    def ready(self) -> None:
        watch.django()
        register(check_settings)
        register(check_middleware)
        register(check_routes)
