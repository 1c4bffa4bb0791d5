"""Loggers that make no log records: a structlog processor and a loguru patcher. Neither package is imported.

::

    structlog.configure(processors=[..., StructlogProcessor(), structlog.processors.JSONRenderer()])
    loguru.logger.configure(patcher=LoguruPatcher())
"""

import copy
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

from launchready.redaction.log_record import current_redactor
from launchready.redaction.text import Redactor
from launchready.redaction.text.markers import UNREADABLE


class StructlogProcessor:
    """Place it last before the renderer, so that it also redacts what earlier processors add to the event."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor

    def __call__(self, logger: object, method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Return the redacted event: a copy if something changed."""
        del logger, method
        event = dict(event_dict)
        if event.get("exc_info") is True and sys.exc_info()[1] is not None:
            event["exc_info"] = sys.exc_info()  # a later processor would fetch and print the raw exception
        cleaned: Any = (self._redactor or current_redactor())(event)
        return cleaned if isinstance(cleaned, dict) else {"event": UNREADABLE}


class LoguruPatcher:
    """Redacts the record before loguru passes it to its sinks: message, extra, exception.

    The traceback frames become text of the message. A sink with ``diagnose=True``, the default of loguru, would
    otherwise write the local variables of each frame, and redaction could not see them first.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor

    def __call__(self, record: MutableMapping[str, Any]) -> None:
        """Redact the record in place; loguru made it for this call."""
        redactor = self._redactor or current_redactor()
        record["message"] = redactor(str(record.get("message", "")))
        extra: Any = redactor(dict(record.get("extra") or {}))
        record["extra"] = extra if isinstance(extra, dict) else {}
        held = record.get("exception")
        if held is not None and isinstance(held.value, BaseException):
            clean: Any = redactor(held.value)
            clean = clean if isinstance(clean, BaseException) else Exception(UNREADABLE)
            if held.traceback is not None:
                record["message"] += _format_frames(held.value, redactor)
                clean = _without_traceback(clean)
            record["exception"] = held._replace(value=clean, traceback=None)


def _format_frames(error: BaseException, redactor: Redactor) -> str:
    """Return the traceback with its chain, without the last line, which loguru writes itself."""
    whole = redactor("".join(traceback.format_exception(error)))
    return "\n" + whole.removesuffix(redactor("".join(traceback.format_exception_only(error)))).rstrip()


def _without_traceback(error: BaseException) -> BaseException:
    """Copy the exception without traceback and chain; the raised exception stays as it is."""
    try:
        return copy.copy(error)
    except Exception:  # a class whose copies need more than its arguments
        return Exception(f"{type(error).__name__}: {error}")
