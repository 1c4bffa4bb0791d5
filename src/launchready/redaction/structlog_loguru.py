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
    """Stands last before the renderer: what the processors before it have put into the event is redacted, too."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor

    def __call__(self, logger: object, method: str, event_dict: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """The event, redacted: a copy where something changed."""
        del logger, method
        event = dict(event_dict)
        if event.get("exc_info") is True and sys.exc_info()[1] is not None:
            event["exc_info"] = sys.exc_info()  # a processor after this one would ask for it, and print it as it is
        cleaned: Any = (self._redactor or current_redactor())(event)
        return cleaned if isinstance(cleaned, dict) else {"event": UNREADABLE}


class LoguruPatcher:
    """Rewrites the record that loguru is about to hand to its sinks: message, extra, exception.

    The frames of a traceback become text of the message: a sink with ``diagnose=True``, which is loguru's default,
    would write the local variables of each, and nothing of ours sees them before they are written.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor

    def __call__(self, record: MutableMapping[str, Any]) -> None:
        """The record is loguru's own, made for this call, and handed over to be changed."""
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
    """The traceback with its chain, without the line that loguru itself writes after it."""
    whole = redactor("".join(traceback.format_exception(error)))
    return "\n" + whole.removesuffix(redactor("".join(traceback.format_exception_only(error)))).rstrip()


def _without_traceback(error: BaseException) -> BaseException:
    """A copy without its traceback and chain: what was raised stays as it is."""
    try:
        return copy.copy(error)
    except Exception:  # a class whose copies need more than its arguments
        return Exception(f"{type(error).__name__}: {error}")
