"""SQLite in write-ahead mode: one file, many readers, one writer."""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from flowgrade.errors import StoreBusyError, StoreError, StoreFullError
from flowgrade.store.database import Row, Transaction, Values
from flowgrade.store.filelock import file_lock
from flowgrade.store.table import Conflict, Table, insertions

_BUSY_SECONDS = 30.0
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # With WAL, NORMAL survives a killed process without loss; a power cut may take the last
    # commits but never the file.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16384",  # KiB
    "PRAGMA wal_autocheckpoint = 4000",
)


class SqliteStore:
    """A store in one SQLite file."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = str(path)
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        _make_folder(path.parent)
        self._connection()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A write transaction; waits for another writer up to 30 seconds."""
        with self._transaction("BEGIN IMMEDIATE") as transaction:
            yield transaction

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A read transaction."""
        with self._transaction("BEGIN") as transaction:
            yield transaction

    @contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        """A lock file beside the database."""
        folder = self.path.parent / "locks"
        _make_folder(folder)
        with file_lock(folder / f"{self.path.stem}.{name}.lock") as held:
            yield held

    def backup(self, label: str) -> str | None:
        """Copy the file to ``backups/`` beside it, also while others write."""
        folder = self.path.parent / "backups"
        _make_folder(folder)
        target = folder / f"{self.path.stem}-{label}.db"
        with _translated(self.place), sqlite3.connect(target) as copy:
            self._connection().backup(copy)
        copy.close()
        return str(target)

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Transaction]:
        connection = self._connection()
        with _translated(self.place):
            connection.execute(begin)
            try:
                yield _SqliteTransaction(connection)
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._local.connection = self._connect()
        return found

    def _connect(self) -> sqlite3.Connection:
        with _translated(self.place):
            connection = sqlite3.connect(
                self.path,
                timeout=_BUSY_SECONDS,
                isolation_level=None,  # transactions begin and end by our own statements
                check_same_thread=False,  # close() runs in one thread for all
                cached_statements=256,
            )
            for pragma in _PRAGMAS:
                connection.execute(pragma)
        with self._guard:
            self._connections.append(connection)
        return connection


class _SqliteTransaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Values = ()) -> int:
        return self._connection.execute(sql, values).rowcount

    def insert(self, table: Table, rows: Sequence[Values], *, conflict: Conflict = "error") -> None:
        for sql, values in insertions(table, rows, conflict):
            self._connection.execute(sql, values)

    def all(self, sql: str, values: Values = ()) -> list[Row]:
        return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, values: Values = ()) -> Row | None:
        found: Row | None = self._connection.execute(sql, values).fetchone()
        return found

    def each(self, sql: str, values: Values = ()) -> Iterator[Row]:
        yield from self._connection.execute(sql, values)


@contextmanager
def _translated(place: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(error, place) from error


def _translate(error: sqlite3.Error, place: str) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return StoreFullError(
            f"The store {place} cannot be written: {error}.",
            hint="Free space on that disk, then go on; what was stored is unharmed.",
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusyError(
            f"The store {place} is held by another process for over {_BUSY_SECONDS:.0f} s.",
            hint="Try again, or use PostgreSQL for many writers: FLOWGRADE_STORE=postgresql://…",
        )
    if code == sqlite3.SQLITE_NOTADB:
        return StoreError(
            f"The file {place} is not a SQLite database.",
            hint="Move it away, or name another file in FLOWGRADE_STORE.",
        )
    return StoreError(
        f"The store {place} failed: {error}.",
        hint="Check that the file and its folder are yours to write.",
    )


def _make_folder(folder: Path) -> None:
    try:
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        if new and folder.name == ".flowgrade":
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        kind = StoreFullError if error.errno in (errno.ENOSPC, errno.EDQUOT) else StoreError
        raise kind(
            f"The folder {folder} cannot be made: {error.strerror}.",
            hint="Name another place for the store in FLOWGRADE_STORE.",
        ) from error
