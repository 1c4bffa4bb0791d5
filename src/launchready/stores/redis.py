"""The Redis and Valkey store, for several machines.

``redis://[user:password@]host[:port][/db]``, ``rediss://`` (TLS), ``valkey://``, ``unix:///path.sock[?db=1]``.
Redis 6.2 or newer, or any Valkey. Options in the query are those of redis-py's ``from_url``.

- A verb is one Lua script of ``lua/``, one round trip, one key. Time is the server's TIME.
- An entry is a hash ``launchready:space:{digest}``. One key per script and its hash tag make it work on a cluster. Any
  node may be the URL: its first reply shows that it is part of a cluster.
- The store never repeats a round trip that may have reached the server: a claim sent twice would find itself. A
  connection that the server closed is detected before use, and replaced.
- The claim script checks a sentinel to detect a loss of data (FLUSHALL, a restart without persistence). For some
  seconds it then grants no claim, while live processes write their claims again. A cluster has no key that all scripts
  can read, so a loss is not detected there.
- Redis expires entries, and bounds memory by its own ``maxmemory``. For claims on payments set ``maxmemory-policy
  noeviction`` and ``appendonly yes``. A fail-over may still lose acknowledged writes, so keep payments in SQLite or
  PostgreSQL.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from hashlib import sha1
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from launchready.errors import ConfigError, MissingExtra, StoreError, StoreFull, StoreUnavailable
from launchready.exchange.operations import Inline, Op
from launchready.exchange.store import (
    Claimed,
    Complete,
    Consume,
    Delete,
    Entry,
    Get,
    GetAll,
    Put,
    PutIfAbsent,
    Refund,
    Renew,
    Replace,
    Seize,
    Space,
    digest,
)
from launchready.exchange.subscribe import Listener, Subscribe
from launchready.exchange.window import MICRO, Taken
from launchready.stores._subscription import Subscriptions
from launchready.stores.base import PAGE, safe_message, safe_url, to_micros, window_digest

if TYPE_CHECKING:
    import redis
    import redis.asyncio

SCHEMES = ("redis", "rediss", "valkey", "unix")

CONNECT_WAIT = 0.9
ANSWER_WAIT = 1.8
QUICK_WAIT = 0.035  # seconds of HURRY for the socket
CONNECTIONS = 64  # per event loop

Arg = bytes | str | int


SENTINEL = "launchready:epoch"
RECOVERY = 5.0
"""Seconds without granted claims after a loss: longer than the interval between two renewals of a lease."""


class CheckedPutIfAbsent(PutIfAbsent[Any]):
    """PutIfAbsent of an entry that is not evictable: its script checks the sentinel."""


_SCRIPTS: dict[type[Op[Any]], str] = {
    Get: "get",
    Put: "put",
    PutIfAbsent: "put_if_absent",
    Replace: "replace",
    Renew: "renew",
    Complete: "settle",
    Seize: "seize",
    CheckedPutIfAbsent: "claim",
    Delete: "delete",
    Subscribe: "expect",
    Consume: "take",
    Refund: "give",
}


class Script:
    """A script and its SHA-1, its name on the server."""

    def __init__(self, name: str) -> None:
        self.text = (Path(__file__).parent / "lua" / f"{name}.lua").read_bytes()
        self.sha = sha1(self.text, usedforsecurity=False).hexdigest()


def connect(url: str) -> "RedisStore":
    """Raises MissingExtra without redis-py, ConfigError for a URL that redis-py cannot read."""
    return RedisStore(url)


class RedisStore:
    """See the module."""

    shared = True
    has_epoch = True

    def __init__(self, url: str) -> None:
        try:
            import redis.asyncio  # noqa: PLC0415  an extra
        except ImportError:
            raise MissingExtra("A redis:// store", "redis") from None
        self.inline: Inline = {}
        self._driver = redis
        self._errors: tuple[type[Exception], ...] = (redis.exceptions.RedisError, TimeoutError)
        self._discovery_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
        self._url = "redis" + url.removeprefix("valkey") if url.startswith("valkey:") else url
        self._name = f"the Redis store at {safe_url(url)}"
        self._scripts = {kind: Script(name) for kind, name in _SCRIPTS.items()}
        self._epoch_script = Script("epoch")
        self._checks_sentinel = True  # False on a cluster, which has no key that all scripts can read
        self._epoch: bytes | str = ""  # the last epoch that this process has seen
        self._cluster = False
        self._sync: dict[tuple[bool, bool], redis.Redis | redis.RedisCluster] = {}  # by (cluster, quick)
        self._loops: WeakKeyDictionary[
            asyncio.AbstractEventLoop, tuple[redis.asyncio.Redis | redis.asyncio.RedisCluster, asyncio.Semaphore]
        ]
        self._loops = WeakKeyDictionary()
        self._retired_clients = self._loops.copy()  # single-server clients, replaced by cluster clients
        self._subscriptions = Subscriptions()
        try:
            self._client(quick=False)
        except (ValueError, TypeError) as error:
            raise ConfigError([f"store={safe_url(url)!r}: {safe_message(error, url)}"]) from None

    def execute(self, op: Op[Any]) -> None:
        if isinstance(op, GetAll):
            self._get_all(op)
        else:
            self._ask(op, *self._encode(op))

    def execute_quickly(self, op: Op[Any]) -> None:
        """Execute, or raise StoreUnavailable within HURRY seconds."""
        self._ask(op, *self._encode(op), quick=True)

    def take_at(self, op: Consume, now: int) -> None:
        self._ask(op, *self._encode(op, now))

    def learn_epoch(self) -> None:
        """Learn the server's epoch, so that a loss of its data is detected (``lua/claim.lua``). Ignores an outage."""
        with suppress(*self._errors):
            client: Any = self._client(quick=False)
            self._epoch = client.eval(self._epoch_script.text.decode(), 1, SENTINEL, os.urandom(8).hex())

    def _ask(
        self, op: Op[Any], script: Script, keys: tuple[str, ...], args: tuple[Arg, ...], *, quick: bool = False
    ) -> None:
        again = True
        while True:
            try:
                client = self._client(quick=quick)
                ask: Callable[..., Any] = client.execute_command
                try:
                    reply = ask("EVALSHA", script.sha, len(keys), *keys, *args)
                except self._driver.exceptions.NoScriptError:
                    reply = ask("EVAL", script.text, len(keys), *keys, *args)
            except self._errors as error:
                if not (again and self._not_executed(error)):
                    raise self._failure(error) from None
                again = not self._checks_sentinel and len(keys) > 1  # the next error names the node of the key
                if len(keys) > 1:
                    script, keys, args = self._encode(op)
                if isinstance(client, self._driver.Redis) and not self._cluster:
                    client.connection_pool.disconnect(inuse_connections=False)
            else:
                _decode(op, self._check_epoch(keys, reply))
                return

    def _get_all(self, op: GetAll) -> None:
        """Read several keys in one pipeline. If that fails (script not loaded, cluster) read them one by one."""
        op.answer = None
        client, replies = self._client(quick=False), []
        if isinstance(client, self._driver.Redis):
            try:
                replies = self._pipeline(client.pipeline(transaction=False), op).execute(raise_on_error=False)
            except self._errors as error:
                raise self._failure(error) from None
        for get in self._set_answers(op, replies):
            self.execute(get)

    async def _aget_all(self, op: GetAll) -> None:
        op.answer = None
        (client, gate), replies = self._aclient(), []
        if isinstance(client, self._driver.asyncio.Redis):
            try:
                async with asyncio.timeout(CONNECT_WAIT + ANSWER_WAIT), gate:
                    pipe = self._pipeline(client.pipeline(transaction=False), op)
                    replies = await pipe.execute(raise_on_error=False)
            except self._errors as error:
                raise self._failure(error) from None
        for get in self._set_answers(op, replies):
            await self.aexecute(get)

    def _pipeline(self, pipe: Any, op: GetAll) -> Any:
        for get in op.gets:
            script, keys, _ = self._encode(get)
            pipe.execute_command("EVALSHA", script.sha, 1, *keys)
        return pipe

    def _set_answers(self, op: GetAll, replies: list[Any]) -> list[Get[Any]]:
        """Set the answers of a complete pipeline. Returns the reads to repeat: none or all."""
        if len(replies) < len(op.gets) or any(isinstance(reply, Exception) for reply in replies):
            return [*op.gets]
        for get, reply in zip(op.gets, replies, strict=True):
            _decode(get, reply)
        return []

    async def aexecute(self, op: Op[Any]) -> None:
        if isinstance(op, GetAll):
            await self._aget_all(op)
            return
        script, keys, args = self._encode(op)
        again = True
        while True:
            client, gate = self._aclient()
            ask: Callable[..., Awaitable[Any]] = client.execute_command
            try:
                async with asyncio.timeout(CONNECT_WAIT + ANSWER_WAIT), gate:
                    if isinstance(client, self._driver.asyncio.RedisCluster):
                        await self._discover_nodes(client)
                    try:
                        reply = await ask("EVALSHA", script.sha, len(keys), *keys, *args)
                    except self._driver.exceptions.NoScriptError:
                        reply = await ask("EVAL", script.text, len(keys), *keys, *args)
            except self._errors as error:
                if not (again and self._not_executed(error)):
                    raise self._failure(error) from None
                again = not self._checks_sentinel and len(keys) > 1
                if len(keys) > 1:
                    script, keys, args = self._encode(op)
                if isinstance(client, self._driver.asyncio.Redis) and not self._cluster:
                    await client.connection_pool.disconnect(inuse_connections=False)
            else:
                _decode(op, self._check_epoch(keys, reply))
                return

    def _check_epoch(self, keys: tuple[str, ...], reply: Any) -> Any:
        """Remove the epoch from the reply of a claim. Raises StoreUnavailable if the server has lost its data."""
        if len(keys) == 1:
            return reply
        self._epoch = reply[-1]
        if len(reply) == 2:
            raise StoreUnavailable(f"{self._name} has lost its data; running requests are writing their claims again")
        return reply[:1] if reply[1] == b"" else reply[:3]

    async def _discover_nodes(self, client: "redis.asyncio.RedisCluster") -> None:
        """Load the slot map. One task at a time: redis-py drops the connections of concurrent tasks."""
        lock = self._discovery_locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        async with lock:
            await client.initialize()

    def _not_executed(self, error: Exception) -> bool:
        """Whether the server refused the script, and a repeat elsewhere is safe.

        - MOVED: the server is part of a cluster. From then on a cluster client is used.
        - READONLY: a fail-over made the server a replica. Its host name leads to the new master.
        """
        errors = self._driver.exceptions
        if isinstance(error, errors.ClusterCrossSlotError):  # the sentinel and the key are on different nodes
            self._checks_sentinel = False
            return True
        if isinstance(error, errors.MovedError):
            self._checks_sentinel = False
            self._cluster = True
            self._errors = (Exception,)  # the cluster client leaks unrelated exceptions while nodes change
        return isinstance(error, errors.MovedError | errors.ReadOnlyError)

    def scan(self, space: Space[Any]) -> Iterator[Entry[Any]]:
        client: Any = self._client(quick=False)
        get = self._scripts[Get]
        try:
            for key in client.scan_iter(match=f"launchready:{space.name}:*", count=PAGE):
                reply = client.execute_command("EVAL", get.text, 1, key)
                if reply:
                    yield _entry(space, reply)
        except self._errors as error:
            raise self._failure(error) from None

    def sweep(self) -> int:
        return 0  # Redis expires entries itself

    def listen(self) -> Listener:
        """Subscribe. On a cluster any node will do."""
        from launchready.stores._redis_pubsub import RedisSubscription  # noqa: PLC0415  where somebody waits

        try:
            client = self._client(quick=False)
            if isinstance(client, self._driver.RedisCluster):
                client = client.get_redis_connection(client.get_random_node())
            pool = client.connection_pool
            return self._subscriptions.open(
                RedisSubscription(pool.connection_class(**pool.connection_kwargs), self._errors)
            )
        except self._errors as error:
            raise self._failure(error) from None

    def close(self) -> None:
        self._subscriptions.close()
        while self._sync:
            self._sync.popitem()[1].close()

    async def aclose(self) -> None:
        await self._subscriptions.aclose()
        for clients in (self._loops, self._retired_clients):
            known = clients.pop(asyncio.get_running_loop(), None)
            if known is not None:
                await known[0].aclose()
        self.close()

    def _client(self, *, quick: bool) -> "redis.Redis | redis.RedisCluster":
        client = self._sync.get((self._cluster, quick))
        if client is None:
            from redis.retry import Retry  # noqa: PLC0415  an extra

            kind = self._driver.RedisCluster if self._cluster else self._driver.Redis
            client = self._sync[self._cluster, quick] = kind.from_url(self._url, **self._settings(Retry, quick=quick))
        return client  # its pool handles forks

    def _aclient(self) -> "tuple[redis.asyncio.Redis | redis.asyncio.RedisCluster, asyncio.Semaphore]":
        loop = asyncio.get_running_loop()
        known = self._loops.get(loop)
        if known is None or (self._cluster and isinstance(known[0], self._driver.asyncio.Redis)):
            from redis.asyncio.retry import Retry  # noqa: PLC0415  an extra

            if known is not None:
                self._retired_clients[loop] = known
            kind = self._driver.asyncio.RedisCluster if self._cluster else self._driver.asyncio.Redis
            client = kind.from_url(self._url, **self._settings(Retry, quick=False))
            known = self._loops[loop] = client, asyncio.Semaphore(CONNECTIONS)
        return known

    def _settings(self, retry: Callable[..., object], *, quick: bool) -> dict[str, Any]:
        """Return the client settings.

        - Nothing is retried: see the module docstring.
        - RESP2, because pushed messages of RESP3 would hide a closed connection.
        - ``quick`` shortens the timeouts. In an event loop the caller has its own timeout.
        """
        from redis.backoff import NoBackoff  # noqa: PLC0415  an extra

        return {
            "socket_connect_timeout": QUICK_WAIT if quick else CONNECT_WAIT,
            "socket_timeout": QUICK_WAIT if quick else ANSWER_WAIT,
            "retry": retry(NoBackoff(), 0),
            "protocol": 2,
            "max_connections": 10_000,  # the thread pool and the semaphore are the real bounds
        }

    def _encode(self, op: Op[Any], now: Arg = "") -> tuple[Script, tuple[str, ...], tuple[Arg, ...]]:
        script = self._scripts[type(op)]
        if isinstance(op, Consume | Refund):
            windows = [number for window in op.windows for number in (window.limit, window.period_us)]
            if isinstance(op, Refund):
                now = "" if op.at is None else op.at
            return script, (f"launchready:take:{{{window_digest(op).hex()}}}",), (op.cost, now, *windows)
        if not isinstance(op, Get | Put | PutIfAbsent | Replace | Renew | Complete | Seize | Delete | Subscribe):
            raise TypeError(f"not a store operation: {op!r}")
        keys: tuple[str, ...] = (f"launchready:{op.space.name}:{{{digest(op.space.name, op.key).hex()}}}",)
        if isinstance(op, PutIfAbsent) and not op.space.evictable and self._checks_sentinel:
            epoch: tuple[Arg, ...] = (self._epoch, os.urandom(8).hex(), to_micros(RECOVERY))
            return (
                self._scripts[CheckedPutIfAbsent],
                (*keys, SENTINEL),
                (op.space.dump(op.value), _millis(op.ttl), *epoch),
            )
        if isinstance(op, Put | PutIfAbsent):
            return script, keys, (op.space.dump(op.value), _millis(op.ttl))
        if isinstance(op, Seize):
            return script, keys, (op.space.dump(op.value), _millis(op.ttl), op.version, to_micros(op.older))
        if isinstance(op, Replace | Renew | Complete):
            return script, keys, (op.space.dump(op.value), _millis(op.ttl), op.version)
        if isinstance(op, Subscribe):
            return script, keys, (op.version,)
        if isinstance(op, Delete):
            return script, keys, ("" if op.version is None else op.version,)
        return script, keys, ()

    def _failure(self, error: Exception) -> StoreError:
        if isinstance(error, self._driver.exceptions.OutOfMemoryError):
            return StoreFull(f"{self._name} has reached its maxmemory and may not evict anything")
        if isinstance(error, TimeoutError | self._driver.exceptions.TimeoutError):
            return StoreUnavailable(f"{self._name} did not respond in time")
        return StoreUnavailable(f"{self._name} failed: {safe_message(error, self._url)}")


def _millis(ttl: float) -> int:
    return max(0, ceil(ttl * 1000))


def _decode(op: Op[Any], reply: Any) -> None:
    if isinstance(op, Get):
        op.answer = _entry(op.space, reply) if reply else None
    elif isinstance(op, Put | Seize):
        op.answer = int(reply)
    elif isinstance(op, PutIfAbsent):
        entry = _entry(op.space, reply) if len(reply) == 3 else None
        op.answer = Claimed(entry, int(reply[-1]))
    elif isinstance(op, Consume):
        allowed, which, remaining, reset, op.at = reply
        op.answer = Taken(allowed == 1, which, remaining, reset / MICRO)
    elif isinstance(op, Refund):
        op.answer = None
    else:
        op.answer = reply == 1


def _entry(space: Space[Any], reply: list[Any]) -> Entry[Any]:
    value, age, version = reply
    return Entry(space.load(value), max(0, int(age)) / MICRO, int(version))
