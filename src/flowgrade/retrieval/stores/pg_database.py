"""The database behind the PostgreSQL index store: its address, connections and tables."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, LiteralString

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from flowgrade.errors import SettingsError, StoreBusyError, StoreError, StoreFullError
from flowgrade.records import Record
from flowgrade.retrieval.stores.index_store import StorePlace

Connection = psycopg.Connection[tuple[Any, ...]]

_CONNECT_SECONDS = 10
_SETUP_LOCK = 0x464C4F58
_BUSY = (errors.LockNotAvailable, errors.DeadlockDetected, errors.TooManyConnections)
_SCHEMA = "flowgrade_index"

_TABLES: LiteralString = """
CREATE SCHEMA IF NOT EXISTS flowgrade_index;
CREATE TABLE IF NOT EXISTS flowgrade_index.snapshots (
    number int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    index text NOT NULL,
    snapshot text NOT NULL,
    chunks bigint,
    approximate boolean NOT NULL DEFAULT false,
    published boolean NOT NULL DEFAULT false,
    UNIQUE (index, snapshot));
"""


class Snapshot(Record):
    """A row of the table of snapshots, and the names of what belongs to it."""

    number: int
    published: bool
    count: int | None
    approximate: bool

    @property
    def chunks(self) -> sql.Identifier:
        """The table of its chunks."""
        return sql.Identifier(_SCHEMA, f"chunks_{self.number}")

    @property
    def words(self) -> sql.Identifier:
        """The table of its words."""
        return sql.Identifier(_SCHEMA, f"words_{self.number}")


class Database:
    """Connections to one database, each used by one thread at a time."""

    def __init__(self, place: StorePlace) -> None:
        self._address = _address(place)
        self.where = _public(self._address)
        self._idle: queue.LifoQueue[Connection] = queue.LifoQueue()
        self._closed = False

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection in a transaction, which ends with the block."""
        with self.translated():
            connection = self._take()
            try:
                with connection.transaction():
                    yield connection
            finally:
                self._give_back(connection)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn psycopg's errors into ours."""
        try:
            yield
        except (psycopg.Error, UnicodeError) as error:
            raise _translate(error, self.where) from error

    def close(self) -> None:
        """Close what is idle, and the others once they are given back."""
        self._closed = True
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def prepare(self, *, vectors: bool) -> None:
        """Make the table of snapshots and, for vectors, the extension where they are missing."""
        with self.connection() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SETUP_LOCK,))
            connection.execute(_TABLES)
            if vectors:
                self._extend(connection)

    def find(self, connection: Connection, place: StorePlace) -> Snapshot | None:
        """The snapshot of ``place``; None where the database has none."""
        there = connection.execute("SELECT to_regclass('flowgrade_index.snapshots')").fetchone()
        if there is None or there[0] is None:
            return None
        row = connection.execute(
            "SELECT number, published, chunks, approximate FROM flowgrade_index.snapshots "
            "WHERE index = %s AND snapshot = %s",
            (place.index, place.snapshot),
        ).fetchone()
        if row is None:
            return None
        return Snapshot(number=row[0], published=row[1], count=row[2], approximate=row[3])

    def drop(self, place: StorePlace) -> None:
        """Drop the snapshot of ``place`` where there is one."""
        with self.connection() as connection:
            found = self.find(connection, place)
            if found is None:
                return
            for table in (found.chunks, found.words):
                connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
            connection.execute(
                "DELETE FROM flowgrade_index.snapshots WHERE number = %s", (found.number,)
            )

    def _extend(self, connection: Connection) -> None:
        """``CREATE EXTENSION vector``, which only some users may and not every server has."""
        known = connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'vector'")
        if known.fetchone():
            return
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except errors.InsufficientPrivilege as error:
            raise StoreError(
                f"pgvector is not switched on in {self.where}, and this user may not do it.",
                hint="As the database's owner: CREATE EXTENSION vector;",
            ) from error
        except psycopg.Error as error:
            raise StoreError(
                f"The PostgreSQL server of {self.where} has no pgvector.",
                hint="Install it there (package postgresql-<version>-pgvector), or make the index "
                "with --embedding none for search by words alone.",
            ) from error

    def _take(self) -> Connection:
        try:
            while True:
                connection = self._idle.get_nowait()
                if not connection.closed and not connection.broken:
                    return connection
        except queue.Empty:
            return psycopg.connect(
                self._address,
                autocommit=True,
                connect_timeout=_CONNECT_SECONDS,
                application_name="flowgrade",
                client_encoding="UTF8",
            )

    def _give_back(self, connection: Connection) -> None:
        if self._closed or connection.closed:
            connection.close()
        else:
            self._idle.put(connection)


def _address(place: StorePlace) -> str:
    """From the store's options, the connection, or else the project's own database."""
    connection = place.connection
    written = place.options.get("url") or (connection and connection.base_url)
    found = str(written or place.environment.get("FLOWGRADE_STORE", ""))
    if not found.startswith(("postgresql://", "postgres://")):
        raise SettingsError(
            f"The index '{place.index}' is to be kept in PostgreSQL, and no address of one is set.",
            hint="Set store_options.url of the index, its connection to one whose base_url is "
            "postgresql://user@host:5432/database, or set FLOWGRADE_STORE to one.",
        )
    try:
        parts = conninfo_to_dict(found)
        if connection and connection.api_key and not parts.get("password"):
            return make_conninfo(found, password=connection.api_key.reveal())
    except psycopg.Error:
        # Without a cause: a part of the password may stand in the message.
        raise SettingsError(
            f"The address of the index '{place.index}' is not one of PostgreSQL.",
            hint="Write it as postgresql://user@host:5432/database; in a password, write @ as %40.",
        ) from None
    return found


def _public(address: str) -> str:
    parts = conninfo_to_dict(address)
    host, port = parts.get("host", "localhost"), parts.get("port", 5432)
    return f"postgresql://{host}:{port}/{parts.get('dbname', '')}"


def _translate(error: Exception, where: str) -> StoreError:
    lines = str(error).strip().splitlines()
    text = lines[0].rstrip(".") if lines else type(error).__name__
    if isinstance(error, errors.DiskFull):
        return StoreFullError(f"{where} is full: {text}.", hint="Free space on the server.")
    if isinstance(error, _BUSY):
        return StoreBusyError(f"{where} is busy: {text}.", hint="Try again.")
    unreached = isinstance(error, psycopg.OperationalError) and (
        error.sqlstate is None or error.sqlstate.startswith(("08", "28", "3D", "57P"))
    )
    if unreached:
        return StoreError(
            f"The index's database {where} cannot be reached: {text}.",
            hint="Check the address, user and password, and that the server runs.",
        )
    return StoreError(f"The index's database {where} failed: {text}.")
