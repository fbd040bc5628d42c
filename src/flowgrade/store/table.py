"""A table as a room declares it; the statements that follow from the declaration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal

from flowgrade.records import Record

Conflict = Literal["error", "keep", "replace"]

_ROWS = 64  # rows in one statement; keeps below SQLite's old limit of 999 values


class Table(Record):
    """Name, columns in order and primary key. Migrations make the table itself."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    def insert(self, rows: int = 1, *, conflict: Conflict = "error") -> str:
        """Insert ``rows`` rows at once, given their values one row after another.

        ``conflict`` says what happens where the key is there already: ``error``, ``keep`` the row
        that is there, or ``replace`` its values.
        """
        marks = f"({', '.join('?' * len(self.columns))})"
        sql = f"INSERT INTO {self.name} ({', '.join(self.columns)}) VALUES "
        sql += ", ".join([marks] * rows)
        if conflict == "error":
            return sql
        key = ", ".join(self.key)
        changes = ", ".join(f"{c} = excluded.{c}" for c in self.columns if c not in self.key)
        if conflict == "keep" or not changes:
            return f"{sql} ON CONFLICT ({key}) DO NOTHING"
        return f"{sql} ON CONFLICT ({key}) DO UPDATE SET {changes}"

    @property
    def select(self) -> str:
        """Select all columns in order; add a WHERE clause."""
        return f"SELECT {', '.join(self.columns)} FROM {self.name}"


def insertions(
    table: Table, rows: Sequence[Sequence[Any]], conflict: Conflict
) -> Iterator[tuple[str, list[Any]]]:
    """The statements, with their values, that insert ``rows``: 64 rows each, then the rest.

    One statement for many rows: a database driver gives the interpreter's lock away at each, and
    a thread that computes would take its turn each time.
    """
    wanted = _last(table, rows) if conflict == "replace" else rows
    for start in range(0, len(wanted), _ROWS):
        part = wanted[start : start + _ROWS]
        yield _statement(table, len(part), conflict), [value for row in part for value in row]


def sound_text(values: Sequence[object]) -> list[object]:
    """``values`` with what UTF-8 cannot write, lone surrogates, made visible as ``\\udc80``."""
    return [
        value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
        for value in values
    ]


def _last(table: Table, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    # PostgreSQL refuses to replace a row twice in one statement; the last one counts.
    places = [table.columns.index(name) for name in table.key]
    return list({tuple(row[place] for place in places): row for row in rows}.values())


@lru_cache(maxsize=256)
def _statement(table: Table, rows: int, conflict: Conflict) -> str:
    return table.insert(rows, conflict=conflict)
