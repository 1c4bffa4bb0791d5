"""What measuring costs a request, beside the usual peers, and what a hung database costs a probe. One run, one process.

    python benchmarks/timing.py [--rounds 101] [--requests 50]

A bare Starlette route against itself with one layer more. "added" is the median of paired differences in CPU
microseconds: in every round each contender and the bare app answer one block, in a new order. In brackets the 10th and
the 90th percentile: where they lie far apart the machine was busy. What launchready's timing costs is the difference of
its layer with timing and without, in the same rounds; the layer itself serves the other features as well.
"""

import argparse
import asyncio
import random
import statistics
import threading
import time

from contenders import Runs, bare, otel_asgi
from launchready.exchange.app import RunChecks
from launchready.runtime.health.checks import HealthCheckRunner
from measuring import Requests, block

NOTHING = {"timing": None, "health": None, "redaction": None}


def launchready_with(**settings):
    from launchready.fastapi import LaunchReadyMiddleware

    app = bare("starlette", Runs())
    app.add_middleware(LaunchReadyMiddleware, **{**NOTHING, **settings})
    return app


def instrumentator():
    from prometheus_client import CollectorRegistry
    from prometheus_fastapi_instrumentator import Instrumentator

    app = bare("starlette", Runs())
    Instrumentator(registry=CollectorRegistry()).instrument(app)
    return app


def contenders():
    from launchready.settings.timing import Timing

    made = {"launchready, timing off": launchready_with(), "launchready, timing on": launchready_with(timing=Timing())}
    for name, build in (
        ("prometheus-fastapi-instrumentator", instrumentator),
        ("opentelemetry-instrumentation-asgi", lambda: otel_asgi("starlette", Runs(), "get")),
    ):
        try:
            made[name] = build()
        except ImportError as error:
            print(f"left out: {name} ({error})")
    return made


async def costs(rounds, count):
    """Added microseconds of each round, by contender; and of timing alone."""
    apps = {"bare": bare("starlette", Runs()), **contenders()}
    asked = Requests("GET", "/coaches?page=%d")
    for app in apps.values():
        await block(app, asked, 200)
    added = {name: [] for name in apps if name != "bare"}
    added["launchready's timing alone"] = []
    order = list(apps)
    for _ in range(rounds):
        random.shuffle(order)
        took = {name: await block(apps[name], asked, count) / count * 1e6 for name in order}
        for name in apps:
            if name != "bare":
                added[name].append(took[name] - took["bare"])
        added["launchready's timing alone"].append(took["launchready, timing on"] - took["launchready, timing off"])
    return added


async def storm(count=100):
    """Milliseconds that each of so many probes of a hung database waited, and how often the check ran."""
    free, ran = threading.Event(), []
    probes = HealthCheckRunner({"database": lambda: (ran.append(1), free.wait(20))})

    async def probe():
        started = time.perf_counter()
        await probes.arun(RunChecks())
        return (time.perf_counter() - started) * 1000

    waited = sorted(await asyncio.gather(*(probe() for _ in range(count))))
    free.set()
    return waited, len(ran)


def main():
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--rounds", type=int, default=101)
    words.add_argument("--requests", type=int, default=50)
    args = words.parse_args()
    for name, values in asyncio.run(costs(args.rounds, args.requests)).items():
        values.sort()
        low, high = values[len(values) // 10], values[len(values) * 9 // 10]
        print(f"{name:<36} +{statistics.median(values):6.1f} us [{low:.1f} .. {high:.1f}]")
    waited, runs = asyncio.run(storm())
    print(f"100 probes of a hung database: {runs} run, p50 {waited[49]:.1f} ms, p99 {waited[98]:.1f} ms, "
          f"at most {waited[99]:.1f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
