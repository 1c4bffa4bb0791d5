"""Refuses settings that a ``limits+...`` store cannot serve, when the app is built."""

from launchready.core.ratelimit import RateLimit
from launchready.settings.https import HTTPS
from launchready.settings.problems import Problems

INSTEAD = 'write store="redis://...", "postgresql://..." or "sqlite:///launchready.db"'


def check_counting(
    problems: Problems, limiter: RateLimit | None, https: HTTPS | None, *, cache: bool, idempotency: bool
) -> None:
    """One problem for each setting that would have to keep something, or to give back what was counted."""
    kept = {"cache": cache, "idempotency": idempotency, 'https.hsts="ramp"': https is not None and https.hsts == "ramp"}
    for name in [name for name, asked in kept.items() if asked]:
        problems.add(f"{name}: a limits+ store only counts requests; {INSTEAD}")
    for policy in limiter.policies if limiter is not None else ():
        gives = {'count="failures"': policy.failures, "concurrent": policy.slots, "refund": policy.refund}
        for name in [name for name, asked in {**gives, "ban": policy.bans}.items() if asked]:
            problems.add(f"rate_limit: {name} of {policy.name!r}: a limits+ store gives nothing back and bans nobody; "
                         f"{INSTEAD}")  # fmt: skip
