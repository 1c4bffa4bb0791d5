"""Histograms as OpenTelemetry data points, for any MetricExporter.

OpenTelemetry runs in no request: one worker of the machine makes the points from the ledger when they are due,
cumulative since the release began. They cover the whole machine exactly, independent of the number of workers.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from launchready.metrics.export import ACTIVE, ACTIVE_HELP, BOUNDS, HELP, NAME, Point, active, explicit, points
from launchready.metrics.export.exponential import exponential
from launchready.metrics.ledger import Ledger

EVERY = 60.0
"""Seconds between two exports."""


class Exporter(Protocol):
    """An OpenTelemetry MetricExporter: console, OTLP over HTTP or gRPC, or the app's own."""

    def export(self, metrics_data: Any, timeout_millis: float = ..., **more: Any) -> Any: ...


def due(ledger: Ledger, now: float, every: float = EVERY) -> bool:
    """Whether this worker exports now; true once in ``every`` per machine. Call within ``writing()``."""
    done = ledger.db.execute(
        "INSERT INTO meta VALUES ('exported', ?1) ON CONFLICT DO UPDATE SET value = ?1 WHERE value <= ?2",
        (now, now - every),
    )
    return done.rowcount == 1


def data(ledger: Ledger, now: float, exporter: object = None) -> Any:
    """A MetricsData with one resource per release, because ``service.version`` is a resource attribute.

    Histograms are exponential if the exporter prefers them, as OTLP's does with
    OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION=base2_exponential_bucket_histogram.
    """
    from opentelemetry.sdk.metrics import Histogram  # noqa: PLC0415 - 40 ms
    from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics  # noqa: PLC0415
    from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415

    preferred = getattr(exporter, "_preferred_aggregation", None) or {}
    made = _exponential if isinstance(preferred.get(Histogram), ExponentialBucketHistogramAggregation) else _explicit
    releases: dict[str, list[Point]] = {}
    for point in points(ledger):
        releases.setdefault(point.release, []).append(point)
    resources = []
    for release, found in releases.items():
        metrics = [made(found, int(now * 1e9))]
        if found is releases[next(reversed(releases))]:  # the newest release: a gauge describes the present
            metrics.append(_active(active(ledger, now), int(found[0].began * 1e9), int(now * 1e9)))
        scope = ScopeMetrics(InstrumentationScope("launchready"), metrics, "")
        resources.append(ResourceMetrics(Resource({"service.version": release}), [scope], ""))
    return MetricsData(resources)


UNKNOWN: Any = None  # optional in OTLP and not measured


def _explicit(found: list[Point], now: int) -> Any:
    from opentelemetry.sdk.metrics.export import (  # noqa: PLC0415
        AggregationTemporality,
        Histogram,
        HistogramDataPoint,
        Metric,
    )

    made = [
        HistogramDataPoint(
            attributes=dict(point.attributes),
            start_time_unix_nano=int(point.began * 1e9),
            time_unix_nano=now,
            count=point.requests,
            sum=point.seconds,
            bucket_counts=explicit(point.durations),
            explicit_bounds=list(BOUNDS),
            min=UNKNOWN,
            max=UNKNOWN,
        )
        for point in found
    ]
    return Metric(NAME, HELP, "s", Histogram(made, AggregationTemporality.CUMULATIVE))


def _exponential(found: list[Point], now: int) -> Any:
    from opentelemetry.sdk.metrics.export import (  # noqa: PLC0415
        AggregationTemporality,
        Buckets,
        ExponentialHistogram,
        ExponentialHistogramDataPoint,
        Metric,
    )

    made = []
    for point in found:
        scale, offset, counts = exponential(point.durations)
        made.append(
            ExponentialHistogramDataPoint(
                attributes=dict(point.attributes),
                start_time_unix_nano=int(point.began * 1e9),
                time_unix_nano=now,
                count=point.requests,
                sum=point.seconds,
                scale=scale,
                zero_count=0,
                positive=Buckets(offset, counts),
                negative=Buckets(0, []),
                flags=0,
                min=UNKNOWN,
                max=UNKNOWN,
            )
        )
    return Metric(NAME, HELP, "s", ExponentialHistogram(made, AggregationTemporality.CUMULATIVE))


def _active(found: Mapping[tuple[str, str], int], began: int, now: int) -> Any:
    from opentelemetry.sdk.metrics.export import AggregationTemporality, Metric, NumberDataPoint, Sum  # noqa: PLC0415

    made = [
        NumberDataPoint({"http.request.method": method, "url.scheme": scheme}, began, now, count)
        for (method, scheme), count in found.items()
    ]
    return Metric(ACTIVE, ACTIVE_HELP, "{request}", Sum(made, AggregationTemporality.CUMULATIVE, is_monotonic=False))
