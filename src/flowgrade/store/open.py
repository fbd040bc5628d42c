"""Open a store by its URL."""

from __future__ import annotations

from pathlib import Path

from flowgrade.errors import MissingExtraError, SettingsError
from flowgrade.store.database import Store
from flowgrade.store.migrate import prepare
from flowgrade.store.sqlite import SqliteStore


def open_store(url: str) -> Store:
    """Open ``sqlite:///path`` or ``postgresql://…`` with its tables ready.

    A new database gets its tables at once; an older SQLite file is backed up and migrated. An
    older PostgreSQL database raises StoreError that names the command to run, since a team
    decides when its server changes.
    """
    store = connect_store(url)
    try:
        prepare(store)
    except BaseException:
        store.close()
        raise
    return store


def store_exists(url: str) -> bool:
    """Whether there is something to open; a server counts as there."""
    return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///")).is_file()


def connect_store(url: str) -> Store:
    """Connect without looking at the tables."""
    if url.startswith("sqlite:///"):
        path = url.removeprefix("sqlite:///")
        if not path:
            raise SettingsError(
                "FLOWGRADE_STORE names no file.", hint="Write it as sqlite:///path/to/store.db."
            )
        return SqliteStore(Path(path))
    if url.startswith(("postgresql://", "postgres://")):
        return _postgres(url)
    raise SettingsError(
        f"'{url.split('://', 1)[0]}' is no database that Flowgrade can use.",
        hint="Set FLOWGRADE_STORE to postgresql://… or to the path of a SQLite file.",
    )


def _postgres(url: str) -> Store:
    try:
        from flowgrade.store.postgres import PostgresStore  # noqa: PLC0415  optional dependency
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "psycopg":
            raise
        raise MissingExtraError("postgres", purpose="A PostgreSQL store") from error
    return PostgresStore(url)
