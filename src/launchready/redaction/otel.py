"""OpenTelemetry processors: spans and log records leave the process redacted, whatever instrumentation made them.

::

    provider.add_span_processor(OTelSpanProcessor(BatchSpanProcessor(exporter)))
    logger_provider.add_log_record_processor(OTelLogRecordProcessor(BatchLogRecordProcessor(exporter)))

An ended span cannot be changed, so its processor passes a redacted copy to the processor that it wraps. A log record
can be changed, and all processors registered later see the change (OpenTelemetry specification, Logs SDK,
"ReadWriteLogRecord"). Wrap a log processor, or register this one first.
"""

from collections.abc import Mapping
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.sdk.trace import Event, ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import Link, Status

from launchready.redaction.log_record import current_redactor
from launchready.redaction.text import Redactor
from launchready.redaction.text.markers import UNREADABLE


class OTelSpanProcessor(SpanProcessor):
    """Passes a redacted copy of every ended span to ``wrapped``: name, attributes, events, links, status.

    A span that cannot be read is passed on with its identity and times only.
    """

    def __init__(self, wrapped: SpanProcessor, redactor: Redactor | None = None) -> None:
        self._wrapped = wrapped
        self._redactor = redactor

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self._wrapped.on_start(span, parent_context)

    def on_end(self, span: ReadableSpan) -> None:
        try:
            clean = _RedactedSpan(span, self._redactor or current_redactor())
        except Exception:  # fail closed, and raise nothing into the app
            clean = _RedactedSpan(span, None)
        self._wrapped.on_end(clean)

    def shutdown(self) -> None:
        self._wrapped.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._wrapped.force_flush(timeout_millis)


class _RedactedSpan(ReadableSpan):
    """A copy that keeps the numbers of attributes, events and links dropped by the SDK."""

    def __init__(self, span: ReadableSpan, redactor: Redactor | None) -> None:
        self._original = span
        said: dict[str, Any] = {"name": UNREADABLE} if redactor is None else _redacted_fields(span, redactor)
        super().__init__(
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            kind=span.kind,
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
            **said,
        )

    @property
    def dropped_attributes(self) -> int:
        return self._original.dropped_attributes

    @property
    def dropped_events(self) -> int:
        return self._original.dropped_events

    @property
    def dropped_links(self) -> int:
        return self._original.dropped_links


def _redacted_fields(span: ReadableSpan, redactor: Redactor) -> dict[str, Any]:
    announced = span.status.description
    return {
        "name": redactor(span.name),
        "attributes": _attributes(span.attributes, redactor),
        "events": [
            Event(redactor(event.name), _attributes(event.attributes, redactor), event.timestamp)
            for event in span.events
        ],
        "links": [Link(link.context, _attributes(link.attributes, redactor)) for link in span.links],
        "status": Status(span.status.status_code, redactor(announced)) if announced else span.status,
    }


def _attributes(attributes: Mapping[str, Any] | None, redactor: Redactor) -> dict[str, Any]:
    clean: Any = redactor(dict(attributes or {}))
    return clean if isinstance(clean, dict) else {"redacted": UNREADABLE}


class OTelLogRecordProcessor(LogRecordProcessor):
    """Redacts body, attributes and event name of every log record, and passes the record to ``wrapped`` if set."""

    def __init__(self, wrapped: LogRecordProcessor | None = None, redactor: Redactor | None = None) -> None:
        self._wrapped = wrapped
        self._redactor = redactor

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        record = log_record.log_record
        redactor = self._redactor or current_redactor()
        try:
            attributes = dict(record.attributes or {})
            clean: Any = redactor(attributes)
            body = redactor(record.body)
            name = redactor(record.event_name) if record.event_name else record.event_name
        except Exception:  # fail closed, and raise nothing into the app
            attributes, clean, body, name = dict.fromkeys(record.attributes or ()), {}, UNREADABLE, None
        record.body, record.event_name = body, name
        if clean is not attributes:
            record.attributes = clean if isinstance(clean, dict) else {"redacted": UNREADABLE}
        if self._wrapped is not None:
            self._wrapped.on_emit(log_record)

    def shutdown(self) -> None:
        if self._wrapped is not None:
            self._wrapped.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._wrapped is None or self._wrapped.force_flush(timeout_millis)
