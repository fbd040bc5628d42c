"""SQLite in write-ahead mode: one file, many readers, one writer."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.parse import quote

from flowgrade.settings import redact_all
from flowgrade.store.database import Row, Transaction, Values
from flowgrade.store.disk import disk_error, make_folder
from flowgrade.store.filelock import LOCK_PATIENCE, file_lock
from flowgrade.store.misuse import Writers, failed, over
from flowgrade.store.pool import Pool
from flowgrade.store.sqlite_errors import BUSY_SECONDS, is_busy, translate
from flowgrade.store.table import Conflict, Table, insertions, sound_text

_PRAGMAS = (
    # With WAL, NORMAL survives a killed process without loss; a power cut may take the last
    # commits but never the file.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16384",  # KiB
    # Fewer, larger checkpoints: each one waits for the disk. 4,000 pages are 16 MiB.
    "PRAGMA wal_autocheckpoint = 4000",
)
_PAUSE = 0.01  # seconds between attempts to enter write-ahead mode
_FAILURES = (sqlite3.Error, OverflowError, UnicodeError)


class SqliteStore:
    """A store in one SQLite file."""

    dialect = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()  # connections to come must not depend on the current folder
        self.place = str(self.path)
        self._writers = Writers()
        self._writing = Pool(partial(self._connect, "OFF"), place=self.place)
        self._reading = Pool(partial(self._connect, "ON"), place=self.place)
        make_folder(self.path.parent)
        self._reading.give_back(self._reading.take())

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A write transaction; waits for another writer up to 30 seconds."""
        with self._writers.enter(), self._transaction(self._writing, "BEGIN IMMEDIATE") as found:
            yield found

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A read transaction."""
        with self._transaction(self._reading, "BEGIN") as found:
            yield found

    @contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        """A lock file beside the database."""
        file = self._lock_file(name)
        make_folder(file.parent)
        with file_lock(file, patience=LOCK_PATIENCE) as held:
            yield held

    def is_locked(self, name: str) -> bool:
        """Takes the lock for an instant, which the patience of ``lock`` outlasts."""
        file = self._lock_file(name)
        if not file.exists():
            return False
        with file_lock(file, patience=0) as held:
            return not held

    def backup(self, label: str) -> str | None:
        """Copy the file to ``backups/`` beside it, also while others write."""
        folder = self.path.parent / "backups"
        make_folder(folder)
        target = folder / f"{self.path.stem}-{label}.db"
        partial_copy = folder / f"{target.name}.{os.getpid()}.part"
        try:
            self._copy(partial_copy)
            os.replace(partial_copy, target)
        except OSError as error:
            raise disk_error(f"The backup {target} cannot be written", error) from error
        finally:
            with suppress(OSError):
                partial_copy.unlink(missing_ok=True)
        return str(target)

    def close(self) -> None:
        """Close every connection; one that a transaction uses is closed when that ends."""
        self._reading.close()
        self._writing.close()

    def _lock_file(self, name: str) -> Path:
        return self.path.parent / "locks" / f"{self.path.stem}.{quote(name, safe='')}.lock"

    def _copy(self, target: Path) -> None:
        connection = self._reading.take()
        try:
            with closing(sqlite3.connect(target)) as copy:
                connection.backup(copy)
        except sqlite3.Error as error:
            raise translate(error, self.place) from error
        finally:
            self._reading.give_back(connection)

    @contextmanager
    def _transaction(self, pool: Pool[sqlite3.Connection], begin: str) -> Iterator[Transaction]:
        connection = pool.take()
        transaction = _SqliteTransaction(connection, self.place)
        try:
            transaction.execute(begin)
            yield transaction
            transaction.commit()
        finally:
            if transaction.rolled_back():
                pool.give_back(connection)
            else:
                connection.close()

    def _connect(self, query_only: str) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self.path,
                timeout=BUSY_SECONDS,
                isolation_level=None,  # transactions begin and end by our own statements
                check_same_thread=False,  # the pool gives it to one thread after another
                cached_statements=256,
            )
        except sqlite3.Error as error:
            raise translate(error, self.place) from error
        try:
            enter_wal(connection)
            for pragma in (*_PRAGMAS, f"PRAGMA query_only = {query_only}"):
                connection.execute(pragma)
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.Error):
                raise translate(error, self.place) from error
            raise
        return connection


class _SqliteTransaction:
    def __init__(self, connection: sqlite3.Connection, place: str) -> None:
        self._connection = connection
        self._place = place
        self._cursors: list[sqlite3.Cursor] = []
        self._failed = False
        self._over = False

    def execute(self, sql: str, values: Values = ()) -> int:
        with self._translated():
            return self._run(sql, values).rowcount

    def insert(self, table: Table, rows: Sequence[Values], *, conflict: Conflict = "error") -> None:
        with self._translated():
            for sql, values in insertions(table, rows, conflict):
                self._run(sql, values)

    def all(self, sql: str, values: Values = ()) -> list[Row]:
        with self._translated():
            return self._run(sql, values).fetchall()

    def one(self, sql: str, values: Values = ()) -> Row | None:
        with self._translated(), closing(self._run(sql, values)) as cursor:
            found: Row | None = cursor.fetchone()
            return found

    def each(self, sql: str, values: Values = ()) -> Iterator[Row]:
        with self._translated():
            cursor = self._run(sql, values)
            self._cursors.append(cursor)
            # Not from the cursor itself: the end of this generator would close it once more.
            yield from iter(cursor.fetchone, None)

    def commit(self) -> None:
        """Store it all; raises StoreError when one of its statements failed."""
        if self._failed:
            raise failed(self._place)
        self._close_cursors()
        with self._translated():
            self._run("COMMIT", ())

    def rolled_back(self) -> bool:
        """End it, whatever it is in; returns whether its connection can be used again."""
        self._over = True
        try:
            self._close_cursors()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            return False
        return True

    def _run(self, sql: str, values: Values) -> sqlite3.Cursor:
        if self._over:
            raise over()
        values = redact_all(values)
        try:
            return self._connection.execute(sql, values)
        except UnicodeEncodeError:
            return self._connection.execute(sql, sound_text(values))

    def _close_cursors(self) -> None:
        # An unfinished query would keep its snapshot, and with it the connection's next one.
        for cursor in self._cursors:
            cursor.close()
        self._cursors.clear()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except _FAILURES as error:
            if self._over:
                raise over() from None
            self._failed = True
            raise translate(error, self._place) from error


def enter_wal(connection: sqlite3.Connection) -> None:
    """Change to write-ahead mode, which stays with the file; waits for others up to 30 seconds.

    Of several processes that do this at once one succeeds. SQLite makes some of the others wait
    and tells the rest at once that the database is locked.
    """
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.Error as error:
            if not is_busy(error) or time.monotonic() > end:
                raise
            time.sleep(_PAUSE)
        else:
            return
