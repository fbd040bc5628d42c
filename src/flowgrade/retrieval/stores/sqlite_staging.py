"""Staging: what a build has taken so far, safe against the end of its process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy

from flowgrade.records import dumps, loads
from flowgrade.retrieval.stores.arrays import Array
from flowgrade.retrieval.stores.sqlite_errors import database_error, disk_error
from flowgrade.retrieval.stores.sqlite_rows import Row

_SCHEMA = """
CREATE TABLE documents (
  position INTEGER PRIMARY KEY, document TEXT NOT NULL UNIQUE,
  chunks BLOB NOT NULL, lengths BLOB NOT NULL, words BLOB NOT NULL, vectors BLOB NOT NULL
);
CREATE TABLE kept (documents TEXT NOT NULL);
CREATE TABLE words (number INTEGER PRIMARY KEY, word TEXT NOT NULL);
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)
"""
_ADD = (
    "INSERT OR REPLACE INTO documents (document, chunks, lengths, words, vectors) "
    "VALUES (?, ?, ?, ?, ?)"
)
_ADDED = "SELECT document, chunks, lengths, words, vectors FROM documents ORDER BY position"


class Staged(NamedTuple):
    """A document that was put in."""

    document: str
    rows: list[Row]
    lengths: Array
    """Words of each chunk."""
    words: Array
    """The numbers of all words, chunk after chunk."""
    vectors: bytes


class Staging:
    """The staging file of one snapshot; one process at a time may have it open.

    What was written stays when the process is killed: it has left the process with each commit.
    """

    def __init__(self, path: Path, base: str | None) -> None:
        self._path = path
        self._fresh: list[tuple[int, str]] = []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise disk_error(path.parent, error) from error
        with self._translated():
            self._database = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=0.25
            )
            try:
                self._begin(base or "")
                kept = self._database.execute("SELECT documents FROM kept").fetchall()
                added = self._database.execute("SELECT document FROM documents").fetchall()
                words = self._database.execute("SELECT word FROM words ORDER BY number").fetchall()
            except BaseException:
                self._database.close()
                raise
        # A list of them is one row: ten thousand rows would cost as much as all else.
        self.documents: dict[str, bool] = {name: True for (part,) in kept for name in loads(part)}
        """What is there; True where it is taken over from the base."""
        self.documents.update((name, False) for (name,) in added)
        self.words: dict[str, int] = {word: number for number, (word,) in enumerate(words)}

    def _begin(self, base: str) -> None:
        run = self._database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = NORMAL")
        run("BEGIN EXCLUSIVE")
        if not run("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in _SCHEMA.split(";"):
                run(statement)
        # What was taken over from another base is not what this build means.
        if run("SELECT value FROM facts WHERE name = 'base'").fetchone() != (base,):
            run("DELETE FROM kept")
            run("INSERT OR REPLACE INTO facts VALUES ('base', ?)", (base,))
        run("COMMIT")

    def numbers(self, terms: Sequence[str]) -> list[int]:
        """The numbers of terms; new ones are stored with the next document."""
        known = self.words
        try:
            return [known[term] for term in terms]
        except KeyError:
            return [known[term] if term in known else self._number(term) for term in terms]

    def _number(self, term: str) -> int:
        number = self.words[term] = len(self.words)
        self._fresh.append((number, term))
        return number

    def keep(self, documents: Sequence[str]) -> None:
        """Note that these are taken over from the base."""
        instead = [(each,) for each in documents if self.documents.get(each) is False]
        with self._transaction():
            self._database.executemany("DELETE FROM documents WHERE document = ?", instead)
            self._database.execute("INSERT INTO kept VALUES (?)", (dumps(list(documents)),))
        self.documents.update(dict.fromkeys(documents, True))

    def add(self, document: str, rows: list[Row], words: list[list[int]], vectors: bytes) -> None:
        """Store a document's chunks; replaces what was there of it."""
        numbers = numpy.array([number for each in words for number in each], numpy.int32)
        lengths = numpy.array([len(each) for each in words], numpy.int32)
        values = (document, dumps(rows).encode(), lengths.tobytes(), numbers.tobytes(), vectors)
        with self._transaction():
            if self._fresh:
                self._database.executemany("INSERT INTO words VALUES (?, ?)", self._fresh)
            self._database.execute(_ADD, values)
        self._fresh.clear()
        self.documents[document] = False

    def chunks(self) -> int:
        """How many chunks the documents have that were put in."""
        sql = "SELECT coalesce(sum(length(lengths)), 0) FROM documents"
        with self._translated():
            total = self._database.execute(sql).fetchone()[0]
        return int(total) // numpy.dtype(numpy.int32).itemsize

    def added(self) -> Iterator[Staged]:
        """The documents that were put in, in the order in which that happened."""
        with self._translated():
            for document, chunks, lengths, words, vectors in self._database.execute(_ADDED):
                yield Staged(
                    document,
                    loads(chunks),
                    numpy.frombuffer(lengths, numpy.int32),
                    numpy.frombuffer(words, numpy.int32),
                    vectors,
                )

    def close(self) -> None:
        """Let the file go."""
        self._database.close()

    def discard(self) -> None:
        """Let the file go without bringing it to the disk: it will be removed."""
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._translated():
            self._database.execute("BEGIN")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise database_error(self._path, error) from error
