"""From staging and a base to the files of a snapshot."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import numpy

from flowgrade.records import Json
from flowgrade.retrieval.stores.ann import wants_graph, write_graph
from flowgrade.retrieval.stores.arrays import Array, reserve, save
from flowgrade.retrieval.stores.names import NamesBuilder
from flowgrade.retrieval.stores.postings import PostingsBuilder, block_of
from flowgrade.retrieval.stores.sqlite_chunks import ChunksBuilder, DocumentEntry
from flowgrade.retrieval.stores.sqlite_files import (
    CHUNKS,
    GRAPH,
    KEYS,
    VECTORS,
    SnapshotFiles,
    seal,
)
from flowgrade.retrieval.stores.sqlite_reader import SqliteReader
from flowgrade.retrieval.stores.sqlite_staging import Staged, Staging

_TOGETHER = 2_000_000  # words of new chunks that are sorted at once: some 50 MB


class Publication:
    """The writing of one snapshot's files into its unfinished folder."""

    def __init__(
        self,
        files: SnapshotFiles,
        staging: Staging,
        base: SqliteReader | None,
        dimensions: int | None,
    ) -> None:
        stays = {document for document, kept in staging.documents.items() if kept}
        self._base = base if stays else None
        self._staging = staging
        self._documents = self._base.documents if self._base is not None else []
        self._goes = [entry for entry in self._documents if entry[0] not in stays]
        self._runs = list(_runs(self._documents, stays))
        self.chunks = sum(last - first for first, last in self._runs) + staging.chunks()
        self._dimensions = dimensions
        self._lengths = numpy.zeros(self.chunks, numpy.int32)
        self._keys = numpy.zeros(self.chunks, numpy.int64)
        self._folder = files.unfinished
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._vectors: Array | None = None
        if dimensions is not None:
            shape = (self.chunks, dimensions)
            self._vectors = reserve(self._folder / VECTORS, shape, numpy.float32)

    def write(self, language: str, options: Mapping[str, Json]) -> None:
        """Write and seal them."""
        words = list(self._base.postings.words) if self._base is not None else []
        with ExitStack() as open_files:
            spill = tempfile.TemporaryDirectory(dir=self._folder, prefix="spill")
            postings = PostingsBuilder(Path(open_files.enter_context(spill)))
            path = self._base.database_path if self._base is not None else None
            chunks = ChunksBuilder(self._folder / CHUNKS, path)
            open_files.enter_context(closing(chunks))
            names = NamesBuilder(self._folder)
            open_files.enter_context(closing(names))
            row = self._take_over(chunks, names, postings)
            self._put_in(chunks, names, postings, words, row)
            chunks.finish()
            postings.write(self._folder, words, self._lengths)
        save(self._folder / KEYS, self._keys)
        if self._vectors is not None and wants_graph(options, self.chunks):
            self._write_graph(self._vectors)
        facts = {"chunks": self.chunks, "dimensions": self._dimensions, "language": language}
        seal(self._folder, facts)

    def _take_over(
        self, chunks: ChunksBuilder, names: NamesBuilder, postings: PostingsBuilder
    ) -> int:
        """Put in what stays of the base; returns how many rows that are."""
        base = self._base
        if base is None:
            return 0
        chunks.drop(self._goes)
        places = numpy.full(len(base), -1, numpy.int32)
        row = 0
        for first, last in self._runs:
            after = row + last - first
            places[first:last] = numpy.arange(row, after, dtype=numpy.int32)
            names.take_over(base.names, first, last)
            self._keys[row:after] = base.keys[first:last]
            self._lengths[row:after] = base.postings.lengths[first:last]
            if self._vectors is not None:
                self._vectors[row:after] = base.matrix[first:last]
            row = after
        for block in base.postings.kept(places):
            postings.add(block)
        return row

    def _put_in(
        self,
        chunks: ChunksBuilder,
        names: NamesBuilder,
        postings: PostingsBuilder,
        words: list[str],
        row: int,
    ) -> None:
        """Put in what staging has, from ``row`` on."""
        numbers = _joined(words, self._staging.words)
        for batch in _batches(self._staging.added()):
            first = row
            for staged in batch:
                after = row + len(staged.rows)
                self._keys[row:after] = chunks.add(staged.document, staged.rows)
                names.add([values[0] for values in staged.rows])
                self._lengths[row:after] = staged.lengths
                if self._vectors is not None and after > row:
                    flat = numpy.frombuffer(staged.vectors, numpy.float32)
                    self._vectors[row:after] = flat.reshape(after - row, -1)
                row = after
            terms = numbers[numpy.concatenate([staged.words for staged in batch])]
            postings.add(block_of(terms, self._lengths[first:row], first))

    def _write_graph(self, vectors: Array) -> None:
        path = self._base.graph_path if self._base is not None else None
        gone = [key for _, first, n in self._goes for key in range(first, first + n)]
        old = sum(last - first for first, last in self._runs) if path else 0
        write_graph(
            self._folder / GRAPH, path, gone=gone, keys=self._keys[old:], vectors=vectors[old:]
        )


def _joined(words: list[str], more: Sequence[str] | dict[str, int]) -> Array:
    """For each of ``more`` its number in ``words``, where new ones are put at the end."""
    known = dict(zip(words, range(len(words)), strict=True))
    numbers = []
    for word in more:
        number = known.setdefault(word, len(known))
        if number == len(words):
            words.append(word)
        numbers.append(number)
    return numpy.array(numbers, numpy.int64)


def _runs(documents: Sequence[DocumentEntry], stays: set[str]) -> Iterator[tuple[int, int]]:
    """The stretches of rows that stay, from and to."""
    start = row = 0
    for document, _, count in documents:
        if document not in stays:
            if row > start:
                yield start, row
            start = row + count
        row += count
    if row > start:
        yield start, row


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
