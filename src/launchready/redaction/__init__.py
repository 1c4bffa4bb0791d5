"""Redaction, attached to a running process: every log record, whatever the logger, handler or formatter.

::

    import launchready

    launchready.redaction.install()

The middleware does the same when its ``redaction`` is on. What it covers: messages, arguments, ``extra``, exceptions
with their causes and contexts, ``stack_info``; the access logs of uvicorn and gunicorn; warnings and uncaught
exceptions on stderr. ``StructlogProcessor`` and ``LoguruPatcher`` do it for loggers that make no log records,
``OTelSpanProcessor`` and ``OTelLogRecordProcessor`` for what OpenTelemetry exports. ``scan`` reads a log that is
already written.

Not covered: ``print``; local variables that a formatter reads from the frames of a traceback; a record factory that is
set later and does not call the one before it (call ``install()`` again after it).
"""

import logging
import threading
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from launchready.core.redact import Redactor
from launchready.redaction import hooks
from launchready.redaction.processors import LoguruPatcher, StructlogProcessor
from launchready.redaction.record import current, redacted, set_current, unreadable
from launchready.redaction.scan import Logged, scan

if TYPE_CHECKING:
    from launchready.redaction.otel import OTelLogRecordProcessor, OTelSpanProcessor

Factory = Callable[..., logging.LogRecord]

_lock = threading.Lock()
_chained: list[Factory] = []
_thread = threading.local()


def install(redactor: Redactor | None = None, *, stderr: bool = True) -> None:
    """Redacts every log record made from now on, by the process's record factory.

    - May be called any number of times: one factory a process; a redactor that is given takes the place of the last.
    - Whatever factory was set before goes on making the records.
    - A record that cannot be redacted is replaced by a line that says so; no exception of ours reaches the app.
    - ``stderr=False`` leaves warnings and uncaught exceptions as they are.
    """
    with _lock:
        if redactor is not None:
            set_current(redactor)
        if stderr:
            hooks.install()
        before = logging.getLogRecordFactory()
        if before is _factory:
            return
        _chained.append(before)
        logging.setLogRecordFactory(_factory)


def uninstall() -> None:
    """Puts back the factory and the hooks that were there before. Records that were made stay redacted."""
    with _lock:
        if logging.getLogRecordFactory() is _factory and _chained:
            logging.setLogRecordFactory(_chained[-1])
        _chained.clear()
        set_current(Redactor())
        hooks.uninstall()


def installed() -> bool:
    """Whether records are redacted now."""
    return bool(_chained)


def _factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
    if not _chained:  # a later factory still calls us after uninstall()
        return logging.LogRecord(*args, **kwargs)
    if getattr(_thread, "inside", False):  # a factory that was set after ours, and calls it
        return _chained[0](*args, **kwargs)
    _thread.inside = True
    try:
        return redacted(_chained[-1](*args, **kwargs), current())
    except Exception:  # fail closed: a marker, never the raw record, never an exception into the app
        return unreadable(*(*args, "", "", "", "")[:4])
    finally:
        _thread.inside = False


def __getattr__(name: str) -> Any:
    if name in {"OTelLogRecordProcessor", "OTelSpanProcessor"}:  # OpenTelemetry is loaded by those who use it
        return getattr(import_module("launchready.redaction.otel"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "Logged", "LoguruPatcher", "OTelLogRecordProcessor", "OTelSpanProcessor", "Redactor", "StructlogProcessor",
    "current", "install", "installed", "scan", "uninstall",
]  # fmt: skip
