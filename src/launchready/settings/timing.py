"""``Timing(...)``: how long each route takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from launchready.http.routes import RouteTable
from launchready.metrics.place import place
from launchready.settings.problems import Problems


@dataclass(frozen=True)
class Timing:
    """Durations by route template, status class and release.

    - ``targets``: what a route should stay under: ``{"POST /bookings": "800ms"}``; shown beside its p95.
    - ``server_timing``: answers carry ``Server-Timing``, for the site's own pages and those who may see the dashboard.
    - ``file``: where the workers of a machine add up what they measured. None: beside the store's file where the store
      is ``sqlite://``; for a store of several machines a file of this machine; with ``memory://`` each process for
      itself.
    """

    targets: Mapping[str, str | float] = field(default_factory=dict)
    server_timing: bool = False
    file: str | None = None


def compile_targets(problems: Problems, settings: Timing) -> RouteTable[float]:
    """Target seconds by route. Every mistake goes to ``problems``."""
    rows: dict[str, float] = {}
    for text, value in problems.mapping("timing.targets", settings.targets).items():
        route = problems.route("timing.targets", text)
        seconds = problems.duration(f"timing.targets[{text!r}]", value)
        if route is not None:
            rows[route] = seconds
    return RouteTable(rows)


def ledger_path(problems: Problems, settings: Timing, store: str) -> Path | None:
    """Where the ledger is: as far as the store reaches, so do the numbers."""
    given: object = settings.file
    if given is not None:
        if given and isinstance(given, str | Path):
            return Path(given)
        problems.add(f'timing.file={given!r}: write a path, for example "/var/lib/coach/metrics.db"')
        return None
    return place(store)
