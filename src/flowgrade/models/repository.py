"""Connections in the store: sealed, by name."""

from __future__ import annotations

import time
from collections.abc import Sequence

from flowgrade.models.sealing import SealingKey, key_of, seal, unseal
from flowgrade.models.tables import CONNECTIONS
from flowgrade.records import JsonObject, Record
from flowgrade.store import Store


class StoredConnection(Record):
    """A connection as the store has it; what it says besides its name and kind is sealed."""

    name: str
    kind: str
    sealed: str
    changed_ns: int

    def opened(self, keys: Sequence[SealingKey]) -> JsonObject:
        """Its fields, as in connections.yaml; raises ConnectionSealedError without its key."""
        return unseal(self.name, self.sealed, keys)


def stored_connections(store: Store) -> dict[str, StoredConnection]:
    """Every connection in the store by name, in the order of names."""
    with store.read() as transaction:
        rows = transaction.all(CONNECTIONS.select)
    found = [
        StoredConnection(name=name, kind=kind, sealed=sealed, changed_ns=changed)
        for name, kind, sealed, changed in rows
    ]
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}


def save_connection(store: Store, name: str, entry: JsonObject, key: SealingKey) -> None:
    """Store the fields of a connection in place of what is there."""
    row = (name, str(entry.get("kind") or "openai"), seal(name, entry, key), time.time_ns())
    with store.write() as transaction:
        transaction.insert(CONNECTIONS, [row], conflict="replace")


def delete_connection(store: Store, name: str) -> bool:
    """Delete a connection from the store; returns whether it was there."""
    with store.write() as transaction:
        return bool(transaction.execute("DELETE FROM connections WHERE name = ?", (name,)))


def reseal_connections(store: Store, keys: Sequence[SealingKey]) -> int:
    """Seal with the first key what another one sealed; returns how many that were.

    All of them change or, where one cannot be opened, none: ConnectionSealedError.
    """
    with store.write() as transaction:
        rows = transaction.all(CONNECTIONS.select)
        old = [row for row in rows if key_of(row[2]) != keys[0].id]
        fresh = [
            (name, kind, seal(name, unseal(name, sealed, keys), keys[0]), changed)
            for name, kind, sealed, changed in old
        ]
        transaction.insert(CONNECTIONS, fresh, conflict="replace")
    return len(fresh)
