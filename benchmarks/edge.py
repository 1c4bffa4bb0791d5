"""What the edge costs and how well it counts, beside its peers, in one process and without sockets.

    python benchmarks/edge.py [--rounds 60] [--json]

Three tables: one hit of a counter (against a plain dictionary with the GCRA in it, and the counters of `limits` and
`throttled-py`), CORS on a simple request (against Starlette's CORSMiddleware), and how many more than the limit each
rule lets through in the worst window of seven traces. Every contender is checked before it is measured. Times are CPU
times of the process, in blocks that take turns; a ratio compares two blocks of one round.
"""

import argparse
import asyncio
import contextlib
import json
import random
import statistics
import sys
import time
from array import array
from threading import Lock
from time import monotonic, process_time
from unittest import mock

from launchready.exchange.operations import allocate
from launchready.exchange.store import Consume
from launchready.exchange.window import MICRO, Taken, Window, fresh, take
from launchready.stores.memory import MemoryStore
from measuring import ORIGIN, Requests, answer, block

LIMIT, PERIOD = 100, 60.0
KEYS = [f"rate:default:203.0.113.{number}" for number in range(50)]
HITS = 2_000
START = 1_800_000_000 * MICRO


# A hit.


def plain_gcra():
    """The least that counts at all: one float a key, a clock, and an answer of three. No lock, no bound on memory."""
    arrivals = {}
    every, burst = PERIOD / LIMIT, PERIOD

    def hit(key):
        now = monotonic()
        arrival = max(arrivals.get(key, now), now)
        left = burst - (arrival - now)
        if left < every:
            return False, 0, every - left
        arrivals[key] = arrival + every
        return True, int(left / every) - 1, arrival + every - now

    return hit


def gcra_take():
    """The same GCRA behind the same question: a lock around it, a Take that asks, a Taken that answers."""
    arrivals, lock = {}, Lock()
    windows = (Window(LIMIT, PERIOD),)

    def answer_to(op):
        with lock:
            now = monotonic()
            window = op.windows[0]
            every = window.period / window.limit
            arrival = max(arrivals.get(op.key, now), now)
            left = window.period - (arrival - now)
            if left < every * op.cost:
                op.answer = Taken(False, 0, 0, every - left)
                return
            arrivals[op.key] = arrival + every * op.cost
            op.answer = Taken(True, 0, int(left / every) - 1, arrival + every - now)

    return asking(answer_to, windows)


def asking(answer_to, windows):
    """As the chain asks: without the frame of a constructor."""

    def hit(key):
        op = allocate(Consume)
        op.key = key
        op.windows = windows
        op.cost = 1
        answer_to(op)
        return op.answer

    return hit


def rule():
    """Ours, without what is around it: the times of hits in a dictionary. No lock, no bound on memory."""
    window, states = Window(LIMIT, PERIOD), {}

    def hit(key):
        state = states.get(key)
        if state is None:
            state = states[key] = array("q")
        left, wait = window.look(window, state, int(monotonic() * MICRO), 1, True)
        return left >= 0, left, wait

    return hit


def ours(limit=LIMIT):
    """The memory store's answer to Take, as the chain asks for it: with its lock, and its bound on memory."""
    return asking(MemoryStore().windows.take, (Window(limit, PERIOD),))


def limits(strategy):
    from limits import RateLimitItemPerMinute, storage, strategies

    limiter = getattr(strategies, strategy)(storage.MemoryStorage())
    item = RateLimitItemPerMinute(LIMIT)

    def hit(key):
        return (limiter.hit(item, key),)

    return hit


def throttled(algorithm):
    from throttled import Throttled, rate_limiter, store

    throttle = Throttled(using=algorithm, quota=rate_limiter.per_min(LIMIT), store=store.MemoryStore())

    def hit(key):
        result = throttle.limit(key)
        return not result.limited, result.state.remaining, result.state.reset_after

    return hit


COUNTERS = {
    "a dict with the GCRA": plain_gcra,
    "a dict with the GCRA, a Take": gcra_take,
    "launchready, the rule": rule,
    "launchready, a Take, exact (100)": ours,
    "launchready, a Take, groups (1000)": lambda: ours(1000),
    "limits, fixed window": lambda: limits("FixedWindowRateLimiter"),
    "limits, moving window": lambda: limits("MovingWindowRateLimiter"),
    "limits, sliding counter": lambda: limits("SlidingWindowCounterRateLimiter"),
    "throttled-py, fixed window": lambda: throttled("fixed_window"),
    "throttled-py, sliding window": lambda: throttled("sliding_window"),
    "throttled-py, token bucket": lambda: throttled("token_bucket"),
    "throttled-py, GCRA": lambda: throttled("gcra"),
}


def hits(rounds):
    made = {name: build for name, build in COUNTERS.items() if _works(build)}
    times = {name: [] for name in made}
    for _ in range(rounds):
        for name in random.sample(list(made), len(made)):
            hit = made[name]()
            for key in KEYS:
                hit(key)  # half of the clients' quota is left when the clock starts
            keys = [KEYS[number % len(KEYS)] for number in range(HITS)]
            began = process_time()
            for key in keys:
                hit(key)
            times[name].append((process_time() - began) / HITS * 1e6)
    return table(times, "a dict with the GCRA")


def _works(build):
    """It lets the limit through and no more, at once; or its package is not there."""
    try:
        hit = build()
    except ImportError:
        return False
    allowed = sum(bool(hit("one")[0]) for _ in range(2 * LIMIT))
    assert allowed in (LIMIT, 2 * LIMIT), (build, allowed)
    return True


# CORS on a simple request.


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b"{}"})


def layers():
    from starlette.middleware.cors import CORSMiddleware

    from launchready.asgi import LaunchReadyMiddleware
    from launchready.settings.cors import CORS

    off = {"timing": None, "health": None, "redaction": None, "store": "memory://", "release": "r1"}
    return {
        "the bare app": app,
        "starlette CORSMiddleware": CORSMiddleware(app, allow_origins=[ORIGIN], allow_methods=["GET", "POST"]),
        "launchready, CORS alone": LaunchReadyMiddleware(app, cors=CORS(allow_origins=[ORIGIN]), **off),
        "launchready, nothing on": LaunchReadyMiddleware(app, **off),
    }


def cors(rounds, requests=200):
    made = layers()

    async def run():
        for name, each in made.items():
            status, headers, _ = await answer(each, Requests("GET", "/slots"))
            assert status == 200
            assert (b"access-control-allow-origin" in headers) == ("CORS" in name), name
        times = {name: [] for name in made}
        for _ in range(rounds):
            for name in random.sample(list(made), len(made)):
                times[name].append(await block(made[name], Requests("GET", "/slots"), requests) / requests * 1e6)
        return times

    times = asyncio.run(run())
    bare, nothing = times.pop("the bare app"), times["launchready, nothing on"]
    added = {name: [mine - base for mine, base in zip(each, bare, strict=True)] for name, each in times.items()}
    alone = times["launchready, CORS alone"]
    added["launchready, CORS over nothing"] = [mine - base for mine, base in zip(alone, nothing, strict=True)]
    return table(added, "starlette CORSMiddleware")


def table(times, base):
    """Rows of name, median microseconds, and the ratio to the base of the same round: median, 10th, 90th percentile."""
    rows = []
    for name, each in times.items():
        ratios = sorted(mine / theirs for mine, theirs in zip(each, times[base], strict=True))
        spread = ratios[len(ratios) // 2], ratios[len(ratios) // 10], ratios[len(ratios) * 9 // 10]
        rows.append((name, round(statistics.median(each), 2), *(round(ratio, 2) for ratio in spread)))
    return rows


# How many more than the limit.


def traces(seed=7):
    """Seven traces of microseconds, some minutes each: steady, flooding, bursting, and made for one rule's edge."""
    draw = random.Random(seed)
    edge, slow = PERIOD, PERIOD / LIMIT
    at_once = [number * 0.001 for number in range(LIMIT)]
    seconds = {
        "steady, half the limit": [number * 2 * slow for number in range(300)],
        "flood, 20 a second": [number * 0.05 for number in range(4_000)],
        "bursts of 150 every 25 s": [burst * 25 + number * 0.001 for burst in range(12) for number in range(150)],
        "random, mean 3 a second": sorted(draw.uniform(0, 300) for _ in range(900)),
        "both sides of an edge": [0] + [edge - 0.2 + at for at in at_once[1:]] + [edge + 0.1 + at for at in at_once],
        "at an edge, then spread": [edge - 0.5 + at for at in at_once] + [edge + n * slow for n in range(2 * LIMIT)],
        "all at once, then at the rate": [15 + at for at in at_once] + [15 + n * slow for n in range(1, 250)],
    }
    return {name: sorted(int(at * MICRO) for at in times) for name, times in seconds.items()}


def worst_window(admitted):
    """The most that any window of the period holds."""
    most = first = 0
    for last, at in enumerate(admitted):
        while admitted[first] <= at - PERIOD * MICRO:
            first += 1
        most = max(most, last - first + 1)
    return most


def play_ours(limit_window):
    def play(times):
        windows = (limit_window,)
        states = fresh(windows)
        return [at for at in times if take(states, START + at, windows, 1).allowed]

    return play


def play(build):
    """A counter of another's on a trace, by the clock that it reads."""

    def played(times):
        now = 0

        def clock():
            return (START + now) / MICRO

        with contextlib.ExitStack() as stack:
            for name in ("time", "monotonic", "perf_counter"):
                stack.enter_context(mock.patch(f"time.{name}", clock))
            hit, admitted = build(), []
            for now in times:  # the clock reads it
                admitted += [now] * bool(hit("k")[0])
            return admitted

    return played


def gcra_by(now):
    arrivals = {}
    every = PERIOD / LIMIT

    def hit(key):
        arrival = max(arrivals.get(key, now()), now())
        if PERIOD - (arrival - now()) < every:
            return (False,)
        arrivals[key] = arrival + every
        return (True,)

    return hit


def admission():
    peers = {name: build for name, build in COUNTERS.items() if name.startswith(("limits", "throttled"))}
    rules = {
        "the exact log": _log,
        "launchready, exact": play_ours(Window(LIMIT, PERIOD)),
        "launchready, groups": play_ours(_grouped(Window(LIMIT, PERIOD))),
        "a dict with the GCRA": play(lambda: gcra_by(time.time)),
        **{name: play(build) for name, build in peers.items() if _works(build)},
    }
    rows = []
    exact = {name: len(_log(times)) for name, times in traces().items()}
    for rule, played in rules.items():
        over, share = [], []
        for name, times in traces().items():
            admitted = played(times)
            over.append(max(0, worst_window(admitted) - LIMIT) / LIMIT)
            share.append(len(admitted) / exact[name])
        rows.append((rule, f"+{max(over):.0%}", round(min(share), 2), round(max(share), 2)))
    return rows


def _log(times):
    """The definition, by a list of all times."""
    admitted = []
    for at in times:
        if sum(each > at - PERIOD * MICRO for each in admitted[-LIMIT:]) < LIMIT:
            admitted.append(at)
    return admitted


def _grouped(window):
    """The rule for large limits, at a limit small enough to compare."""
    from launchready.exchange import window as rules

    window.exact, window.look = False, rules._grouped
    return window


def show(title, head, rows):
    print(f"\n### {title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")


def main():
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("--rounds", type=int, default=60)
    asked.add_argument("--json", action="store_true")
    words = asked.parse_args()
    found = {"hit": hits(words.rounds), "cors": cors(words.rounds), "admission": admission()}
    if words.json:
        json.dump(found, sys.stdout)
        return
    ratio = ("us, median", "ratio, median", "p10", "p90")
    show("One hit", ("counter", *ratio), found["hit"])
    show("CORS on a simple request: what is added to the bare app", ("layer", *ratio), found["cors"])
    show(
        f"At a limit of {LIMIT} in {PERIOD:g} s",
        ("rule", "worst window", "admitted / exact, least", "most"),
        found["admission"],
    )


if __name__ == "__main__":
    main()
