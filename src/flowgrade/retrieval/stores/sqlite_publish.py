"""From staging and a base to the files of a snapshot."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy

from flowgrade.errors import InputError
from flowgrade.retrieval.stores.arrays import Array, reserve
from flowgrade.retrieval.stores.names import write_names
from flowgrade.retrieval.stores.postings import PostingsBuilder, block_of
from flowgrade.retrieval.stores.sqlite_errors import database_error
from flowgrade.retrieval.stores.sqlite_files import CHUNKS, VECTORS, SnapshotFiles, seal
from flowgrade.retrieval.stores.sqlite_reader import SqliteReader
from flowgrade.retrieval.stores.sqlite_rows import COLUMNS, NAMES, SCHEMA
from flowgrade.retrieval.stores.sqlite_staging import Staged, Staging

_TOGETHER = 2_000_000  # words of new chunks that are sorted at once: some 50 MB
_MARKS = ", ".join("?" * len(COLUMNS))
_PUT_IN = f"INSERT INTO chunks (row, {NAMES}) VALUES (?, {_MARKS})"
_TAKE_OVER = (
    f"INSERT INTO chunks (row, {NAMES}) "
    f"SELECT row + ?, {NAMES} FROM base.chunks WHERE row >= ? AND row < ?"
)
_DOCUMENT = "INSERT INTO documents VALUES (?, ?, ?)"


class Publication:
    """The writing of one snapshot's files into its unfinished folder."""

    def __init__(
        self,
        files: SnapshotFiles,
        staging: Staging,
        base: SqliteReader | None,
        dimensions: int | None,
    ) -> None:
        self._staging = staging
        self._base = base
        self._folder = files.unfinished
        self._kept = _kept(staging, base)
        kept = sum(chunks for _, _, chunks in self._kept)
        self.chunks = kept + staging.chunks()
        self._lengths = numpy.zeros(self.chunks, numpy.int32)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._vectors: Array | None = None
        if dimensions is not None:
            self._vectors = reserve(
                self._folder / VECTORS, (self.chunks, dimensions), numpy.float32
            )
        self._dimensions = dimensions

    def write(self, language: str) -> None:
        """Write and seal them."""
        words = list(self._base.postings.words) if self._base is not None and self._kept else []
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="spill") as spill:
            postings = PostingsBuilder(Path(spill))
            self._write_rows(postings, words)
            postings.write(self._folder, words, self._lengths)
        if isinstance(self._vectors, numpy.memmap):
            self._vectors.flush()
        self._vectors = None
        facts = {"chunks": self.chunks, "dimensions": self._dimensions, "language": language}
        seal(self._folder, facts)

    def _write_rows(self, postings: PostingsBuilder, words: list[str]) -> None:
        path = self._folder / CHUNKS
        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as database:
                _begin(database, self._base)
                row = self._take_over(database, postings)
                self._put_in(database, postings, words, row)
                write_names(self._folder, database.execute("SELECT id FROM chunks ORDER BY row"))
                database.execute("CREATE UNIQUE INDEX chunk_ids ON chunks (id)")
                database.execute("COMMIT")
        except sqlite3.IntegrityError as error:
            raise InputError(f"Two chunks of the index have one id: {error}.") from error
        except sqlite3.Error as error:
            raise database_error(path, error) from error

    def _take_over(self, database: sqlite3.Connection, postings: PostingsBuilder) -> int:
        if self._base is None or not self._kept:
            return 0
        places = numpy.full(len(self._base), -1, numpy.int32)
        row = 0
        for first, last in _runs(self._kept):
            after = row + last - first
            database.execute(_TAKE_OVER, (row - first, first, last))
            places[first:last] = numpy.arange(row, after, dtype=numpy.int32)
            self._lengths[row:after] = self._base.postings.lengths[first:last]
            if self._vectors is not None:
                self._vectors[row:after] = self._base.matrix[first:last]
            row = after
        moved = ((name, int(places[first]) if n else 0, n) for name, first, n in self._kept)
        database.executemany(_DOCUMENT, moved)
        for block in self._base.postings.kept(places):
            postings.add(block)
        return row

    def _put_in(
        self,
        database: sqlite3.Connection,
        postings: PostingsBuilder,
        words: list[str],
        row: int,
    ) -> None:
        numbers = self._final_numbers(words)
        for batch in _batches(self._staging.added()):
            first = row
            for staged in batch:
                after = row + len(staged.rows)
                database.executemany(
                    _PUT_IN, ((n, *each) for n, each in enumerate(staged.rows, row))
                )
                database.execute(_DOCUMENT, (staged.document, row, len(staged.rows)))
                self._lengths[row:after] = staged.lengths
                if self._vectors is not None and after > row:
                    flat = numpy.frombuffer(staged.vectors, numpy.float32)
                    self._vectors[row:after] = flat.reshape(after - row, -1)
                row = after
            terms = numbers[numpy.concatenate([staged.words for staged in batch])]
            postings.add(block_of(terms, self._lengths[first:row], first))

    def _final_numbers(self, words: list[str]) -> Array:
        """For each word of staging its number in ``words``, where new ones are put at the end."""
        known = dict(zip(words, range(len(words)), strict=True))
        numbers = []
        for word in self._staging.words:
            number = known.setdefault(word, len(known))
            if number == len(words):
                words.append(word)
            numbers.append(number)
        return numpy.array(numbers, numpy.int64)


def _kept(staging: Staging, base: SqliteReader | None) -> list[tuple[str, int, int]]:
    """The documents to take over, with their first row and number of chunks, in row order."""
    if base is None:
        return []
    wanted = staging.documents
    return [entry for entry in base.documents() if wanted.get(entry[0])]


def _runs(kept: list[tuple[str, int, int]]) -> Iterator[tuple[int, int]]:
    """The stretches of rows that stay, from and to."""
    start = end = 0
    for _, first, chunks in kept:
        if first != end:
            if end > start:
                yield start, end
            start = first
        end = first + chunks
    if end > start:
        yield start, end


def _batches(documents: Iterator[Staged]) -> Iterator[list[Staged]]:
    batch: list[Staged] = []
    words = 0
    for staged in documents:
        batch.append(staged)
        words += len(staged.words) + len(staged.rows)
        if words > _TOGETHER:
            yield batch
            batch, words = [], 0
    if batch:
        yield batch


def _begin(database: sqlite3.Connection, base: SqliteReader | None) -> None:
    # Nobody reads it before all of it is written and brought to the disk.
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    for statement in SCHEMA.split(";"):
        database.execute(statement)
    if base is not None:
        database.execute("ATTACH ? AS base", (str(base.database_path),))
    database.execute("BEGIN")
