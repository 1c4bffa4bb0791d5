"""The Prometheus text exposition format, version 0.0.4: a histogram and a gauge of all workers."""

from launchready.metrics.export import ACTIVE_HELP, BOUNDS, HELP, Point, active, explicit, points
from launchready.metrics.ledger import Ledger

TYPE = b"text/plain; version=0.0.4; charset=utf-8"
METRIC, ACTIVE = "http_server_request_duration_seconds", "http_server_active_requests"


def text(ledger: Ledger, now: float) -> str:
    lines = [f"# HELP {METRIC} {HELP}", f"# TYPE {METRIC} histogram"]
    for point in points(ledger):
        lines += _lines(point)
    lines += [f"# HELP {ACTIVE} {ACTIVE_HELP}", f"# TYPE {ACTIVE} gauge"]
    for (method, scheme), count in active(ledger, now).items():
        lines.append(f'{ACTIVE}{{http_request_method="{method}",url_scheme="{scheme}"}} {count}')
    return "\n".join(lines) + "\n"


def _lines(point: Point) -> list[str]:
    given = {**point.attributes, "service.version": point.release}
    labels = ",".join(f'{key.replace(".", "_")}="{_escape(value)}"' for key, value in given.items())
    lines, reached = [], 0
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), explicit(point.durations), strict=True):
        reached += count
        lines.append(f'{METRIC}_bucket{{{labels},le="{bound}"}} {reached}')
    return [*lines, f"{METRIC}_sum{{{labels}}} {point.seconds}", f"{METRIC}_count{{{labels}}} {point.requests}"]


def _escape(value: object) -> str:
    return str(value).replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
