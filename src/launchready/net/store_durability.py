"""Whether a store can lose what it acknowledged. Redis and Valkey answer INFO, which managed services allow as
well.
"""

from dataclasses import dataclass

from launchready.errors import MissingExtra
from launchready.net.database_privileges import mask_password, safe_url

SECONDS = 5


@dataclass(frozen=True, slots=True)
class StoreDurability:
    """``losses``: how the store may lose a key, in words; empty if it keeps them. ``reason``: why that is unknown."""

    question: str
    losses: tuple[str, ...] = ()
    reason: str = ""

    @property
    def known(self) -> bool:
        return not self.reason


def read_durability(url: str) -> StoreDurability:
    """Asks the store. Never raises and never returns the password."""
    question = f"what is kept by {safe_url(url)}"
    scheme = url.partition(":")[0].lower()
    if scheme == "memory":
        return StoreDurability(
            question, ("memory://: every key is gone when the process ends, and each worker has its own",)
        )
    if scheme not in {"redis", "rediss", "valkey"}:
        return StoreDurability(question)
    try:
        return StoreDurability(question, _redis("redis" + url.removeprefix("valkey") if scheme == "valkey" else url))
    except MissingExtra as missing:
        return StoreDurability(question, reason=str(missing))
    except Exception as error:  # Drivers raise anything, and may quote the URL.
        return StoreDurability(question, reason=f"{type(error).__name__}: {mask_password(str(error), url)}"[:300])


def _redis(url: str) -> tuple[str, ...]:
    try:
        import redis  # noqa: PLC0415  an extra
    except ImportError:
        raise MissingExtra("A redis:// store", "redis") from None
    client = redis.Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS)
    try:
        memory, persistence = client.info("memory"), client.info("persistence")
    finally:
        client.close()
    losses = []
    policy = memory.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        losses.append(f"maxmemory-policy {policy}: when memory is short, keys are dropped before their time")
    if not persistence.get("aof_enabled"):
        losses.append("appendonly no: what came since the last snapshot is gone after a restart")
    return tuple(losses)
