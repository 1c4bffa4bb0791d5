"""What the person on call may do with keys: look at them, say what became of one, clear away what is over."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from launchready.core.idempotency import ClaimRecord, KeyContext, lookup_key
from launchready.core.idempotency.keys import name_of, seal_root
from launchready.core.idempotency.record import NOT_KEPT
from launchready.core.idempotency.unknown_outcomes import state
from launchready.errors import ConfigError, StoreUnavailable
from launchready.exchange.store import Delete, Entry, Get, Replace
from launchready.idempotency.transaction.connect import opener
from launchready.idempotency.transaction.dialects import DIALECTS
from launchready.settings.deployment import from_environment
from launchready.settings.signing import key_context
from launchready.stores import connect, store_name
from launchready.stores.base import Store, safe_url


class Key(NamedTuple):
    """A key as it stands under each secret that is known, the oldest first: whoever comes with it looks there first."""

    places: list[tuple[KeyContext, Entry[ClaimRecord]]]

    @property
    def entry(self) -> Entry[ClaimRecord]:
        return self.places[0][1]

    @property
    def row(self) -> dict[str, Any]:
        return row_of(self.entry)


class KeyAdmin:
    """One store. ``secret``: the app's secret_key, without which signed answers can be seen and freed, not settled.

    ``fallbacks``: those of before, the newest first. Both stand in the environment where they are not given.
    """

    def __init__(
        self, url: str, secret: str | None = None, fallbacks: Sequence[str] = (), *, encrypt: bool = False
    ) -> None:
        self._url = url
        self._store: Store = connect(url)
        newest = key_context(*((secret, fallbacks) if secret else from_environment()), encrypt=encrypt)
        self._vaults = (*newest.older, newest)

    def close(self) -> None:
        self._store.close()

    def rows(self, *, unknown: bool = False) -> Iterator[dict[str, Any]]:
        """Every key that is there; or those whose outcome is not known."""
        for key in self._keys():
            row = key.row
            if not unknown or row["state"] == "unknown":
                yield row

    def reconcilable(self) -> Iterator[dict[str, Any]]:
        """Every key as for ``rows``, with ``root``: the digest of its downstream keys, or "" if it is unreadable."""
        for key in self._keys():
            key_context, entry = key.places[0]
            yield {**key.row, "root": seal_root(entry.value.sealed_root, entry.value.id, key_context.secret)}

    def _keys(self) -> Iterator[Key]:
        """One attempt has one token, under however many secrets its claim stands."""
        older: dict[str, Key] = {}
        for older_vault in self._vaults[:-1]:
            for entry in self._store.scan(older_vault.space):
                older.setdefault(entry.value.token, Key([])).places.append((older_vault, entry))
        newest = self._vaults[-1]
        for entry in self._store.scan(newest.space):
            known = older.pop(entry.value.token, Key([]))
            known.places.append((newest, entry))
            yield known
        yield from older.values()

    def find(self, key: str) -> list[Key]:
        """By the beginning of its id (six characters at least), or as the client sent it."""
        names = {name_of(key.encode("utf-8", "surrogatepass"), each.secret) for each in self._vaults}

        def meant(record: ClaimRecord) -> bool:
            return record.name in names or (len(key) >= 6 and record.id.startswith(key))

        return [one for one in self._keys() if any(meant(entry.value) for _, entry in one.places)]

    def resolve(self, key: str, *, done: bool) -> str:
        """Say of a key whose outcome is not known that it was done, or that it may be tried again.

        Raises ConfigError where there is no such key, several, or one whose outcome is known or still open.
        """
        found = self.find(key)
        if len(found) != 1:
            count = "no key" if not found else f"{len(found)} keys"
            raise ConfigError([f"{key}: {count} by that name; write the whole id that `ls` shows"])
        row = found[0].row
        short = row["id"][:12]
        if row["state"] != "unknown":
            raise ConfigError([f"{short}: {row['state']}; only a key whose outcome is unknown is resolved by hand"])
        for place, entry in reversed(found[0].places):  # the oldest last: until then nobody gets past it
            op = _settled(place, entry) if done else Delete(place.space, entry.value.id, entry.version)
            self._store.execute(op)
            if not op.answer:
                raise StoreUnavailable(f"{short}: it changed in this moment; look again")
        resolved: str = row["id"]
        return resolved

    def migrate(self) -> list[str]:
        """Make the tables: before the first request, by a role that may. Answers what is there now."""
        self._store.execute(Get(self._vaults[-1].space, lookup_key("", b"")))
        made = [f"the store at {safe_url(self._url)}"]
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
        name = store_name(self._url)
        if name is not None and name in DIALECTS:
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


def _settled(key_context: KeyContext, entry: Entry[ClaimRecord]) -> Replace[ClaimRecord]:
    """Done, as nobody's attempt: whoever made it comes too late."""
    record = entry.value
    settled = ClaimRecord(
        record.fingerprint,
        NOT_KEPT,
        token=f"{record.token}.done",
        id=record.id,
        name=record.name,
        route=record.route,
        sealed_root=record.sealed_root,
    )
    return Replace(key_context.space, record.id, settled, 86_400.0, entry.version)


def row_of(entry: Entry[ClaimRecord]) -> dict[str, Any]:
    """A key as it may be shown: nothing of what the client sent."""
    record = entry.value
    return {
        "id": record.id, "state": state(entry), "status": record.status if record.status > 0 else None,
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
