"""Redaction of a running process: every log record, whatever its logger, handler or formatter.

::

    import launchready

    launchready.redaction.install()

The middleware does the same if its ``redaction`` is on. Covered are messages, arguments, ``extra``, exceptions with
their causes and contexts, ``stack_info``, the access logs of uvicorn and gunicorn, warnings, and uncaught exceptions on
stderr. ``StructlogProcessor`` and ``LoguruPatcher`` serve loggers that make no log records; ``OTelSpanProcessor`` and
``OTelLogRecordProcessor`` serve OpenTelemetry exports. ``scan`` reads an existing log.

Not covered are ``print``, local variables that a formatter reads from the frames of a traceback, and a record made by
hand and passed directly to a handler.
"""

import logging
import threading
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from launchready.redaction import process_hooks
from launchready.redaction.log_record import (
    RedactedRecordMixin,
    current_redactor,
    failure_record,
    redact_record,
    set_current_redactor,
)
from launchready.redaction.log_scan import LogLeak, scan
from launchready.redaction.structlog_loguru import LoguruPatcher, StructlogProcessor
from launchready.redaction.text import Redactor

if TYPE_CHECKING:
    from launchready.redaction.otel import OTelLogRecordProcessor, OTelSpanProcessor

Factory = Callable[..., logging.LogRecord]

_lock = threading.Lock()
_original_factories: list[Factory] = []
_original_handle: list[Callable[[logging.Logger, logging.LogRecord], object]] = [logging.Logger.handle]
_thread = threading.local()


def install(redactor: Redactor | None = None, *, stderr: bool = True) -> None:
    """Redact every log record from now on, when the record factory makes it or when a logger handles it.

    - Call it as often as you like: a process has one factory, and a new ``redactor`` replaces the last one.
    - The factory set before keeps making the records. Records of a factory set later, and records made by hand, are
      redacted in ``Logger.handle``, before any filter or handler of the logger sees them.
    - A line that says so replaces a record that cannot be redacted. No exception of ours reaches the app.
    - ``stderr=False`` leaves warnings and uncaught exceptions alone.
    """
    with _lock:
        if redactor is not None:
            set_current_redactor(redactor)
        if stderr:
            process_hooks.install()
        if logging.Logger.handle is not _handle:
            _original_handle[:] = [logging.Logger.handle]
            logging.Logger.handle = _handle  # type: ignore[assignment]  # the one door that every record goes through
        before = logging.getLogRecordFactory()
        if before is _factory:
            return
        current_redactor()("compiled now, and not by the first line under load")
        _original_factories.append(before)
        logging.setLogRecordFactory(_factory)


def uninstall() -> None:
    """Restore the previous factory and hooks. Records made before stay redacted."""
    with _lock:
        if logging.getLogRecordFactory() is _factory and _original_factories:
            logging.setLogRecordFactory(_original_factories[-1])
        if logging.Logger.handle is _handle:
            logging.Logger.handle = _original_handle[0]  # type: ignore[assignment]  # as it was
        _original_factories.clear()
        set_current_redactor(Redactor())
        process_hooks.uninstall()


def installed() -> bool:
    """Whether records are redacted now."""
    return bool(_original_factories)


def _factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
    if not _original_factories:  # a later factory still calls ours after uninstall()
        return logging.LogRecord(*args, **kwargs)
    if getattr(_thread, "inside", False):  # a factory set after ours calls it
        return _original_factories[0](*args, **kwargs)
    _thread.inside = True
    try:
        return redact_record(_original_factories[-1](*args, **kwargs), current_redactor())
    except Exception:  # fail closed: a marker, never the raw record, never an exception into the app
        return failure_record(*(*args, "", "", "", "")[:4])
    finally:
        _thread.inside = False


def _handle(logger: logging.Logger, record: logging.LogRecord) -> None:
    if _original_factories and not isinstance(record, RedactedRecordMixin):
        try:
            record = redact_record(record, current_redactor())
        except Exception:  # as in the factory
            record = failure_record(record.name, record.levelno, record.pathname, record.lineno)
    _original_handle[0](logger, record)


def __getattr__(name: str) -> Any:
    if name in {"OTelLogRecordProcessor", "OTelSpanProcessor"}:  # load OpenTelemetry only for its users
        return getattr(import_module("launchready.redaction.otel"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "LogLeak", "LoguruPatcher", "OTelLogRecordProcessor", "OTelSpanProcessor", "Redactor", "StructlogProcessor",
    "current_redactor", "install", "installed", "scan", "uninstall",
]  # fmt: skip
