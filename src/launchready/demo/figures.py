"""What launchready itself measured in the app of the demo: the numbers of its dashboard, read from outside."""

import re
import time
from pathlib import Path

from launchready.metrics.collector import MetricsCollector
from launchready.metrics.status import status
from launchready.metrics.timing import Timings

_NAME = re.compile(r"\{\w+\}")


def p95_by_route(home: Path) -> dict[str, float]:
    """Seconds by "GET /coaches/{id}", of all workers; only where there were enough requests to say."""
    keeper = MetricsCollector(Timings("demo"), home / "launchready.metrics.db")
    try:
        rows = status(keeper, lambda *_: None, time.time())["routes"]
    finally:
        keeper.close()
    return {f"{row['method']} {_NAME.sub('{id}', row['route'])}": row["p95"] for row in rows if row["p95"] is not None}
