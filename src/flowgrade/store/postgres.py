"""PostgreSQL through psycopg: one store for a team."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, LiteralString

import psycopg
from psycopg import pq

from flowgrade.settings import redact_all
from flowgrade.store.database import Row, Transaction, Values
from flowgrade.store.filelock import LOCK_PATIENCE, persist
from flowgrade.store.misuse import Writers, failed, over
from flowgrade.store.pool import Pool
from flowgrade.store.postgres_errors import public_place, translate
from flowgrade.store.table import Conflict, Table, insertions, sound_text

_LOCK_SPACE = 0x464C4F57  # the first key of our advisory locks, so that other programs' differ
_CONNECT_SECONDS = 10
_PAGE_ROWS = 2_000

_BEGIN: LiteralString = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_BEGIN_READING: LiteralString = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WAIT = "SET lock_timeout = '30s'"
# A server frees the lock of a machine that vanished once it notices that, by default after two
# hours. It must not take the lock from a process that is merely quiet.
_LOCK_SETTINGS = (
    "SELECT set_config(s.name, v.setting, false) FROM pg_settings s JOIN (VALUES "
    "('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), "
    "('tcp_keepalives_count', '3'), ('idle_session_timeout', '0')) v (name, setting) "
    "ON s.name = v.name"
)
_numbers = itertools.count()
_FAILURES = (psycopg.Error, UnicodeError, OverflowError)

Connection = psycopg.Connection[Row]


class PostgresStore:
    """A store in one PostgreSQL database."""

    dialect = "postgresql"

    def __init__(self, url: str) -> None:
        self._url = url
        self.place = public_place(url)
        self._writers = Writers()
        self._pool = Pool(self._connect, place=self.place)
        self._pool.give_back(self._pool.take())

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A write transaction; waits for a lock of another one up to 30 seconds."""
        with self._writers.enter(), self._transaction(_BEGIN) as transaction:
            yield transaction

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A read transaction over one snapshot."""
        with self._transaction(_BEGIN_READING) as transaction:
            yield transaction

    @contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        """An advisory lock held by a connection of its own."""
        connection = self._connect()
        try:
            yield self._locked(connection, _lock_key(name))
        finally:
            # A server learns of a closed connection a moment later; the next caller is here now.
            with suppress(psycopg.Error):
                connection.execute("SELECT pg_advisory_unlock_all()")
            connection.close()

    def is_locked(self, name: str) -> bool:
        """Looks the lock up among those that the server keeps."""
        with self.read() as transaction:
            found = transaction.one(
                "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 "
                "AND classid::bigint = ? AND objid::bigint = ? AND granted AND database = "
                "(SELECT oid FROM pg_database WHERE datname = current_database())",
                (_LOCK_SPACE, _lock_key(name) & 0xFFFFFFFF),
            )
            return found is not None

    def backup(self, label: str) -> str | None:
        """None: a server is backed up by its own means."""
        return None

    def close(self) -> None:
        """Close every connection; one that a transaction uses is closed when that ends."""
        self._pool.close()

    @contextmanager
    def _transaction(self, begin: LiteralString) -> Iterator[Transaction]:
        connection = self._begun(begin)
        transaction = _PostgresTransaction(connection, self.place)
        try:
            yield transaction
            transaction.commit()
        finally:
            if transaction.rolled_back():
                self._pool.give_back(connection)
            else:
                connection.close()

    def _begun(self, begin: LiteralString) -> Connection:
        """A connection in a new transaction: a new one where the server closed the idle ones."""
        connection = self._pool.take()
        try:
            connection.execute(begin)
        except psycopg.Error:
            connection.close()
        else:
            return connection
        connection = self._connect()
        try:
            connection.execute(begin)
        except psycopg.Error as error:
            connection.close()
            raise translate(error, self.place) from error
        return connection

    def _locked(self, connection: Connection, key: int) -> bool:
        try:
            connection.execute(_LOCK_SETTINGS)
            return persist(lambda: _try_lock(connection, key), LOCK_PATIENCE)
        except psycopg.Error as error:
            raise translate(error, self.place) from error

    def _connect(self) -> Connection:
        try:
            connection = psycopg.connect(
                self._url,
                autocommit=True,  # transactions begin and end by our own statements
                connect_timeout=_CONNECT_SECONDS,
                application_name="flowgrade",
                client_encoding="UTF8",
            )
        except psycopg.Error as error:
            raise translate(error, self.place) from error
        try:
            connection.execute(_WAIT)
        except psycopg.Error as error:
            connection.close()
            raise translate(error, self.place) from error
        return connection


def _lock_key(name: str) -> int:
    return zlib.crc32(name.encode()) - 0x80000000  # PostgreSQL's integers have a sign


def _try_lock(connection: Connection, key: int) -> bool:
    found = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (_LOCK_SPACE, key))
    return found.fetchone() == (True,)


class _PostgresTransaction:
    def __init__(self, connection: Connection, place: str) -> None:
        self._connection = connection
        self._place = place
        self._cursors: list[psycopg.ServerCursor[Row]] = []
        self._failed = False
        self._over = False

    def execute(self, sql: str, values: Values = ()) -> int:
        with self._translated():
            return self._connection.execute(_statement(sql), _clean(values)).rowcount

    def insert(self, table: Table, rows: Sequence[Values], *, conflict: Conflict = "error") -> None:
        with self._translated():
            for sql, values in insertions(table, rows, conflict):
                self._connection.execute(_statement(sql), _clean(values))

    def all(self, sql: str, values: Values = ()) -> list[Row]:
        with self._translated():
            return self._connection.execute(_statement(sql), _clean(values)).fetchall()

    def one(self, sql: str, values: Values = ()) -> Row | None:
        with self._translated():
            return self._connection.execute(_statement(sql), _clean(values)).fetchone()

    def each(self, sql: str, values: Values = ()) -> Iterator[Row]:
        with self._translated():
            cursor = self._connection.cursor(name=f"each_{next(_numbers)}")
            self._cursors.append(cursor)
            cursor.itersize = _PAGE_ROWS
            cursor.execute(_statement(sql), _clean(values))
            for row in cursor:
                yield row
                if self._over:  # the rest of the page is still here
                    raise over()
            cursor.close()

    def commit(self) -> None:
        """Store it all; raises StoreError when one of its statements failed."""
        if self._failed:
            raise failed(self._place)
        with self._translated():
            self._close_cursors()
            self._connection.execute("COMMIT")

    def rolled_back(self) -> bool:
        """End it, whatever it is in; returns whether its connection can be used again."""
        self._over = True
        try:
            self._close_cursors()
            if self._connection.info.transaction_status != pq.TransactionStatus.IDLE:
                self._connection.execute("ROLLBACK")
        except psycopg.Error:
            return False
        return not self._connection.closed

    def _close_cursors(self) -> None:
        # Here rather than when a generator is collected: the connection has another user then.
        for cursor in self._cursors:
            cursor.close()
        self._cursors.clear()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        if self._over:
            raise over()
        try:
            yield
        except _FAILURES as error:
            if self._over:
                raise over() from None
            self._failed = True
            raise translate(error, self._place) from error


@lru_cache(maxsize=512)
def _statement(sql: str) -> LiteralString:
    return sql.replace("%", "%%").replace("?", "%s")


def _clean(values: Values) -> list[Any]:
    # PostgreSQL's text holds no NUL character; JSON escapes it, plain names seldom have one.
    cleaned = [
        v.replace("\0", "") if isinstance(v, str) and "\0" in v else v for v in redact_all(values)
    ]
    try:
        for value in cleaned:
            if isinstance(value, str) and not value.isascii():
                value.encode()
    except UnicodeEncodeError:
        return sound_text(cleaned)
    return cleaned
