"""Full disks, lost connections, commits that fail: errors that say what to do."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from flowgrade.errors import StoreBusyError, StoreConflictError, StoreError, StoreFullError
from flowgrade.store import Store, connect_store, open_store
from flowgrade.store.disk import disk_error
from flowgrade.store.sqlite import enter_wal
from tests.store.conftest import Start

FILL = """
import resource, sys
from flowgrade.errors import StoreFullError
from flowgrade.store import open_store

store = open_store(sys.argv[1])
with store.write() as transaction:
    transaction.execute("CREATE TABLE filler (text TEXT)")
    transaction.execute("INSERT INTO filler VALUES ('before')")
limit = 400_000
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    for _ in range(1_000):
        with store.write() as transaction:
            transaction.execute("INSERT INTO filler VALUES (?)", ("x" * 10_000,))
except StoreFullError as error:
    print("Free space" in error.hint, error.exit_code)
"""


def test_a_full_disk_is_said_and_harms_nothing(tmp_path: Path, start: Start) -> None:
    pytest.importorskip("resource")
    url = f"sqlite:///{tmp_path}/s.db"
    filler = start(FILL, url)
    out, _ = filler.communicate(timeout=60)
    assert out == "True 1\n"
    with closing(open_store(url)) as store:
        with store.read() as transaction:
            assert transaction.one("PRAGMA integrity_check") == ("ok",)
            rows = transaction.all("SELECT text FROM filler")
            assert rows[0] == ("before",)
            assert all(len(text) == 10_000 for (text,) in rows[1:])
        with store.write() as transaction:
            transaction.execute("INSERT INTO filler VALUES ('after')")


def test_a_full_database_can_be_written_again_after_an_error(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/s.db")) as store:
        with store.write() as transaction:
            transaction.execute("CREATE TABLE filler (text TEXT)")
        with pytest.raises(StoreFullError, match="is full") as raised:
            fill(store, pages=60)
        assert raised.value.hint is not None
        with store.write() as transaction:
            assert transaction.one("SELECT COUNT(*) FROM filler") == (0,)
            transaction.execute("INSERT INTO filler VALUES ('small')")


def fill(store: Store, *, pages: int) -> None:
    with store.write() as transaction:
        transaction.one(f"PRAGMA max_page_count = {pages}")
        for _ in range(pages):
            transaction.execute("INSERT INTO filler VALUES (?)", ("x" * 10_000,))


def test_a_commit_that_fails_does_not_spoil_the_next_transaction(store: Store) -> None:
    with store.write() as transaction:
        transaction.execute("CREATE TABLE parents (id BIGINT PRIMARY KEY)")
        transaction.execute(
            "CREATE TABLE children (parent BIGINT REFERENCES parents (id) "
            "DEFERRABLE INITIALLY DEFERRED)"
        )
    for _ in range(2):
        with pytest.raises(StoreError, match="(?i)foreign key"), store.write() as transaction:
            transaction.execute("INSERT INTO children VALUES (1)")
    with store.write() as transaction:
        transaction.execute("INSERT INTO parents VALUES (1)")
        transaction.execute("INSERT INTO children VALUES (1)")
    with store.read() as transaction:
        assert transaction.one("SELECT COUNT(*) FROM children") == (1,)


def test_errors_of_the_caller_pass_as_they_are(store: Store) -> None:
    for kind in (KeyError, KeyboardInterrupt, GeneratorExit):
        with pytest.raises(kind), store.write():
            raise kind
        with pytest.raises(kind), store.read():
            raise kind
    with store.write() as transaction:
        assert transaction.one("SELECT 1") == (1,)


def test_misuse_names_the_remedy(store: Store) -> None:
    with store.write() as transaction:
        with pytest.raises(StoreError, match="open already") as raised, store.write():
            pass
        assert raised.value.hint is not None
    with pytest.raises(StoreError, match="is over"):
        transaction.execute("SELECT 1")
    with pytest.raises(StoreError, match="a statement of it failed"):
        go_on_after_an_error(store)
    store.close()
    with pytest.raises(StoreError, match="is closed"), store.read():
        pass


def go_on_after_an_error(store: Store) -> None:
    with store.write() as transaction, suppress(StoreError):
        transaction.execute("nonsense")


def test_a_conflict_names_the_key(store: Store) -> None:
    with store.write() as transaction:
        transaction.execute("CREATE TABLE named (name TEXT PRIMARY KEY)")
        transaction.execute("INSERT INTO named VALUES ('a')")
    with pytest.raises(StoreConflictError, match="named") as raised, store.write() as transaction:
        transaction.execute("INSERT INTO named VALUES ('a')")
    assert raised.value.hint is None


def test_a_long_wait_for_another_writer_ends_in_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowgrade.store.sqlite.BUSY_SECONDS", 0.2)
    url = f"sqlite:///{tmp_path}/s.db"
    with closing(open_store(url)) as store, closing(connect_store(url)) as other:
        with store.write(), pytest.raises(StoreBusyError) as raised, other.write():
            pass
        assert raised.value.retryable
        with other.write() as transaction:
            transaction.execute("CREATE TABLE free (a TEXT)")


class Crowded(sqlite3.Connection):
    """A connection that is told at once that others are there, as happens seldom and by chance."""

    refusals = 3

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        if self.refusals:
            self.refusals -= 1
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error
        return super().execute(*arguments)


def test_write_ahead_mode_is_entered_in_a_crowd(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "s.db", factory=Crowded)) as connection:
        enter_wal(connection)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_backup_is_whole_or_not_there(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/s.db")) as store:
        first = store.backup("now")
        with store.write() as transaction:
            transaction.execute("CREATE TABLE later (a TEXT)")
        assert store.backup("now") == first == str(tmp_path / "backups" / "s-now.db")
        with closing(open_store(f"sqlite:///{first}")) as copy, copy.read() as transaction:
            assert transaction.one("SELECT COUNT(*) FROM later") == (0,)
        (tmp_path / "backups" / "s-taken.db").mkdir()
        with pytest.raises(StoreError, match="cannot be written"):
            store.backup("taken")
    assert {file.name for file in (tmp_path / "backups").iterdir()} == {"s-now.db", "s-taken.db"}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG])
def test_a_folder_on_a_full_disk_is_said(number: int) -> None:
    error = disk_error("The folder x cannot be made", OSError(number, "no room"))
    assert isinstance(error, StoreFullError)
    assert error.message == "The folder x cannot be made: no room."
    assert error.hint is not None


def test_a_file_system_without_locks_is_not_taken_for_a_busy_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with closing(open_store(f"sqlite:///{tmp_path}/s.db")) as store:
        monkeypatch.setattr(fcntl, "flock", no_locks)
        with pytest.raises(StoreError, match="No locks available"), store.lock("run-a"):
            pass
