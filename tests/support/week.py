"""A week of traffic in a ledger: four releases, forty routes, and a last release that makes one of them slower."""

import random

from launchready.metrics.collector import MetricsCollector
from launchready.metrics.timing import Timings

ROUTES = [("POST", "/bookings"), ("GET", "/coaches"), ("POST", "/login"), ("GET", "/me"), ("POST", "/payments"),
          *(("GET", f"/pages/{number}") for number in range(35))]  # fmt: skip
NEWEST = "f07e"


class Clock:
    def __init__(self, now):
        self.now = now

    def wall(self):
        return self.now

    monotonic = wall


def release(progress):
    return ["a1b2", "c3d4", "e5f6"][int(progress * 3)] if progress < 0.98 else NEWEST


def week(path, now, *, every=3600, days=7, slower="/payments", last_day=1200):
    """A closed ledger at ``path`` with ``days`` until ``now``, measured ``every`` so many seconds."""
    clock, draw, collector = Clock(now - days * 86_400), random.Random(5), None
    while clock.now < now:
        named = release(1 - (now - clock.now) / (days * 86_400))
        if collector is None or named != collector.timings.release:
            if collector is not None:
                collector.close()
            collector = MetricsCollector(Timings(named), path, clock)
            collector.ready = lambda: True
        for method, route in ROUTES:
            slow = 1.6 if named == NEWEST and route == slower else 1.0
            for _ in range(30 if route == slower else 6):
                status = 200 if draw.random() > 0.002 else 500
                collector.timings.record(method, route, status, slow * draw.lognormvariate(-2, 0.6))
        if draw.random() < 0.1:
            collector.enqueue(lambda ledger, at: ledger.signal("payment.failed", at, 1))
        collector.flush()
        clock.now += every if now - clock.now > 86_400 else min(every, last_day)
    collector.close()
