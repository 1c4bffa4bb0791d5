"""The public names that every framework module offers beside its middleware: settings, decorators and checks."""

from typing import TYPE_CHECKING, Any

from launchready.caching import cached
from launchready.idempotency import idempotent, webhook
from launchready.ratelimit import limit
from launchready.redaction.text import redact
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

if TYPE_CHECKING:
    from launchready.checks.report import Report
    from launchready.checks.run import acheck, check

__all__ = [
    "CORS", "HTTPS", "Ban", "Cache", "Dashboard", "Health", "Idempotency", "Limit", "RateLimit", "Redaction", "Signals",
    "Timing", "acheck", "cached", "check", "idempotent", "limit", "redact", "webhook",
]  # fmt: skip


if not TYPE_CHECKING:  # type checkers and editors see the real signature, which is imported above

    def check(domain: str, **options: Any) -> "Report":
        """``launchready.check``: the launch checks of one domain. The first call loads the checks."""
        from launchready.checks import run  # noqa: PLC0415 - an app that serves requests needs no resolver

        return run.check(domain, **options)

    async def acheck(domain: str, **options: Any) -> "Report":
        """``launchready.acheck``: ``check`` for async code."""
        from launchready.checks import run  # noqa: PLC0415

        return await run.acheck(domain, **options)
