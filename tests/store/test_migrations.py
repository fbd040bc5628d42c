"""Migrations: once each, all or nothing, one process at a time, after a backup."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flowgrade.errors import StoreError
from flowgrade.store import Store, connect_store, migrate, migration_state, open_store
from flowgrade.store.migrate import Migration, migrations, prepare, read_migrations
from tests.store.conftest import Start

MORE = "CREATE TABLE more (a TEXT); -- a remark; with a semicolon\nCREATE INDEX more_a ON more (a);"
NAME = "9000_more"

UPGRADE = """
import sys
from pathlib import Path
from flowgrade.store import connect_store, migrate
from flowgrade.store.migrate import migrations, read_migrations

known = (*migrations(), *read_migrations(Path(sys.argv[2])))
store = connect_store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(*migrate(store, known), flush=True)
store.close()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one migration more than Flowgrade has."""
    made = tmp_path / "migrations"
    made.mkdir()
    (made / f"{NAME}.sql").write_text(MORE, encoding="utf-8")
    (made / "notes.txt").write_text("no migration", encoding="utf-8")
    return made


@pytest.fixture
def newer(folder: Path) -> tuple[Migration, ...]:
    return (*migrations(), *read_migrations(folder))


@pytest.fixture
def empty(empty_url: str) -> Iterator[Store]:
    store = connect_store(empty_url)
    yield store
    store.close()


def names(store: Store) -> set[str]:
    sql = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if store.dialect == "sqlite"
        else "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    )
    with store.read() as transaction:
        return {name for (name,) in transaction.all(sql)}


def add_run(store: Store, name: str) -> None:
    with store.write() as transaction:
        transaction.execute(
            "INSERT INTO runs (id, flow, dataset, status, definition, created_ns, seconds, "
            "metrics, aggregation, cancel_asked) "
            "VALUES (?, 'f', 'd', 'completed', '{}', 1, 1, '{}', '{}', 0)",
            (name,),
        )


def test_a_new_database_gets_everything_once(empty: Store) -> None:
    every = tuple(step.name for step in migrations())
    assert migration_state(empty).pending == every
    assert migrate(empty) == every
    assert migrate(empty) == ()
    state = migration_state(empty)
    assert (state.applied, state.pending) == (every, ())


def test_an_upgrade_adds_what_is_missing(store: Store, newer: tuple[Migration, ...]) -> None:
    add_run(store, "kept")
    assert migrate(store, newer) == (NAME,)
    assert "more" in names(store)
    with store.read() as transaction:
        assert transaction.all("SELECT id FROM runs") == [("kept",)]


def test_a_newer_database_is_refused(store: Store, newer: tuple[Migration, ...]) -> None:
    migrate(store, newer)
    for look in (migration_state, migrate, prepare):
        with pytest.raises(StoreError, match="newer Flowgrade") as raised:
            look(store)
        assert raised.value.hint is not None


def test_a_migration_that_fails_leaves_the_old_state(store: Store, folder: Path) -> None:
    (folder / "9001_broken.sql").write_text(
        "CREATE TABLE broken (a TEXT); INSERT INTO nowhere VALUES (1);", encoding="utf-8"
    )
    before, state = names(store), migration_state(store)
    with pytest.raises(StoreError, match="nowhere"):
        migrate(store, (*migrations(), *read_migrations(folder)))
    assert names(store) == before
    assert migration_state(store) == state
    add_run(store, "usable")


def test_an_older_sqlite_file_is_backed_up_and_migrated_as_it_opens(
    tmp_path: Path, newer: tuple[Migration, ...]
) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/s.db")) as store:
        add_run(store, "kept")
        prepare(store, newer)
        assert migration_state(store, newer).pending == ()
        add_run(store, "later")
    (backup,) = (tmp_path / "backups").iterdir()
    assert backup.name == f"s-before-{NAME}.db"
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT id FROM runs").fetchall() == [("kept",)]
        found = connection.execute("SELECT name FROM flowgrade_migrations").fetchall()
        assert found == [(step.name,) for step in migrations()]


def test_no_backup_means_no_migration(tmp_path: Path, newer: tuple[Migration, ...]) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/s.db")) as store:
        (tmp_path / "backups").touch()  # a file stands where the folder should
        with pytest.raises(StoreError, match="cannot be made"):
            prepare(store, newer)
        assert migration_state(store, newer).pending == (NAME,)


def test_an_older_server_is_left_to_its_owner(
    empty_postgres: str, newer: tuple[Migration, ...]
) -> None:
    with closing(open_store(empty_postgres)) as store:
        with pytest.raises(StoreError, match="older schema") as raised:
            prepare(store, newer)
        assert raised.value.hint is not None
        assert "flowgrade store migrate" in raised.value.hint
        assert "more" not in names(store)
        assert store.backup("now") is None


def test_processes_that_upgrade_at_once_do_it_once(
    store: Store, store_url: str, folder: Path, tmp_path: Path, start: Start
) -> None:
    add_run(store, "kept")
    processes = [start(UPGRADE, store_url, folder) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = sorted(process.communicate(timeout=60)[0] for process in processes)
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert outputs == ["\n", "\n", f"{NAME}\n"]
    if store.dialect == "sqlite":  # the backup is of the state before, whoever came second
        with closing(sqlite3.connect(tmp_path / "backups" / f"store-before-{NAME}.db")) as copy:
            assert copy.execute("SELECT id FROM runs").fetchall() == [("kept",)]
            assert not copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'more'").fetchall()


def test_our_migrations_can_be_split_at_semicolons() -> None:
    files = Path(__file__).parents[2] / "src" / "flowgrade" / "store" / "migrations"
    for file in files.glob("*.sql"):
        text = file.read_text(encoding="utf-8")
        assert re.fullmatch(r"\d{4}_[a-z0-9_]+\.sql", file.name)
        for literal in re.findall(r"'[^']*'", re.sub(r"--.*", "", text)):
            assert ";" not in literal
            assert "--" not in literal
        assert "?" not in re.sub(r"--.*", "", text)


def test_numbers_of_migrations_are_unique_and_without_gaps() -> None:
    assert [step.number for step in migrations()] == list(range(1, len(migrations()) + 1))
