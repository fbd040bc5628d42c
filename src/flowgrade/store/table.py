"""A table as a room declares it; the statements that follow from the declaration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

Conflict = Literal["error", "keep", "replace"]

_ROWS = 64  # rows in one statement; keeps below SQLite's old limit of 999 values


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
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
        if conflict == "keep":
            return f"{sql} ON CONFLICT ({key}) DO NOTHING"
        changes = ", ".join(f"{c} = excluded.{c}" for c in self.columns if c not in self.key)
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
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        yield _statement(table, len(part), conflict), [value for row in part for value in row]


@lru_cache(maxsize=256)
def _statement(table: Table, rows: int, conflict: Conflict) -> str:
    return table.insert(rows, conflict=conflict)
