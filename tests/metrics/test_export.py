"""Exports: Prometheus's own parser reads the text, and an OTLP server receives the points."""

import http.server
import math
import random
import threading

import pytest

from faces.apps import FACES, Calls
from launchready.errors import ConfigError
from launchready.metrics.collector import MetricsCollector
from launchready.metrics.export import BOUNDS
from launchready.metrics.export.otel import data
from launchready.metrics.export.prometheus import text
from launchready.metrics.timing import ANSWERED_EARLY, Timings
from launchready.settings.timing import Timing

TOKEN = "".join(reversed("nekot-gnol-yrev-a"))


class Clock:
    now = 1_800_000_000.0

    def wall(self):
        return self.now

    monotonic = wall


def measured(path=None):
    collector = MetricsCollector(Timings('r"1\\'), path, Clock())
    for _ in range(3):
        collector.timings.record("GET", "/a", 200, 0.1)
    collector.timings.record("GET", "/a", 200, 0.0001, ANSWERED_EARLY)
    collector.timings.record("GET", "/a", 200, 30.0, "stream")
    collector.timings.record("GET", "/a", 200, 30.0, "websocket")
    collector.timings.record("GET", None, 404, 0.004)
    collector.timings.record("POST", "/b", 500, 0.7, "error:KeyError")
    collector.timings.record("POST", "/b", 503, 0.7)
    return collector


def families(said):
    from prometheus_client.parser import text_string_to_metric_families

    return list(text_string_to_metric_families(said))


def test_prometheus():
    """Consistent buckets, escaped labels of the conventions, and running requests."""
    collector = measured()
    collector.timings.begun["GET", "http"] += 7  # five ended
    collector.timings.begun["HACK", "gopher"] += 1
    with collector.reading() as ledger:
        family, running = families(text(ledger, Clock.now))
        later = families(text(ledger, Clock.now + 4))[1]
    assert (family.name, family.type) == ("http_server_request_duration_seconds", "histogram")
    counts = {
        (sample.labels.get("http_route"), sample.labels["http_response_status_code"], sample.labels.get("error_type")): sample.value
        for sample in family.samples if sample.name.endswith("_count")
    }  # fmt: skip
    assert counts == {
        ("/a", "200", None): 5,
        (None, "404", None): 1,
        ("/b", "500", "KeyError"): 1,
        ("/b", "503", "503"): 1,
    }
    assert {sample.labels["url_scheme"] for sample in family.samples} == {"http"}
    assert (running.name, running.type) == ("http_server_active_requests", "gauge")
    active = {
        (sample.labels["http_request_method"], sample.labels["url_scheme"]): sample.value for sample in running.samples
    }
    assert active == {("GET", "http"): 1, ("POST", "http"): 0, ("_OTHER", "http"): 1}
    assert {sample.value for sample in later.samples} == {0}  # a process that says nothing any more runs nothing
    assert {sample.labels["service_version"] for sample in family.samples} == {'r"1\\'}
    buckets = {
        float(sample.labels["le"]): sample.value
        for sample in family.samples if sample.name.endswith("_bucket") and sample.labels.get("http_route") == "/a"
    }  # fmt: skip
    assert (buckets[0.005], buckets[0.075], buckets[0.1], buckets[10.0], buckets[float("inf")]) == (1, 1, 4, 4, 5)


class Collector(http.server.BaseHTTPRequestHandler):
    """Accepts OTLP over HTTP."""

    def do_POST(self):
        self.server.got.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


def test_otlp(tmp_path):
    """Once a minute by one of two workers: seconds, conventional boundaries and names, the release as a resource."""
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.got = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    exporter = OTLPMetricExporter(f"http://127.0.0.1:{server.server_port}/v1/metrics")
    workers = [measured(tmp_path / "m.db") for _ in range(2)]
    try:
        for worker in workers:
            worker.flush()
        for worker in workers:
            worker.exporter = exporter
            worker.export()
            worker.export()
        assert len(server.got) == 1
        for worker in workers:
            worker._clock.now += 61
        workers[1].export()
        assert len(server.got) == 2
    finally:
        exporter.shutdown()
        server.shutdown()
        thread.join()
        server.server_close()
        for worker in workers:
            worker.exporter = None
            worker.close()
    path, body = server.got[-1]
    assert path == "/v1/metrics"
    sent = ExportMetricsServiceRequest.FromString(body)
    (resource,) = sent.resource_metrics
    assert {each.key: each.value.string_value for each in resource.resource.attributes}["service.version"] == 'r"1\\'
    metric, running = resource.scope_metrics[0].metrics
    assert (running.name, running.unit) == ("http.server.active_requests", "{request}")
    assert not running.sum.is_monotonic
    assert (metric.name, metric.unit) == ("http.server.request.duration", "s")
    by_route = {each.value.string_value: point for point in metric.histogram.data_points
                for each in point.attributes if each.key == "http.route"}  # fmt: skip
    assert by_route["/a"].count == 10  # both workers
    assert tuple(by_route["/a"].explicit_bounds) == BOUNDS
    assert sum(by_route["/a"].bucket_counts) == 10
    assert by_route["/a"].sum == pytest.approx(2 * (0.3 + 0.0001 + 30))


@pytest.mark.parametrize(("low", "high"), [(0.01, 0.4), (0.00001, 900.0), (0.1, 0.1)])
def test_exponential(low, high):
    """At most 160 buckets, and each value within 1 % of its bucket."""
    from opentelemetry.sdk.metrics import Histogram
    from opentelemetry.sdk.metrics.export import ConsoleMetricExporter
    from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation

    exporter = ConsoleMetricExporter(preferred_aggregation={Histogram: ExponentialBucketHistogramAggregation()})
    draw, collector = random.Random(4), MetricsCollector(Timings("r1"), None, Clock())
    values = [low, high, *(math.exp(draw.uniform(math.log(low), math.log(high))) for _ in range(500))]
    for value in values:
        collector.timings.record("GET", "/a", 200, value, "", None, "https")
    with collector.reading() as ledger:
        metric = data(ledger, Clock.now, exporter).resource_metrics[0].scope_metrics[0].metrics[0]
    (point,) = metric.data.data_points
    assert point.attributes["url.scheme"] == "https"
    assert (point.count, sum(point.positive.bucket_counts)) == (502, 502)
    assert len(point.positive.bucket_counts) <= 160
    base = 2.0 ** (2.0**-point.scale)
    below = 0
    for place, count in enumerate(point.positive.bucket_counts, point.positive.offset):
        lowest, highest = base**place / 1.0101, base ** (place + 1) * 1.0101
        assert sum(value <= lowest for value in values) <= below + count
        below += count
        assert below <= sum(value <= highest for value in values)


def test_an_exporter_that_fails(caplog):
    """The failure is logged once."""

    class Broken:
        def export(self, metrics_data, timeout_millis=0.0, **more):
            raise OSError("secret")

    collector = measured()
    collector.exporter = Broken()
    for _ in range(3):
        collector.export()
        collector._clock.now += 61
    assert [record.getMessage() for record in caplog.records] == ["cannot export measurements: OSError"]


@pytest.mark.parametrize("face", FACES)
def test_the_path(face):
    """200 with the token, 404 without."""
    call = FACES[face](Calls())(timing=Timing(metrics="/metrics", metrics_token=TOKEN))
    call("GET", "/plain")
    assert call("GET", "/metrics").status == 404
    assert call("GET", "/metrics", [("Authorization", "Bearer x")]).status == 404
    answer = call("GET", "/metrics", [("Authorization", f"Bearer {TOKEN}")])
    assert answer.get("content-type").startswith("text/plain; version=0.0.4")
    family, running = families(answer.body.decode())
    assert {sample.labels["url_scheme"] for sample in family.samples} == {"https"}
    assert {sample.value for sample in running.samples} == {0}  # this one is not measured, the one before has ended


@pytest.mark.parametrize(
    ("timing", "words"),
    [
        (Timing(metrics="/metrics"), "metrics_token"),
        (Timing(metrics="metrics", metrics_token=TOKEN), '"/metrics"'),
        (Timing(exporter=object()), "MetricExporter"),
    ],
)
def test_mistakes(timing, words):
    """Mistakes raise with an example."""
    from launchready.asgi import LaunchReadyMiddleware

    with pytest.raises(ConfigError, match=words):
        LaunchReadyMiddleware(None, timing=timing)
