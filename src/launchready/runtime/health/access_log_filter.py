"""Hides successful health probes in the access log: every load balancer sends one every few seconds.

A filter on the loggers of the servers. It searches the formatted line for the quoted request and the status after it,
in the format of any server. Failed probes are logged as usual.
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
    """Hide successful probes of these paths, for the whole process."""
    _FILTER.paths.update(paths)
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)
