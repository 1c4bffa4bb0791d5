"""``Health(...)``: the three health paths, and what stands behind them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from launchready.core import health as core
from launchready.runtime.health import drain
from launchready.runtime.health.checks import HealthCheckRunner
from launchready.settings.problems import Problems

Checks = Mapping[str, Callable[[], object]]


@dataclass(frozen=True)
class Health:
    """Health endpoints, answered before anything else looks at the request.

    - ``checks``: what must work for this process to serve, by name: callables, def or async def. One passes when it
      returns anything but False, and fails when it raises or takes longer than ``timeout``. ``launchready.health`` has
      ready-made ones.
    - ``optional``: the same for what it can serve without: a failure is "warn", and 200.
    - ``startup``: the same for what must have worked once: not ready before, not asked after (migrations).
    - ``live``: the process answers; touches nothing. ``ready``: runs the checks, 503 when one fails. ``path``: both,
      and the release. None leaves a path to the app.
    - ``drain``: on SIGTERM, how long this process says "not ready" and goes on serving before its server stops.
    - ``keep``: how long a verdict is kept; whoever asks, each check runs once in that time.
    - ``fall``, ``rise``: failures in a row until a check that passed counts as down, passes until it is up again.
    - ``token``: who sends it as ``Authorization: Bearer ...`` learns which check fails and why, on ``path``.
    - ``access_log``: whether the server's access log has a line for every probe that passed, too.
    """

    checks: Checks = field(default_factory=dict)
    live: str | None = "/livez"
    ready: str | None = "/readyz"
    path: str | None = "/healthz"
    drain: str | float = "5s"
    optional: Checks = field(default_factory=dict)
    startup: Checks = field(default_factory=dict)
    timeout: str | float = "1s"
    keep: str | float = "3s"
    fall: int = 2
    rise: int = 1
    token: str | None = None
    access_log: bool = False


def compile_health(problems: Problems, settings: Health, facts: core.Facts) -> core.Health:
    """The feature. Every mistake goes to ``problems``."""
    names: set[str] = set()
    for option in ("checks", "optional", "startup"):
        for name, check in problems.mapping(f"health.{option}", getattr(settings, option)).items():
            if not callable(check):
                problems.add(f"health.{option}[{name!r}]: {check!r} cannot be called; write the function without ()")
            if name in names:
                problems.add(f"health.{option}[{name!r}]: there is another check of this name; give it its own")
            names.add(name)
    live = _path(problems, "live", settings.live)
    ready = _path(problems, "ready", settings.ready)
    path = _path(problems, "path", settings.path)
    token: object = settings.token
    if token is not None and (not isinstance(token, str) or len(token) < 16):
        problems.add("health.token: write at least 16 characters, as from `openssl rand -hex 16`, or None")
        token = None
    return core.Health(live, ready, path, facts, token if isinstance(token, str) else None)


def compile_probes(problems: Problems, settings: Health) -> HealthCheckRunner:
    """What runs the checks; and the process is told how long to drain. Every mistake goes to ``problems``."""
    timeout = problems.duration("health.timeout", settings.timeout)
    keep = problems.duration("health.keep", settings.keep, zero=True)
    fall = problems.number("health.fall", settings.fall, least=1)
    rise = problems.number("health.rise", settings.rise, least=1)
    seconds = problems.duration("health.drain", settings.drain, zero=True)
    sets = [getattr(settings, option) for option in ("checks", "optional", "startup")]
    checks, optional, startup = [each if isinstance(each, Mapping) else {} for each in sets]
    if not len(problems):
        drain.configure(seconds)
    return HealthCheckRunner(checks, optional, startup, timeout=timeout, keep=keep, fall=fall, rise=rise)


def _path(problems: Problems, option: str, path: object) -> str | None:
    if path is None or (isinstance(path, str) and path.startswith("/")):
        return path
    problems.add(f'health.{option}={path!r}: a path starts with "/"; write for example "/{option}z"')
    return None
