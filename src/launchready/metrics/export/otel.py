"""Histograms as OpenTelemetry data points, handed to any MetricExporter.

Nothing of OpenTelemetry runs in a request: the points are made from the ledger when it is time, by one of the workers
of the machine, cumulative since the release began. So the numbers are those of the whole machine, exactly, and four
workers do not tell four different stories.
"""

import time
from typing import Any, Protocol

from launchready.metrics.export import BOUNDS, HELP, NAME, Point, points
from launchready.metrics.ledger import Ledger

EVERY = 60.0
"""Seconds between two exports."""


class Exporter(Protocol):
    """What OpenTelemetry calls a MetricExporter: the console's, OTLP over HTTP or gRPC, or one of yours."""

    def export(self, metrics_data: Any, timeout_millis: float = ..., **more: Any) -> Any: ...


def due(ledger: Ledger, now: float, every: float = EVERY) -> bool:
    """Whether this worker is the one that exports now. Within ``writing()``; true once in ``every`` for a machine."""
    done = ledger.db.execute(
        "INSERT INTO meta VALUES ('exported', ?1) ON CONFLICT DO UPDATE SET value = ?1 WHERE value <= ?2",
        (now, now - every),
    )
    return done.rowcount == 1


def export(ledger: Ledger, exporter: Exporter, service: str = "") -> Any:
    """Send everything there is; what the exporter answers. ``service``: service.name, where it is known."""
    return exporter.export(data(ledger, service))


def data(ledger: Ledger, service: str = "") -> Any:
    """A MetricsData: one resource for each release, so that ``service.version`` stands where the conventions put it."""
    from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics  # noqa: PLC0415 - 40 ms
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415

    releases: dict[str, list[Point]] = {}
    for point in points(ledger):
        releases.setdefault(point.release, []).append(point)
    now = time.time_ns()
    resources = []
    for release, found in releases.items():
        named = {"service.name": service} if service else {}
        resource = Resource({**named, "service.version": release})
        scope = ScopeMetrics(InstrumentationScope("launchready"), [_metric(found, now)], "")
        resources.append(ResourceMetrics(resource, [scope], ""))
    return MetricsData(resources)


def _metric(found: list[Point], now: int) -> Any:
    from opentelemetry.sdk.metrics.export import (  # noqa: PLC0415
        AggregationTemporality,
        Histogram,
        HistogramDataPoint,
        Metric,
    )

    unknown: Any = None  # optional in OTLP, and not measured
    made = [
        HistogramDataPoint(
            attributes=dict(point.attributes),
            start_time_unix_nano=int(point.began * 1e9),
            time_unix_nano=now,
            count=point.requests,
            sum=point.seconds,
            bucket_counts=list(point.counts),
            explicit_bounds=list(BOUNDS),
            min=unknown,
            max=unknown,
        )
        for point in found
    ]
    return Metric(NAME, HELP, "s", Histogram(made, AggregationTemporality.CUMULATIVE))
