"""Probes that pass leave no line in the access log: one every few seconds from every load balancer hides all others.

A filter on the loggers of the servers. It reads the line as it is written, whatever the server's format, and looks for
the request in quotes and the status after it; a probe that fails is written as always.
"""

import logging
import re
from collections.abc import Iterable

LOGGERS = ("uvicorn.access", "gunicorn.access", "hypercorn.access", "werkzeug", "django.server")

_LINE = re.compile(r'"(?:GET|HEAD) (/[^ ?"]*)[^"]*" (\d)')


class _ProbeFilter(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self.paths: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        found = _LINE.search(record.getMessage())
        return found is None or found[2] != "2" or found[1] not in self.paths


_FILTER = _ProbeFilter()


def hide_successful_probes(paths: Iterable[str]) -> None:
    """From now on, for the whole process."""
    _FILTER.paths.update(paths)
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)
