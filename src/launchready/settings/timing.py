"""``Timing(...)``: how long each route takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from launchready.dashboard.prometheus_path import PrometheusEndpoint
from launchready.http.routes import RouteTable
from launchready.metrics.export.otel import Exporter
from launchready.metrics.ledger_path import default_path
from launchready.metrics.timing import is_route_pattern
from launchready.settings.problems import Problems


@dataclass(frozen=True)
class Timing:
    """Durations by route template, status class and release.

    - ``targets``: what a route should stay under: ``{"POST /bookings": "800ms"}``; shown beside its p95.
    - ``routes``: the routes of an app without a framework, ``("GET /coaches/{id}", ...)``, by which its requests are
      counted; those of ``targets`` are known already. A framework says its own.
    - ``server_timing``: answers carry ``Server-Timing``, for the site's own pages and those who may see the dashboard.
    - ``file``: where the workers of a machine add up what they measured. None: beside the store's file where the store
      is ``sqlite://``; for a store of several machines a file of this machine; with ``memory://`` each process for
      itself.
    - ``repeats``: look at one GET in eight for answers that are the same as the time before;
      ``launchready bottlenecks`` says which routes to cache.
    - ``exporter``: an OpenTelemetry MetricExporter that is handed the numbers of the machine once a minute.
    - ``metrics``: a path for Prometheus, as "/metrics", read with ``Authorization: Bearer <metrics_token>``.
      ``dangerously_open_metrics``: by anybody.
    """

    targets: Mapping[str, str | float] = field(default_factory=dict)
    routes: Sequence[str] = ()
    server_timing: bool = False
    file: str | None = None
    repeats: bool = False
    exporter: Exporter | None = None
    metrics: str | None = None
    metrics_token: str | None = None
    dangerously_open_metrics: bool = False


def compile_targets(problems: Problems, settings: Timing) -> RouteTable[float]:
    """Target seconds by route. Every mistake goes to ``problems``."""
    rows: dict[str, float] = {}
    for text, value in problems.mapping("timing.targets", settings.targets).items():
        route = problems.route("timing.targets", text)
        seconds = problems.duration(f"timing.targets[{text!r}]", value)
        if route is not None:
            rows[route] = seconds
    return RouteTable(rows)


def compile_routes(problems: Problems, settings: Timing) -> RouteTable[str]:
    """Templates by route. Every mistake goes to ``problems``; those of ``targets`` are told by ``compile_targets``."""
    given: object = settings.targets
    routes = [problems.route("timing.routes", text) for text in problems.strings("timing.routes", settings.routes)]
    routes += (
        [text for text in given if isinstance(text, str) and is_route_pattern(text)]
        if isinstance(given, Mapping)
        else []
    )
    return RouteTable((text, text.rpartition(" ")[2]) for text in routes if text is not None)


def ledger_path(problems: Problems, settings: Timing, store: str) -> Path | None:
    """Where the ledger is: as far as the store reaches, so do the numbers; and where the process stood at its start."""
    given: object = settings.file
    if given is not None:
        if given and isinstance(given, str | Path):
            return Path(given).absolute()
        problems.add(f'timing.file={given!r}: write a path, for example "/var/lib/coach/metrics.db"')
        return None
    found = default_path(store)
    return found.absolute() if found is not None else None


def compile_metrics(problems: Problems, settings: Timing) -> PrometheusEndpoint | None:
    """The path for Prometheus. Every mistake goes to ``problems``."""
    path: object = settings.metrics
    token: object = settings.metrics_token
    if settings.exporter is not None and not callable(getattr(settings.exporter, "export", None)):
        problems.add(f"timing.exporter={settings.exporter!r}: give an OpenTelemetry MetricExporter, made with ()")
    if path is None:
        return None
    if not isinstance(path, str) or not path.startswith("/"):
        problems.add(f'timing.metrics={path!r}: a path starts with "/"; write for example "/metrics"')
        return None
    if settings.dangerously_open_metrics:
        return PrometheusEndpoint(path, None)
    if not isinstance(token, str) or len(token) < 16:
        problems.add("timing.metrics: write metrics_token= of at least 16 characters, as from `openssl rand -hex 16`")
        return None
    return PrometheusEndpoint(path, token)
