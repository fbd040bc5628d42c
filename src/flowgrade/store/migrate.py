"""Bring a database to the current schema, one numbered SQL file after another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from flowgrade.errors import StoreError
from flowgrade.records import Record
from flowgrade.store.database import Store, Transaction

_FILE = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_HISTORY = """
CREATE TABLE IF NOT EXISTS flowgrade_migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL
)
"""
_ONE_AT_A_TIME = 0x464C4F574D494752  # the key of PostgreSQL's lock for migrations


class Migration(Record):
    """One step of the schema."""

    number: int
    name: str
    file: Path

    def statements(self) -> tuple[str, ...]:
        """What it does, in order."""
        return _split(self.file.read_text(encoding="utf-8"))


class MigrationState(Record):
    """Which migrations a database has and lacks."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]


@cache
def migrations() -> tuple[Migration, ...]:
    """Every migration that this version of Flowgrade knows, in order."""
    return read_migrations(Path(__file__).parent / "migrations")


def read_migrations(folder: Path) -> tuple[Migration, ...]:
    """The migrations in ``folder``, files such as ``0001_runs.sql``, in order."""
    found = [
        Migration(number=int(match[1]), name=file.stem, file=file)
        for file in folder.iterdir()
        if (match := _FILE.fullmatch(file.name))
    ]
    return tuple(sorted(found, key=lambda migration: migration.number))


def migration_state(store: Store, known: Sequence[Migration] | None = None) -> MigrationState:
    """What ``store`` has and what it lacks of ``known``, by default Flowgrade's own migrations.

    Raises StoreError when it is newer than this code.
    """
    with store.read() as transaction:
        applied = _applied(transaction, store.dialect)
    pending = _pending(applied, _known(known), store.place)
    return MigrationState(
        applied=tuple(applied.values()), pending=tuple(step.name for step in pending)
    )


def migrate(store: Store, known: Sequence[Migration] | None = None) -> tuple[str, ...]:
    """Apply what is missing, after a backup; returns the names of the migrations applied.

    All of it happens in one transaction: another process sees the old schema or the new one, and
    of several that migrate at once one does the work.
    """
    with store.write() as transaction:
        if store.dialect == "postgresql":
            transaction.execute("SELECT pg_advisory_xact_lock(?)", (_ONE_AT_A_TIME,))
        applied = _applied(transaction, store.dialect)
        pending = _pending(applied, _known(known), store.place)
        if applied and pending:
            # This transaction keeps others from writing, and has not written itself.
            store.backup(f"before-{pending[0].name}")
        if not applied:
            transaction.execute(_HISTORY)
        for migration in pending:
            _apply(transaction, migration)
    return tuple(migration.name for migration in pending)


def prepare(store: Store, known: Sequence[Migration] | None = None) -> None:
    """Make the tables of a new database, migrate an older SQLite file, refuse an older server."""
    state = migration_state(store, known)
    if not state.pending:
        return
    if state.applied and store.dialect != "sqlite":
        raise StoreError(
            f"The store {store.place} has an older schema ({len(state.pending)} steps behind).",
            hint="Back the database up, then run: flowgrade store migrate",
        )
    migrate(store, known)


def _apply(transaction: Transaction, migration: Migration) -> None:
    for statement in migration.statements():
        transaction.execute(statement)
    transaction.execute(
        "INSERT INTO flowgrade_migrations (number, name) VALUES (?, ?)",
        (migration.number, migration.name),
    )


def _applied(transaction: Transaction, dialect: str) -> dict[int, str]:
    catalogue = (
        "SELECT 1 FROM sqlite_master WHERE name = ?"
        if dialect == "sqlite"
        else "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?"
    )
    if transaction.one(catalogue, ("flowgrade_migrations",)) is None:
        return {}
    rows = transaction.all("SELECT number, name FROM flowgrade_migrations ORDER BY number")
    return {int(number): str(name) for number, name in rows}


def _known(known: Sequence[Migration] | None) -> Sequence[Migration]:
    return migrations() if known is None else known


def _pending(
    applied: dict[int, str], known: Sequence[Migration], place: str
) -> tuple[Migration, ...]:
    newest = known[-1].number if known else 0
    if applied and max(applied) > newest:
        raise StoreError(
            f"The store {place} was made by a newer Flowgrade.",
            hint="Upgrade Flowgrade: pip install --upgrade flowgrade",
        )
    return tuple(migration for migration in known if migration.number not in applied)


def _split(text: str) -> tuple[str, ...]:
    # Our migrations hold no semicolon inside a statement; a test keeps it so.
    lines = (line.split("--", 1)[0].rstrip() for line in text.splitlines())
    statements = "\n".join(line for line in lines if line).split(";")
    return tuple(statement.strip() for statement in statements if statement.strip())
