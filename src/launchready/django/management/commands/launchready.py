"""``manage.py launchready ...`` is ``launchready ...``, with Django set up."""

from typing import Any

from django.core.management.base import BaseCommand

from launchready.cli import main


class Command(BaseCommand):
    help = "Check, demo and the other commands of launchready."
    requires_system_checks: list[str] = []  # noqa: RUF012 - Django's own declaration
    suppressed_base_arguments = {"--version"}  # noqa: RUF012

    def run_from_argv(self, argv: list[str]) -> None:
        raise SystemExit(main(argv[2:]))

    def handle(self, *args: Any, **options: Any) -> None:
        """``call_command("launchready", "check", ...)``."""
        del options
        raise SystemExit(main(list(args)))
