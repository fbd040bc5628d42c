"""PostgreSQL through psycopg: one store for a team."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, LiteralString

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from flowgrade.errors import StoreBusyError, StoreError, StoreFullError
from flowgrade.store.database import Row, Transaction, Values
from flowgrade.store.table import Conflict, Table, insertions

_LOCK_SPACE = 0x464C4F57  # the first key of our advisory locks, so that other programs' differ
_CONNECT_SECONDS = 10
_PAGE_ROWS = 2_000

Connection = psycopg.Connection[Row]


class PostgresStore:
    """A store in one PostgreSQL database."""

    dialect = "postgresql"

    def __init__(self, url: str) -> None:
        self._url = url
        self.place = _place(url)
        self._local = threading.local()
        self._connections: list[Connection] = []
        self._guard = threading.Lock()
        self._connection()

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A write transaction."""
        with self._transaction() as transaction:
            yield transaction

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A read transaction over one snapshot."""
        with self._transaction() as transaction:
            transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield transaction

    @contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        """An advisory lock held by a connection of its own."""
        key = zlib.crc32(name.encode()) - 0x80000000
        with self._translated():
            connection = self._connect()
        try:
            row = connection.execute(
                "SELECT pg_try_advisory_lock(%s, %s)", (_LOCK_SPACE, key)
            ).fetchone()
            yield bool(row and row[0])
        finally:
            connection.close()

    def backup(self, label: str) -> str | None:
        """None: a server is backed up by its own means."""
        return None

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._guard:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
            self._local = threading.local()

    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self._translated():
            connection = self._connection()
            with connection.transaction():
                yield _PostgresTransaction(connection)

    def _connection(self) -> Connection:
        found: Connection | None = getattr(self._local, "connection", None)
        if found is None or found.closed:
            with self._translated():
                found = self._local.connection = self._connect()
            with self._guard:
                self._connections.append(found)
        return found

    def _connect(self) -> Connection:
        return psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            application_name="flowgrade",
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise _translate(error, self.place) from error


class _PostgresTransaction:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Values = ()) -> int:
        return self._connection.execute(_statement(sql), _clean(values)).rowcount

    def insert(self, table: Table, rows: Sequence[Values], *, conflict: Conflict = "error") -> None:
        for sql, values in insertions(table, rows, conflict):
            self.execute(sql, values)

    def all(self, sql: str, values: Values = ()) -> list[Row]:
        return self._connection.execute(_statement(sql), _clean(values)).fetchall()

    def one(self, sql: str, values: Values = ()) -> Row | None:
        return self._connection.execute(_statement(sql), _clean(values)).fetchone()

    def each(self, sql: str, values: Values = ()) -> Iterator[Row]:
        with self._connection.cursor(name="each") as cursor:
            cursor.itersize = _PAGE_ROWS
            cursor.execute(_statement(sql), _clean(values))
            yield from cursor


@lru_cache(maxsize=512)
def _statement(sql: str) -> LiteralString:
    return sql.replace("%", "%%").replace("?", "%s")


def _clean(values: Values) -> list[Any]:
    # PostgreSQL's text holds no NUL character; JSON escapes it, plain names seldom have one.
    return [v.replace("\0", "") if isinstance(v, str) and "\0" in v else v for v in values]


def _place(url: str) -> str:
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise StoreError(
            "FLOWGRADE_STORE is not a usable PostgreSQL address.",
            hint="Write it as postgresql://user@host:5432/database.",
        ) from error
    host, port = parts.get("host", "localhost"), parts.get("port", 5432)
    return f"postgresql://{host}:{port}/{parts.get('dbname', '')}"


def _translate(error: psycopg.Error, place: str) -> StoreError:
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, errors.DiskFull):
        return StoreFullError(
            f"The store {place} is full: {text}",
            hint="Free space on the server, then go on; what was stored is unharmed.",
        )
    if isinstance(error, errors.LockNotAvailable | errors.DeadlockDetected):
        return StoreBusyError(f"The store {place} is busy: {text}", hint="Try again.")
    if isinstance(error, psycopg.OperationalError):
        return StoreError(
            f"The store {place} cannot be reached: {text}",
            hint="Check the address, user and password in FLOWGRADE_STORE and that it runs.",
        )
    return StoreError(f"The store {place} failed: {text}")
