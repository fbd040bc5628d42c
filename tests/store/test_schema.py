"""The tables that rooms declare are the tables that migrations make."""

from __future__ import annotations

from types import ModuleType

import pytest

import flowgrade.models.tables
import flowgrade.retrieval.measuring.tables
import flowgrade.retrieval.tables
import flowgrade.runs.tables
import flowgrade.tracing.tables
from flowgrade.store import Store, Table

ROOMS = (
    flowgrade.models.tables,
    flowgrade.retrieval.measuring.tables,
    flowgrade.retrieval.tables,
    flowgrade.runs.tables,
    flowgrade.tracing.tables,
)


def declared(room: ModuleType) -> list[Table]:
    return [value for value in vars(room).values() if isinstance(value, Table)]


TABLES = [table for room in ROOMS for table in declared(room)]


def columns_of(store: Store, table: str) -> tuple[list[str], list[str]]:
    """The columns of a table in order, and those of its key."""
    with store.read() as transaction:
        if store.dialect == "sqlite":
            found = transaction.all("SELECT name, pk FROM pragma_table_info(?)", (table,))
            key = sorted((place, name) for name, place in found if place)
            return [name for name, _ in found], [name for _, name in key]
        columns = transaction.all(
            "SELECT column_name FROM information_schema.columns WHERE table_name = ? "
            "AND table_schema = current_schema() ORDER BY ordinal_position",
            (table,),
        )
        keys = transaction.all(
            "SELECT column_name FROM information_schema.key_column_usage WHERE table_name = ? "
            "AND table_schema = current_schema() ORDER BY ordinal_position",
            (table,),
        )
    return [name for (name,) in columns], [name for (name,) in keys]


def tables_of(store: Store) -> set[str]:
    sql = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if store.dialect == "sqlite"
        else "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    )
    with store.read() as transaction:
        return {name for (name,) in transaction.all(sql)}


def test_every_room_declares_its_tables() -> None:
    assert all(declared(room) for room in ROOMS)


@pytest.mark.parametrize("table", TABLES, ids=[table.name for table in TABLES])
def test_a_declared_table_is_what_migrations_make(store: Store, table: Table) -> None:
    assert columns_of(store, table.name) == (list(table.columns), list(table.key))


def test_no_table_is_undeclared(store: Store) -> None:
    own = {"flowgrade_migrations"}
    assert tables_of(store) - own == {table.name for table in TABLES}
