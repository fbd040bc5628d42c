"""What a store can do, whichever database is behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from flowgrade.store.table import Conflict, Table

Row = tuple[Any, ...]
Values = Sequence[object]


class Transaction(Protocol):
    """Statements that happen together or not at all. SQL uses ``?`` for parameters."""

    def execute(self, sql: str, values: Values = ()) -> int:
        """Run one statement; returns how many rows it changed."""
        ...

    def insert(self, table: Table, rows: Sequence[Values], *, conflict: Conflict = "error") -> None:
        """Insert rows; see ``Table.insert`` for ``conflict``."""
        ...

    def all(self, sql: str, values: Values = ()) -> list[Row]:
        """Every row of a query."""
        ...

    def one(self, sql: str, values: Values = ()) -> Row | None:
        """The first row of a query, or None."""
        ...

    def each(self, sql: str, values: Values = ()) -> Iterator[Row]:
        """The rows of a query one by one, without holding them all."""
        ...


class Store(Protocol):
    """A database. Safe to use from several threads; each gets a connection of its own."""

    dialect: str
    """``sqlite`` or ``postgresql``."""
    place: str
    """Where it is, without any password; for messages."""

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that may write. Keep it short: SQLite has one writer at a time."""
        ...

    def read(self) -> AbstractContextManager[Transaction]:
        """A transaction that reads one consistent state."""
        ...

    def lock(self, name: str) -> AbstractContextManager[bool]:
        """Hold the lock ``name`` among all processes; gives False when another one holds it.

        The operating system or the server frees it when its holder dies, however it dies.
        """
        ...

    def backup(self, label: str) -> str | None:
        """Copy the database aside; returns where to, or None when the server must do that."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...
