"""What the cache alone costs: a hit and a miss of 2 KB beside starlette-caches, and memory over many URLs.

    python benchmarks/cache.py [--rounds 61] [--requests 100] [--urls 1000000]

In one process and without sockets, contenders interleaved in a new order each round; a ratio compares two blocks of one
round, in CPU time. ``--urls`` asks for so many distinct URLs and shows what the process holds on the way. How to read
the figures: README.md.
"""

import argparse
import asyncio
import random
import resource
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from measuring import Requests, answer, block

BODY = b"x" * 2048
HIT = ("GET", "/coaches?page=7")
MISS = ("GET", "/coaches?page=%d")


def bare():
    from starlette.applications import Starlette
    from starlette.responses import Response
    from starlette.routing import Route

    async def coaches(request):
        return Response(BODY, media_type="text/plain", headers={"cache-control": "max-age=3600"})

    return Starlette(routes=[Route("/coaches", coaches)])


def launchready(*, cached=True):
    from launchready.asgi import LaunchReadyMiddleware
    from launchready.settings.cache import Cache

    return LaunchReadyMiddleware(
        bare(), cache=Cache() if cached else None, timing=None, health=None, redaction=None, store="memory://"
    )


def without():
    return launchready(cached=False)


def starlette_caches():
    from aiocache import Cache
    from starlette_caches.middleware import CacheMiddleware

    return CacheMiddleware(bare(), cache=Cache(Cache.MEMORY, ttl=3600))


CONTENDERS = {
    "bare": bare, "launchready, cache off": without, "launchready": launchready, "starlette-caches": starlette_caches,
}  # fmt: skip


async def measure(kind, rounds, count):
    """CPU seconds by contender, one figure a round."""
    apps = {}
    for name, build in CONTENDERS.items():
        try:
            apps[name] = build(), Requests(*kind)
        except ImportError as missing:
            print(f"{name}: left out, {missing}")
    for app, requests in apps.values():
        status, _, body = await answer(app, requests)
        assert (status, body) == (200, BODY)
        await block(app, requests, 50)
    seconds = {name: [] for name in apps}
    for _ in range(rounds):
        for name in random.sample(list(apps), len(apps)):
            seconds[name].append(await block(*apps[name], count))
    return seconds


def ratio(seconds, one, other):
    """The median of paired ratios, with the 10th and the 90th percentile."""
    pairs = sorted(a / b for a, b in zip(seconds[one], seconds[other], strict=True))
    tenth = len(pairs) // 10
    return f"{statistics.median(pairs):.3f} [{pairs[tenth]:.3f}-{pairs[-1 - tenth]:.3f}]"


def show(title, seconds, count):
    print(f"\n{title}: CPU us a request, median of {len(seconds['bare'])} rounds of {count}")
    for name, times in seconds.items():
        print(f"  {name:24} {statistics.median(times) / count * 1e6:8.2f}")


async def distinct(urls):
    """What the process holds while so many URLs are asked for once."""
    app, requests = launchready(), Requests(*MISS)
    print(f"\nDistinct URLs of {len(BODY)} bytes: peak resident MB")
    for part in range(10):
        await block(app, requests, 0)
        for _ in range(urls // 10_000):
            await block(app, requests, 1000)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"  {(part + 1) * urls // 10:9} {peak:8.1f}")


async def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=61)
    options.add_argument("--requests", type=int, default=100)
    options.add_argument("--urls", type=int, default=0)
    given = options.parse_args()
    hits = await measure(HIT, given.rounds, given.requests)
    show("Hit", hits, given.requests)
    if "starlette-caches" in hits:
        print(f"  launchready / starlette-caches: {ratio(hits, 'launchready', 'starlette-caches')}")
    misses = await measure(MISS, given.rounds, given.requests)
    show("Miss", misses, given.requests)
    paired = zip(misses["launchready"], misses["launchready, cache off"], strict=True)
    added = sorted((a - b) / given.requests * 1e6 for a, b in paired)
    tenth = len(added) // 10
    print(f"  added by the cache: {statistics.median(added):.2f} us [{added[tenth]:.2f}-{added[-1 - tenth]:.2f}]")
    if given.urls:
        await distinct(given.urls)


if __name__ == "__main__":
    asyncio.run(main())
