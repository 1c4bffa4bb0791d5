"""What another process does to a store, in a process that imports nothing else.

``python racers.py claims|takes|forks|dies URL SPACE COUNT``: prints a JSON list of what it won.
"""

import json
import os
import sys

from launchready.exchange.store import Consume, Get, PutIfAbsent, Space
from launchready.exchange.window import Window
from launchready.stores import connect


def space(name, evictable=False, **bounds):
    return Space(name, bytes, bytes, len, evictable, **bounds)


def claims(store, name, count):
    """The keys whose claim this process won."""
    won = []
    for index in range(count):
        op = PutIfAbsent(space(name), f"key {index}", str(os.getpid()).encode(), 60)
        store.execute(op)
        if op.answer.entry is None:
            won.append(index)
    return won


def takes(store, name, count):
    """Which of so many attempts at two limits were let through."""
    won = []
    for index in range(count):
        for limit in (20, 300):
            op = Consume(f"{name} {limit}", (Window(limit, 3600),), 1 if limit == 20 else 15)
            store.execute(op)
            if op.answer.allowed:
                won.append([limit, index])
    return won


def forks(store, name, count):
    """Use, fork, use on both sides at once: who won what, in the parent and in the child."""
    store.execute(Get(space(name), "warm"))
    read, write = os.pipe()
    if (pid := os.fork()) == 0:
        os.write(write, json.dumps(claims(store, name, count)).encode())
        store.close()
        os._exit(0)
    mine = claims(store, name, count)
    _, status = os.waitpid(pid, 0)
    assert status == 0
    child = json.loads(os.read(read, 100_000))
    store.execute(Get(space(name), "warm"))
    return [mine, child]


def dies(store, name, count):
    """Claims, then kill -9 to itself."""
    print(json.dumps(claims(store, name, count)), flush=True)
    os.kill(os.getpid(), 9)
    raise AssertionError("still alive")


if __name__ == "__main__":
    what, url, name, count = sys.argv[1:]
    store = connect(url)
    print(json.dumps({"claims": claims, "takes": takes, "forks": forks, "dies": dies}[what](store, name, int(count))))
    store.close()
