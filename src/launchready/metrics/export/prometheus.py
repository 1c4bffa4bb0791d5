"""The text exposition format, version 0.0.4: one histogram, whatever was measured by whichever worker."""

from launchready.metrics.export import BOUNDS, HELP, Point, points
from launchready.metrics.ledger import Ledger

TYPE = b"text/plain; version=0.0.4; charset=utf-8"
METRIC = "http_server_request_duration_seconds"


def text(ledger: Ledger) -> str:
    lines = [f"# HELP {METRIC} {HELP}", f"# TYPE {METRIC} histogram"]
    for point in points(ledger):
        lines += _lines(point)
    return "\n".join(lines) + "\n"


def _lines(point: Point) -> list[str]:
    given = {**point.attributes, "service.version": point.release}
    labels = ",".join(f'{key.replace(".", "_")}="{_escape(value)}"' for key, value in given.items())
    lines, reached = [], 0
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), point.counts, strict=True):
        reached += count
        lines.append(f'{METRIC}_bucket{{{labels},le="{bound}"}} {reached}')
    return [*lines, f"{METRIC}_sum{{{labels}}} {point.seconds}", f"{METRIC}_count{{{labels}}} {point.requests}"]


def _escape(value: object) -> str:
    return str(value).replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
