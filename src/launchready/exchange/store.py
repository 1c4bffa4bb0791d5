"""The verbs of a store. Each is atomic; a feature never reads, thinks, then writes what it read.

Time is the store's own: ``ttl`` runs on its clock and ``Entry.age`` is measured by it, so that two machines whose
clocks disagree by an hour still agree on what is expired, and nothing in ``core`` reads a clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Generic, NamedTuple, TypeVar

from launchready.exchange.operations import Op
from launchready.exchange.window import Taken, Window

V = TypeVar("V")


@dataclass(frozen=True)
class Space(Generic[V]):
    """A named part of the store, holding one kind of value.

    - ``dump``/``load`` carry a value over a wire or into a file; ``load(dump(v)) == v``. A store inside the process
      keeps the object itself, so a value is never changed after it was put.
    - ``evictable``: entries may be dropped to make room (a cache). Where it is False (claims on money) a full store
      answers StoreFull and drops nothing.
    - ``key_of``: the key that a value stands under, for values that know it: what ``scan`` goes by.
    - ``hurried``: a request goes on without the answer rather than wait for it (see ``HURRY``).
    - ``max_entries``, ``max_bytes``: bounds for a store that has none of its own; ``size`` weighs a value.
    """

    name: str
    dump: Callable[[V], bytes]
    load: Callable[[bytes], V]
    size: Callable[[V], int]
    evictable: bool
    max_entries: int = 1_000_000
    max_bytes: int = 64 * 1024 * 1024
    key_of: Callable[[V], str] | None = None
    hurried: bool = False


def digest(space: str, key: str) -> bytes:
    """32 bytes for a key in a space. The length of the name keeps ("a", "bc") and ("ab", "c") apart."""
    return sha256(f"{len(space)}:{space}{key}".encode("utf-8", "surrogatepass")).digest()


class Entry(NamedTuple, Generic[V]):
    """A stored value. ``age``: seconds since it was put. ``version``: grows with every write to the key (a fence)."""

    value: V
    age: float
    version: int


class StoreOp(Op[V]):
    """Any verb. ``space`` (but for Take) and ``key`` together name the entry; a key is text of any length."""

    __slots__ = ()

    space: Space[Any]
    key: str


class Get(StoreOp[Entry[V] | None], Generic[V]):
    """The entry, or None where there is none or it is over its time."""

    __slots__ = ("key", "space")

    def __init__(self, space: Space[V], key: str) -> None:
        self.space = space
        self.key = key


class GetAll(StoreOp[None]):
    """Several Gets, each of which has its answer afterwards: one round trip where the store can, else one each.

    None is answered by an older state than those ahead of it.
    """

    __slots__ = ("gets", "key", "space")

    def __init__(self, *gets: Get[Any]) -> None:
        self.gets = gets
        self.space = gets[0].space
        self.key = gets[0].key


class Put(StoreOp[int], Generic[V]):
    """Write, whatever is there. Answers the new version."""

    __slots__ = ("key", "space", "ttl", "value")

    def __init__(self, space: Space[V], key: str, value: V, ttl: float) -> None:
        self.space = space
        self.key = key
        self.value = value
        self.ttl = ttl


class Claimed(NamedTuple, Generic[V]):
    """What PutIfAbsent found: ``entry`` is None where the write took place, as ``version``."""

    entry: Entry[V] | None
    version: int


class PutIfAbsent(StoreOp[Claimed[V]], Generic[V]):
    """Write where there is nothing (or only something expired). Of any number at once exactly one writes.

    ``make`` in the place of a value makes it when a store asks for it, once: a store that can look before it writes
    never asks where something is there.
    """

    __slots__ = ("_value", "key", "make", "space", "ttl")

    def __init__(
        self, space: Space[V], key: str, value: V | None, ttl: float, make: Callable[[], V] | None = None
    ) -> None:
        self.space = space
        self.key = key
        self.ttl = ttl
        self.make = make
        if make is None:
            self._value = value

    @property
    def value(self) -> V:
        if self.make is not None:
            self._value, self.make = self.make(), None
        return self._value  # type: ignore[return-value]  # one of the two is given


class Replace(StoreOp[bool], Generic[V]):
    """Write where the entry still has this version. False: somebody else wrote since, or it is gone."""

    __slots__ = ("key", "space", "ttl", "value", "version")

    def __init__(self, space: Space[V], key: str, value: V, ttl: float, version: int) -> None:
        self.space = space
        self.key = key
        self.value = value
        self.ttl = ttl
        self.version = version


class Renew(StoreOp[bool], Generic[V]):
    """A sign of life: the entry of this version is as young as if it were put now; the version stays.

    Where nothing is there any more, the store has lost it: it is written again. False: somebody else wrote since.
    """

    __slots__ = ("key", "space", "ttl", "value", "version")

    def __init__(self, space: Space[V], key: str, value: V, ttl: float, version: int) -> None:
        self.space = space
        self.key = key
        self.value = value
        self.ttl = ttl
        self.version = version


class Complete(StoreOp[bool], Generic[V]):
    """The last word of whoever wrote this version: Replace, and where nothing is there any more write all the same."""

    __slots__ = ("key", "space", "ttl", "value", "version")

    def __init__(self, space: Space[V], key: str, value: V, ttl: float, version: int) -> None:
        self.space = space
        self.key = key
        self.value = value
        self.ttl = ttl
        self.version = version


class Seize(StoreOp[int], Generic[V]):
    """Take over what nobody keeps alive: write where the entry still has this version and is at least ``older`` old.

    Answers the new version, or 0. Looking at the age and writing are one step: a sign of life in between wins.
    """

    __slots__ = ("key", "older", "space", "ttl", "value", "version")

    def __init__(self, space: Space[V], key: str, value: V, ttl: float, version: int, older: float) -> None:
        self.space = space
        self.key = key
        self.value = value
        self.ttl = ttl
        self.version = version
        self.older = older


class Delete(StoreOp[bool], Generic[V]):
    """Remove; with a ``version``, only where the entry still has it. True where something was removed."""

    __slots__ = ("key", "space", "version")

    def __init__(self, space: Space[V], key: str, version: int | None = None) -> None:
        self.space = space
        self.key = key
        self.version = version


class Consume(StoreOp[Taken]):
    """Take ``cost`` units from all windows of a key, or from none. The rule is in :mod:`launchready.exchange.window`.

    ``windows`` are in ascending order of their periods. Where the units were taken, ``at`` is when: microseconds of the
    store's clock, by which Give knows them again.
    """

    __slots__ = ("at", "cost", "key", "windows")

    at: int

    def __init__(self, key: str, windows: tuple[Window, ...], cost: int = 1) -> None:
        self.key = key
        self.windows = windows
        self.cost = cost


class ConsumeLocal(Consume):
    """The same from the memory of this process, whatever the store is: what stands in while a shared store is down."""

    __slots__ = ()


class Refund(StoreOp[None]):
    """Give back ``cost`` units that a Take took at ``at``, where they still count. ``at`` None: forget the key."""

    __slots__ = ("at", "cost", "key", "windows")

    def __init__(self, key: str, windows: tuple[Window, ...], cost: int = 1, at: int | None = None) -> None:
        self.key = key
        self.windows = windows
        self.cost = cost
        self.at = at


class RefundLocal(Refund):
    """The same to the memory of this process: what was taken there while a shared store was down."""

    __slots__ = ()


HURRY = 0.04
"""Seconds. A limit must not slow down what it protects: whoever only counts goes on without the store after this, so
that an answer is 50 ms later at most."""


def hurried(op: StoreOp[Any]) -> bool:
    """Whether the request goes on without this answer."""
    return isinstance(op, Consume | Refund) or op.space.hurried


MAX_TTL = 10 * 365 * 86_400.0
"""Ten years: what "for ever" means to a store."""
