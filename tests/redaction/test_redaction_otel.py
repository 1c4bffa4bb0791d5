"""Exports of the OpenTelemetry SDK's own pipeline are redacted."""

import contextlib

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from launchready.redaction import OTelLogRecordProcessor, OTelSpanProcessor
from launchready.redaction.text import Redactor

MAIL = "jo.doe" + "@coach.example"
DSN = "postgresql://app:" + "hunter2x9" + "@db:5432/app"


class Broken(Redactor):
    """Fails on every value."""

    def __call__(self, value):
        raise RuntimeError("broken")


def exported(act, redactor=None, **options):
    """The span as the exporter got it."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False, **options)
    provider.add_span_processor(OTelSpanProcessor(SimpleSpanProcessor(exporter), redactor))
    act(provider.get_tracer("test"))
    assert provider.force_flush()
    provider.shutdown()
    (span,) = exporter.get_finished_spans()
    return span


def test_span_is_redacted():
    """Name, attributes, events, exceptions and status contain no secret; everything else stays."""

    def act(tracer):
        with contextlib.suppress(ConnectionError), tracer.start_as_current_span(f"mail {MAIL}") as span:
            span.set_attribute("http.request.header.authorization", ["Bearer aB3dE5gH7jK9mN1p"])
            span.set_attribute("url.full", f"https://x.example/reset?email={MAIL}&page=2")
            span.set_attribute("http.response.status_code", 200)
            span.add_event("sent", {"to": MAIL, "n": 1})
            raise ConnectionError(f"cannot reach {DSN}")

    span = exported(act)
    written = span.to_json()
    assert MAIL not in written
    assert "hunter2x9" not in written
    assert "aB3dE5gH7jK9mN1p" not in written
    assert span.name == "mail [email]"
    assert span.attributes["url.full"] == "https://x.example/reset?email=[email]&page=2"
    assert span.attributes["http.response.status_code"] == 200
    assert span.events[0].attributes == {"to": "[email]", "n": 1}
    assert span.events[1].attributes["exception.message"] == "cannot reach postgresql://app:[db_url]@db:5432/app"
    assert "[db_url]" in span.status.description
    assert span.start_time < span.end_time


def test_dropped_counts_are_kept():
    """The copy has the same count of dropped attributes as the span."""

    def act(tracer):
        tracer.start_span("x", attributes={"a": 1, "b": 2, "c": 3}).end()

    assert exported(act, span_limits=SpanLimits(max_attributes=2)).dropped_attributes == 1


def test_unreadable_span():
    """If redaction fails, the span keeps its identity and loses its content, and the app sees no exception."""
    span = exported(lambda tracer: tracer.start_span(MAIL, attributes={"to": MAIL}).end(), Broken())
    assert (span.name, dict(span.attributes)) == ("[redacted]", {})


@pytest.mark.parametrize("wrapped", [True, False], ids=["wrapping", "first in the line"])
def test_log_record_is_redacted(wrapped):
    """Body and attributes are redacted, whether the processor wraps the exporting one or is registered before it."""
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    simple = SimpleLogRecordProcessor(exporter)
    provider.add_log_record_processor(OTelLogRecordProcessor(simple if wrapped else None))
    if not wrapped:
        provider.add_log_record_processor(simple)
    provider.get_logger("test").emit(LogRecord(body=f"to {MAIL}", attributes={"password": "hunter2x9", "n": 1}))
    assert provider.force_flush()
    provider.shutdown()
    (written,) = exporter.get_finished_logs()
    assert written.log_record.body == "to [email]"
    assert dict(written.log_record.attributes) == {"password": "[password]", "n": 1}


def test_unreadable_log_record():
    """If redaction fails, a marker is exported."""
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(OTelLogRecordProcessor(SimpleLogRecordProcessor(exporter), Broken()))
    provider.get_logger("test").emit(LogRecord(body=f"to {MAIL}", attributes={"to": MAIL}))
    provider.shutdown()
    (written,) = exporter.get_finished_logs()
    assert (written.log_record.body, dict(written.log_record.attributes)) == ("[redacted]", {})
