"""``Timing(...)``: how long each route takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from launchready.http.routes import RouteTable
from launchready.settings.problems import Problems


@dataclass(frozen=True)
class Timing:
    """Durations by route template, status class and release.

    - ``targets``: what a route should stay under: ``{"POST /bookings": "800ms"}``; shown beside its p95.

    Not done yet: merging the workers of a machine, export to OpenTelemetry, ``Server-Timing``.
    """

    targets: Mapping[str, str | float] = field(default_factory=dict)


def compile_targets(problems: Problems, settings: Timing) -> RouteTable[float]:
    """Target seconds by route. Every mistake goes to ``problems``."""
    rows: dict[str, float] = {}
    for text, value in problems.mapping("timing.targets", settings.targets).items():
        route = problems.route("timing.targets", text)
        seconds = problems.duration(f"timing.targets[{text!r}]", value)
        if route is not None:
            rows[route] = seconds
    return RouteTable(rows)
