"""Reads the p95 that launchready measured in the protected app, as its dashboard shows it."""

import re
import time
from pathlib import Path

from launchready.metrics.collector import MetricsCollector
from launchready.metrics.status import status
from launchready.metrics.timing import Timings

_NAME = re.compile(r"\{\w+\}")


def p95_by_route(home: Path) -> dict[str, float]:
    """Return seconds by "GET /coaches/{id}" over all workers. Routes with too few requests are left out."""
    keeper = MetricsCollector(Timings("demo"), home / "launchready.metrics.db")
    try:
        rows = status(keeper, lambda *_: None, time.time())["routes"]
    finally:
        keeper.close()
    return {f"{row['method']} {_NAME.sub('{id}', row['route'])}": row["p95"] for row in rows if row["p95"] is not None}
