"""``Dashboard(...)``: the page for the owner."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from launchready.dashboard.feature import DashboardFeature
from launchready.settings.deployment import is_weak
from launchready.settings.problems import Problems


@dataclass(frozen=True)
class Dashboard:
    """One page at ``path``, for who has a link: ``launchready dashboard-link --hours 24``. Anybody else gets a 404.

    - Links are signed with ``secret_key``, which it therefore needs. The links of ``secret_key_fallbacks``
      open it as well, and those of ``previous_keys``.
    """

    path: str = "/launchready"
    previous_keys: Sequence[str] = ()


def compile_dashboard(
    problems: Problems, settings: Dashboard, secrets: Sequence[str], wall: Callable[[], float]
) -> DashboardFeature | None:
    """The feature. ``secrets``: the newest last, which signs. Every mistake goes to ``problems``."""
    path: object = settings.path
    if not isinstance(path, str) or not path.startswith("/") or len(path) < 2:
        problems.add(f'dashboard.path={path!r}: a path starts with "/"; write for example "/launchready"')
        path = "/launchready"
    keys = problems.strings("dashboard.previous_keys", settings.previous_keys)
    if any(is_weak(key) for key in keys):
        problems.add("dashboard.previous_keys: a key of fewer than 32 random characters can be guessed; remove it")
    if not secrets:
        problems.add(
            "dashboard: its links are signed; write secret_key= or set LAUNCHREADY_SECRET_KEY, as from "
            "`openssl rand -hex 32`"
        )
        return None
    return DashboardFeature(str(path), [*keys, *secrets], wall)
