"""What a store can do, whichever database is behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from flowgrade.store.table import Conflict, Table

Row = tuple[Any, ...]
Values = Sequence[object]


class Transaction(Protocol):
    """Statements that happen together or not at all. SQL uses ``?`` for parameters.

    A statement that fails raises StoreError and takes the whole transaction with it, even where
    the error is caught: then leaving the block raises StoreError. Text is kept as it is but for
    what a database cannot hold: NUL is left out (PostgreSQL), a lone surrogate becomes ``\\udc80``.
    """

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
    """A database. Safe to use from several threads and, opened before, in a forked child.

    Each transaction has a connection of its own. So one that reads inside of another sees what
    was stored when it began, and a generator may rest in one.
    """

    dialect: str
    """``sqlite`` or ``postgresql``."""
    place: str
    """Where it is, without any password; for messages."""

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that may write. Keep it short: SQLite has one writer at a time.

        Others wait for it, up to 30 seconds, then get StoreBusyError. A thread that has one open
        gets StoreError for a second one at once.
        """
        ...

    def read(self) -> AbstractContextManager[Transaction]:
        """A transaction that reads one consistent state."""
        ...

    def lock(self, name: str) -> AbstractContextManager[bool]:
        """Hold the lock ``name``; gives False when somebody keeps it, here or in any process.

        The operating system or the server frees it when its holder dies, however it dies.
        """
        ...

    def is_locked(self, name: str) -> bool:
        """Whether somebody holds the lock ``name``; looking keeps nobody from taking it."""
        ...

    def backup(self, label: str) -> str | None:
        """Copy the database aside; returns where to, or None when the server must do that."""
        ...

    def close(self) -> None:
        """Close every connection; using the store afterwards raises StoreError."""
        ...
