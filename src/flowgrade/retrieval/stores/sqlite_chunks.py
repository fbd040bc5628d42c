"""The database of a snapshot's chunks while it is written."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from flowgrade.errors import InputError
from flowgrade.retrieval.stores.sqlite_errors import database_error
from flowgrade.retrieval.stores.sqlite_rows import COLUMNS, NAMES, SCHEMA, Row

DocumentEntry = tuple[str, int, int]
"""A document's id, the key of its first chunk, and how many chunks it has."""

_MARKS = ", ".join("?" * len(COLUMNS))
_PUT_IN = f"INSERT INTO chunks (row, {NAMES}) VALUES (?, {_MARKS})"


class ChunksBuilder:
    """Fills the database ``path``.

    A chunk's key is greater than those of all before it, so that their order is that of the rows
    in the arrays. What stays of a base is a copy of its file without what goes: to copy rows costs
    ten times as much.
    """

    def __init__(self, path: Path, base: Path | None) -> None:
        self._path = path
        if base is not None:
            shutil.copyfile(base, path)
        with self._translated():
            self._database = sqlite3.connect(path, isolation_level=None)
            # Nobody reads it before all of it is written and brought to the disk.
            self._database.execute("PRAGMA journal_mode = OFF")
            self._database.execute("PRAGMA synchronous = OFF")
            if base is None:
                for statement in SCHEMA.split(";"):
                    self._database.execute(statement)
            self._database.execute("BEGIN")
            last = "SELECT coalesce(max(row), -1) FROM chunks"
            self._next: int = self._database.execute(last).fetchone()[0] + 1

    def drop(self, documents: Sequence[DocumentEntry]) -> None:
        """Remove documents of the base."""
        with self._translated():
            for document, first, count in documents:
                run = self._database.execute
                run("DELETE FROM chunks WHERE row >= ? AND row < ?", (first, first + count))
                run("DELETE FROM documents WHERE document = ?", (document,))

    def add(self, document: str, rows: Sequence[Row]) -> range:
        """Put a document's chunks in; returns their keys."""
        first, self._next = self._next, self._next + len(rows)
        with self._translated():
            keyed = ((key, *row) for key, row in enumerate(rows, first))
            self._database.executemany(_PUT_IN, keyed)
            entry = (document, first, len(rows))
            self._database.execute("INSERT INTO documents VALUES (?, ?, ?)", entry)
        return range(first, self._next)

    def finish(self) -> None:
        """Write what is left, and give back the room of what went once that is most of it."""
        with self._translated():
            run = self._database.execute
            run("CREATE UNIQUE INDEX IF NOT EXISTS chunk_ids ON chunks (id)")
            run("COMMIT")
            free, pages = (
                run(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count")
            )
            if free * 2 > pages:
                run("VACUUM")

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError as error:
            raise InputError(f"Two chunks of the index have one id: {error}.") from error
        except sqlite3.Error as error:
            raise database_error(self._path, error) from error
