"""What an idempotency key costs: a first use and a replay, in memory and in SQLite, beside the peers, in one run.

    pip install --require-hashes -r requirements/bench.txt
    python benchmarks/idempotency.py [--requests N] [--rounds N] [--json]

Goals: P4 (replay), P5 (durable first use) and P16 (round trips: tests/idempotency/test_round_trips.py). Contenders take
turns, in a new order each round, with the bare Starlette route; a ratio compares two blocks of one round. Each is first
checked: the handler ran once for a key, and the replay is the first answer. launchready has everything but idempotency
off; "signed" has a secret_key; "around the app" stands outside of Starlette, where ``add_middleware`` puts it inside of
Starlette's own layer. The floor is floor.py's: a lower bound, which takes the key as it comes and checks nothing.
Peers that are not installed are named and left out.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from statistics import mean, median, quantiles
from time import perf_counter

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "src")]

from starlette.applications import Starlette  # noqa: E402
from starlette.responses import JSONResponse  # noqa: E402
from starlette.routing import Route  # noqa: E402

from floor import Floor  # noqa: E402 - its folder was named above
from measuring import BODY, ORIGIN, Requests, answer, block, usual_frames  # noqa: E402

SECRET = sha256(b"benchmark").hexdigest()


def shop(*middleware):
    runs = []

    async def book(request):
        await request.body()
        runs.append(1)
        return JSONResponse({"booking": len(runs)}, 201)

    app = Starlette(routes=[Route("/bookings", book, methods=["POST"])])
    for kind, options in middleware:
        app.add_middleware(kind, **options)
    return app, runs


def ours(folder, store, secret=None):
    from launchready.fastapi import Idempotency, LaunchReadyMiddleware

    off = dict.fromkeys(("timing", "health", "redaction"))
    url = "memory://" if store == "memory" else f"sqlite:///{folder}/{os.urandom(4).hex()}.db"
    return shop((LaunchReadyMiddleware, {"store": url, "secret_key": secret, "idempotency": Idempotency(), **off}))


def around():
    from launchready.asgi import Idempotency, LaunchReadyMiddleware

    app, runs = shop()
    off = dict.fromkeys(("timing", "health", "redaction"))
    return LaunchReadyMiddleware(app, store="memory://", idempotency=Idempotency(), **off), runs


def header_peer(_):
    from idempotency_header_middleware import IdempotencyHeaderMiddleware
    from idempotency_header_middleware.backends import MemoryBackend

    return shop((IdempotencyHeaderMiddleware, {"backend": MemoryBackend()}))


def key_peer(folder, store):
    from fastapi_idempotency_key import IdempotencyMiddleware, MemoryBackend, SQLiteBackend

    backend = MemoryBackend() if store == "memory" else SQLiteBackend(f"{folder}/{os.urandom(4).hex()}.db")
    return shop((IdempotencyMiddleware, {"backend": backend}))


CONTENDERS = {
    "bare": lambda folder: shop(),
    "floor, memory": lambda folder: shop((Floor, {"origin": ORIGIN, "limit": 10**9})),
    "launchready, memory": lambda folder: ours(folder, "memory"),
    "launchready around the app, memory": lambda folder: around(),
    "launchready, SQLite": lambda folder: ours(folder, "sqlite"),
    "launchready, SQLite, signed": lambda folder: ours(folder, "sqlite", SECRET),
    "asgi-idempotency-header, memory": header_peer,
    "fastapi-idempotency-key, memory": lambda folder: key_peer(folder, "memory"),
    "fastapi-idempotency-key, SQLite": lambda folder: key_peer(folder, "sqlite"),
}


def posts(key):
    return Requests("POST", "/bookings", [(b"idempotency-key", key)], BODY)


async def checked(name, app, runs):
    """Right answers, and one run for a key."""
    first, again = await answer(app, posts(b"check")), await answer(app, posts(b"check"))
    assert first[0] == 201, (name, first)
    if name != "bare":
        assert again[2] == first[2], (name, again)
        assert len(runs) == 1, name


async def each(app, requests, count):
    """Wall microseconds of every request alone: for the slowest of a thousand."""
    took = []
    for scope, receive in [requests.make() for _ in range(count)]:
        began = perf_counter()
        await app(scope, receive, _sink)
        took.append((perf_counter() - began) * 1e6)
    return took


async def _sink(message):
    """Takes a message, as a server that is infinitely fast."""


async def measure(folder, rounds, count):
    made, skipped = {}, {}
    for name, build in CONTENDERS.items():
        try:
            made[name] = build(folder)
            await checked(name, *made[name])
        except ImportError as error:
            made.pop(name, None)
            skipped[name] = str(error)
    rows = []
    for case in ("first", "replay"):
        apps = {name: (app, posts(b"key-%d" if case == "first" else b"check")) for name, (app, _) in made.items()}
        for app, requests in apps.values():
            await block(app, requests, 50)
        seconds = {name: [] for name in apps}
        for _ in range(rounds):
            for name in random.sample(list(apps), len(apps)):
                seconds[name].append(await block(*apps[name], count) / count)
        for name, (app, requests) in apps.items():
            ratios = [mine / bare for mine, bare in zip(seconds[name], seconds["bare"], strict=True)]
            deciles = quantiles(ratios, n=10)
            wall = await each(app, requests, 2000 if name != "fastapi-idempotency-key, SQLite" else 50)
            rows.append({
                "case": case, "contender": name, "ratio": median(ratios), "p10": deciles[0], "p90": deciles[8],
                "us": median(seconds[name]) * 1e6, "added_us": (median(ratios) - 1) * median(seconds["bare"]) * 1e6,
                "wall_mean_us": mean(wall), "wall_p999_us": sorted(wall)[-max(1, len(wall) // 1000) - 1],
                "frames": await usual_frames(app, requests),
            })  # fmt: skip
    return rows, skipped


def table(rows):
    yield "| case | contender | x bare [p10-p90] | CPU us | added CPU us | wall mean us | wall p99.9 us | frames |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        yield (
            f"| {row['case']} | {row['contender']} | {row['ratio']:.2f} [{row['p10']:.2f}-{row['p90']:.2f}] "
            f"| {row['us']:.1f} | {row['added_us']:+.1f} | {row['wall_mean_us']:.1f} | {row['wall_p999_us']:.0f} "
            f"| {row['frames']} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=50, help="in a block")
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        load = os.getloadavg()[0]
        rows, skipped = asyncio.run(measure(folder, args.rounds, args.requests))
    if args.json:
        print(json.dumps({"rows": rows, "skipped": skipped}))
        return
    print(f"CPython {platform.python_version()}, load {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end;")
    print(f"{args.rounds} rounds of {args.requests} requests.\n")
    print("\n".join(table(rows)))
    for name, why in skipped.items():
        print(f"left out: {name} ({why})")


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # a peer leaves threads behind that do not end
