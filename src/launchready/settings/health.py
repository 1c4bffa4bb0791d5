"""``Health(...)``: the three health paths."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from launchready.core import health as core
from launchready.settings.problems import Problems


@dataclass(frozen=True)
class Health:
    """Health endpoints, answered before anything else looks at the request.

    - ``checks``: what must work for this process to serve, by name: callables, def or async def. One passes when it
      returns anything but False, and fails when it raises or takes longer than ``timeout``.
    - ``live``: the process answers; touches nothing. ``ready``: runs the checks, 503 when one fails. ``path``: both,
      and the release. None leaves a path to the app.

    Not done yet: draining on SIGTERM, caching of results, hysteresis, optional checks.
    """

    checks: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    live: str | None = "/livez"
    ready: str | None = "/readyz"
    path: str | None = "/healthz"
    timeout: str | float = "1s"


def compile_health(problems: Problems, settings: Health, release: str) -> core.Health:
    """The feature. Every mistake goes to ``problems``."""
    for name, check in problems.mapping("health.checks", settings.checks).items():
        if not callable(check):
            problems.add(f"health.checks[{name!r}]: {check!r} cannot be called; write the function without ()")
    live = _path(problems, "live", settings.live)
    ready = _path(problems, "ready", settings.ready)
    path = _path(problems, "path", settings.path)
    return core.Health(live, ready, path, release, problems.duration("health.timeout", settings.timeout))


def _path(problems: Problems, option: str, path: object) -> str | None:
    if path is None or (isinstance(path, str) and path.startswith("/")):
        return path
    problems.add(f'health.{option}={path!r}: a path starts with "/"; write for example "/{option}z"')
    return None
