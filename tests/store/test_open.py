"""Opening a store: where it is, and what is said when it cannot be opened."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flowgrade.errors import SettingsError, StoreError
from flowgrade.store import connect_store, migration_state, open_store

NOBODY = 65_534


def test_a_new_store_is_made_with_its_folders_and_tables(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "store.db"
    with closing(open_store(f"sqlite:///{file}")) as store:
        assert store.place == str(file)
        assert migration_state(store).pending == ()
    assert file.is_file()


def test_the_state_folder_stays_out_of_git(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/.flowgrade/store.db").close()
    assert (tmp_path / ".flowgrade" / ".gitignore").read_text(encoding="utf-8") == "*\n"


@pytest.mark.parametrize("name", ["with space.db", "grüße-東京.db", "a?b#c%20d.db", "-x'\".db"])
def test_a_path_may_hold_any_character(tmp_path: Path, name: str) -> None:
    folder = tmp_path / f"in {name}"
    with closing(open_store(f"sqlite:///{folder / name}")) as store:
        with store.lock("run-a") as held:
            assert held
        assert store.backup("now") is not None
    assert (folder / name).is_file()


def test_a_store_that_cannot_be_opened_leaves_nothing_open(tmp_path: Path) -> None:
    descriptors = Path("/dev/fd")
    if not descriptors.is_dir():
        pytest.skip("this system does not show its descriptors")
    (tmp_path / "no.db").write_text("no database, " * 100, encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE runs (mine TEXT)")
    before, kept = len(list(descriptors.iterdir())), []
    for name in ("no.db", "other.db"):
        with pytest.raises(StoreError) as raised:
            open_store(f"sqlite:///{tmp_path}/{name}")
        kept.append(raised)  # and with it the frames that hold the connection
    assert len(list(descriptors.iterdir())) == before


def test_closing_leaves_one_file(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/s.db")) as store, store.write() as transaction:
        transaction.execute("CREATE TABLE a (b TEXT)")
    assert [file.name for file in tmp_path.iterdir()] == ["s.db"]


def test_a_relative_path_stays_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(f"sqlite:///{tmp_path}/s.db").close()
    monkeypatch.chdir(tmp_path)
    with closing(open_store("sqlite:///s.db")) as store:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        with store.write() as transaction:  # a connection of its own, opened now
            transaction.execute("CREATE TABLE a (b TEXT)")
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["s.db"]
    assert not any((tmp_path / "elsewhere").iterdir())


def test_opening_waits_while_somebody_reads_a_file_in_another_mode(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as reader:
        reader.execute("CREATE TABLE theirs (a TEXT)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM theirs").fetchall()
        release = threading.Timer(0.2, reader.execute, ["COMMIT"])
        release.start()
        with closing(connect_store(f"sqlite:///{file}")) as store, store.read() as transaction:
            assert transaction.one("PRAGMA journal_mode") == ("wal",)
        release.join()


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("These are notes, " * 100, encoding="utf-8")
    with pytest.raises(StoreError, match="not a SQLite database") as raised:
        open_store(f"sqlite:///{file}")
    assert raised.value.hint is not None
    assert "FLOWGRADE_STORE" in raised.value.hint
    assert file.read_text(encoding="utf-8").startswith("These are notes")


def test_a_damaged_database_is_an_error_of_the_store(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    open_store(f"sqlite:///{file}").close()
    content = file.read_bytes()
    file.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    with pytest.raises(StoreError, match="malformed|not a SQLite database") as raised:
        open_store(f"sqlite:///{file}")
    assert raised.value.hint is not None


def test_tables_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE runs (mine TEXT)")
    with pytest.raises(StoreError, match="runs already exists"):
        open_store(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("runs",)]


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(f"sqlite:///{tmp_path}")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made") as raised:
        open_store(f"sqlite:///{tmp_path}/file/below/s.db")
    assert raised.value.hint is not None


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder of ours; inside the test we are a user who may only read it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        open_store(f"sqlite:///{folder}/s.db").close()
        (folder / "s.db").chmod(0o444)
        folder.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(NOBODY)
        yield folder
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


def test_a_folder_that_is_not_ours_is_an_error_with_a_hint(as_nobody: Path) -> None:
    for place in ("s.db", "new.db", "new/s.db"):
        with pytest.raises(StoreError, match=r"cannot be (opened|written|made)") as raised:
            open_store(f"sqlite:///{as_nobody}/{place}")
        assert raised.value.hint is not None


@pytest.mark.parametrize("url", ["mysql://u:hush@h/db", "sqlite:///", "nonsense"])
def test_a_store_of_another_kind_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        connect_store(url)
    assert raised.value.hint is not None
    assert "hush" not in str(raised.value)


def test_without_psycopg_the_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from flowgrade.errors import MissingExtraError\n"
        "from flowgrade.store import connect_store\n"
        "try: connect_store('postgresql://h/d')\n"
        "except MissingExtraError as error: print(error.hint)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert "pip install 'flowgrade[postgres]'" in found.stdout


class TestPostgres:
    """Passwords never show, and what is wrong does."""

    pytest.importorskip("psycopg")

    def test_an_unreachable_server_is_named_without_the_password(self) -> None:
        with socket.socket() as taken:  # bound, but nobody listens
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            with pytest.raises(StoreError, match="cannot be reached") as raised:
                connect_store(f"postgresql://ada:hush@127.0.0.1:{port}/db")
        assert f"postgresql://127.0.0.1:{port}/db" in raised.value.message
        assert "hush" not in f"{raised.value} {raised.value.__cause__!r}"

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://ada:1234/hush@host/db",
            "postgresql://ada:hush@secret@host:x/db",
            "postgresql://ada:hush/word@host/db",
            "postgresql://ada:hush@host/db?nonsense=hush",
            "postgres://ada:hush%ZZ@host/db",
            "postgresql://ada:hush/word@host",
            "postgresql://ada:hush@hush@host/db",
            "postgresql://ada:hush",
            "postgresql://",
        ],
    )
    def test_a_malformed_address_is_not_quoted(self, url: str) -> None:
        with pytest.raises(SettingsError) as raised:
            connect_store(url)
        assert "%40" in str(raised.value)
        assert "hush" not in str(raised.value)
        assert raised.value.__context__ is None

    def test_a_missing_database_is_named(self, empty_postgres: str) -> None:
        with pytest.raises(StoreError, match="does not exist") as raised:
            connect_store(f"{empty_postgres}_missing")
        assert raised.value.hint is not None

    def test_the_place_holds_neither_user_nor_password(self, empty_postgres: str) -> None:
        url = empty_postgres.replace("postgres@", "postgres:hush@")
        with closing(connect_store(url)) as store:
            assert store.place.startswith("postgresql://127.0.0.1:")
            assert "hush" not in store.place
            assert "postgres@" not in store.place
            with pytest.raises(StoreError) as raised, store.read() as transaction:
                transaction.all("SELECT nonsense")
        assert "hush" not in str(raised.value)
