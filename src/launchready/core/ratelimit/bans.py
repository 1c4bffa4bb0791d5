"""Bans: who goes on after many refusals is not answered for a while, each time for longer.

``after`` refusals within ``within`` seconds ban for ``time`` seconds; the next ban is twice as long, and so on up to
``longest``; strikes are forgotten ``longest`` after a ban has ended. A ban is an entry of the store, by the client's
address, on the store's clock. Never banned: the address of a trusted proxy, behind which everybody stands.

A second entry lists who was banned, so that it can be shown and lifted.
"""

import json
from collections.abc import Callable
from math import ceil
from typing import NamedTuple

from launchready.errors import StoreError
from launchready.exchange.operations import Flow
from launchready.exchange.store import Consume, Delete, Entry, Get, Put, PutIfAbsent, Refund, Replace, Space
from launchready.exchange.window import Window
from launchready.http.message import Response
from launchready.http.problem import problem

ABNORMAL_USAGE = "https://iana.org/assignments/http-problem-types#abnormal-usage-detected"
LISTED = 1000  # the latest bans that are listed
LIST = "*list"


class BanRecord(NamedTuple):
    """``strikes``: how many times so far; ``seconds``: how long this one is."""

    strikes: int
    seconds: float


BANS = Space[BanRecord](
    "bans",
    dump=lambda ban: b"%d %d" % (ban.strikes, ceil(ban.seconds)),
    load=lambda data: BanRecord(*map(int, data.split())),
    size=lambda _: 32,
    evictable=False,
    max_entries=100_000,
    hurried=True,
)
LISTS = Space[tuple[str, ...]](
    "ban-list",
    dump=lambda clients: json.dumps(clients).encode(),
    load=lambda data: tuple(json.loads(data)),
    size=lambda clients: sum(map(len, clients)),
    evictable=False,
    max_entries=4,
    hurried=True,
)


class Bans:
    """The rule. ``never`` says of a client that it stands for many."""

    def __init__(
        self, after: int, within: float, time: float, longest: float, never: Callable[[str], bool], salt: str = ""
    ) -> None:
        self.windows = (Window(after, within),)
        self.time = time
        self.longest = max(time, longest)
        self._never = never
        self._salt = salt

    def spared(self, client: str) -> bool:
        return client == "local" or self._never(client)

    def check(self, client: str) -> Flow[Response | None]:
        """The refusal of who is banned now."""
        get = Get(BANS, client)
        try:
            yield get
        except StoreError:
            return None  # the limits themselves go on in this process
        left = remaining(get.answer)
        if left <= 0:
            return None
        wait = ceil(left)
        return problem(
            429, "abnormal-usage-detected", "Too many requests",
            f"This client went on after many refusals. Try again in {wait} seconds.",
            type_=ABNORMAL_USAGE, retry_after=wait,
        )  # fmt: skip

    def strike(self, client: str) -> Flow[bool]:
        """One more refusal. True: it was one too many, and the client is banned now."""
        take = Consume(self._violations(client), self.windows)
        try:
            yield take
            if take.answer.allowed and take.answer.remaining:
                return False
            before = Get(BANS, client)
            yield before
            strikes = before.answer.value.strikes + 1 if before.answer is not None else 1
            seconds = min(self.time * 2.0 ** min(strikes - 1, 30), self.longest)
            yield Put(BANS, client, BanRecord(strikes, seconds), seconds + self.longest)
            yield Refund(take.key, self.windows)
            yield from _listed(client)
        except StoreError:
            return False
        return True

    def _violations(self, client: str) -> str:
        return f"ban:{self._salt}{client}"

    def lift(self, client: str) -> Flow[bool]:
        """Forget a ban and its strikes. False: there was none."""
        delete = Delete(BANS, client)
        yield delete
        yield Refund(self._violations(client), self.windows)
        return delete.answer


def remaining(entry: Entry[BanRecord] | None) -> float:
    """Seconds left of a ban."""
    return 0.0 if entry is None else entry.value.seconds - entry.age


def banned() -> Flow[dict[str, BanRecord]]:
    """Who is banned now, with strikes and the seconds left."""
    listed = Get(LISTS, LIST)
    yield listed
    found: dict[str, BanRecord] = {}
    for client in listed.answer.value if listed.answer is not None else ():
        get = Get(BANS, client)
        yield get
        if get.answer is not None and remaining(get.answer) > 0:
            found[client] = BanRecord(get.answer.value.strikes, remaining(get.answer))
    return found


def _listed(client: str) -> Flow[None]:
    """Put a client at the end of the list; of two at once the second looks again."""
    ttl = 365 * 86_400.0
    for _ in range(8):
        get = Get(LISTS, LIST)
        yield get
        if get.answer is None:
            first = PutIfAbsent(LISTS, LIST, (client,), ttl)
            yield first
            if first.answer.entry is None:
                return
            continue
        clients = (*[each for each in get.answer.value if each != client], client)[-LISTED:]
        replace = Replace(LISTS, LIST, clients, ttl, get.answer.version)
        yield replace
        if replace.answer:
            return
