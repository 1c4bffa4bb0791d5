"""What the person on call may do with keys: look at them, say what became of one, clear away what is over."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from launchready.core.idempotency import Record, lookup_key
from launchready.core.idempotency.keys import name_of
from launchready.core.idempotency.record import NOT_KEPT, RUNNING
from launchready.errors import ConfigError, StoreUnavailable
from launchready.exchange.store import Delete, Entry, Get, Replace
from launchready.idempotency.transaction.dialects import DIALECTS
from launchready.idempotency.transaction.opening import opener
from launchready.settings.sealing import vault
from launchready.stores import connect
from launchready.stores.base import Store, where

QUIET = 15.0
"""Seconds without a sign of life after which nobody expects one, where the claim does not say."""


class Desk:
    """One store. ``secret``: the app's secret_key, without which signed answers can be seen and freed, not settled."""

    def __init__(self, url: str, secret: str | None = None, *, encrypt: bool = False) -> None:
        self._url = url
        self._store: Store = connect(url)
        secret = secret or os.environ.get("LAUNCHREADY_SECRET_KEY")
        self._vault = vault(secret, encrypt=encrypt)

    def close(self) -> None:
        self._store.close()

    def rows(self, *, unknown: bool = False) -> Iterator[dict[str, Any]]:
        """Every key that is there; or those whose outcome is not known."""
        for entry in self._store.scan(self._vault.space):
            row = row_of(entry)
            if not unknown or row["state"] == "unknown":
                yield row

    def find(self, key: str) -> list[Entry[Record]]:
        """By the beginning of its id (six characters at least), or as the client sent it."""
        name = name_of(key.encode("utf-8", "surrogatepass"), self._vault.secret)
        found = []
        for entry in self._store.scan(self._vault.space):
            record = entry.value
            if record.name == name or (len(key) >= 6 and record.id.startswith(key)):
                found.append(entry)
        return found

    def resolve(self, key: str, *, done: bool) -> str:
        """Say of a key whose outcome is not known that it was done, or that it may be tried again.

        Raises ConfigError where there is no such key, several, or one whose outcome is known or still open.
        """
        found = self.find(key)
        if len(found) != 1:
            count = "no key" if not found else f"{len(found)} keys"
            raise ConfigError([f"{key}: {count} by that name; write the whole id that `ls` shows"])
        entry = found[0]
        record = entry.value
        state = row_of(entry)["state"]
        if state != "unknown":
            raise ConfigError([f"{record.id[:12]}: {state}; only a key whose outcome is unknown is resolved by hand"])
        op = self._settled(entry) if done else Delete(self._vault.space, record.id, entry.version)
        self._store.execute(op)
        if not op.answer:
            raise StoreUnavailable(f"{record.id[:12]}: it changed in this moment; look again")
        return record.id

    def _settled(self, entry: Entry[Record]) -> Replace[Record]:
        record = entry.value
        settled = Record(record.fingerprint, NOT_KEPT, id=record.id, name=record.name, route=record.route)
        return Replace(self._vault.space, record.id, settled, 86_400.0, entry.version)

    def migrate(self) -> list[str]:
        """Make the tables: before the first request, by a role that may. Answers what is there now."""
        self._store.execute(Get(self._vault.space, lookup_key("", b"")))
        made = [f"the store at {where(self._url)}"]
        for connection, dialect in self._database():
            for statement in dialect.create:
                _run(connection, statement)
            made.append("launchready_once, for transactions")
        return made

    def sweep(self) -> int:
        """Clear away what is over. Answers how many."""
        count = self._store.sweep()
        for connection, dialect in self._database():
            while (found := _run(connection, dialect.sweep)) > 0:
                count += found
        return count

    def _database(self) -> Iterator[tuple[Any, Any]]:
        """The same server as a database, where it is one."""
        scheme = self._url.partition(":")[0].partition("+")[0]
        name = {"postgres": "postgresql"}.get(scheme, scheme)
        if name in DIALECTS:
            with closing(opener(self._url)()) as connection:
                yield connection, DIALECTS[name]
                if name != "sqlite":
                    connection.commit()


def _run(connection: Any, statement: str) -> int:
    """How many rows; nothing where the table is not there."""
    cursor = connection.cursor()
    try:
        cursor.execute(statement)
        count: int = cursor.rowcount
    except Exception as error:
        if not statement.startswith("DELETE") or "launchready_once" not in str(error):
            raise
        if hasattr(connection, "rollback"):
            connection.rollback()
        return 0
    finally:
        cursor.close()
    return count


def row_of(entry: Entry[Record]) -> dict[str, Any]:
    """A key as it may be shown: nothing of what the client sent."""
    record = entry.value
    state = "done" if record.status != RUNNING else "unknown" if entry.age >= (record.lease or QUIET) else "running"
    return {
        "id": record.id, "state": state, "status": record.status if record.status > 0 else None,
        "age": round(entry.age, 1), "started": round(entry.age + record.elapsed, 1), "route": record.route,
        "fence": entry.version, "bytes": len(record.body),
    }  # fmt: skip


def as_text(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "no keys"
    lines = [f"{'id':<14}{'state':<9}{'status':<8}{'age':>9}  route"]
    lines += [f"{r['id'][:12]:<14}{r['state']:<9}{r['status'] or '':<8}{r['age']:>8.0f}s  {r['route']}" for r in rows]
    return "\n".join(lines)


def as_json(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, indent=2)
