"""SqliteReader: searches the files of a published snapshot."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import numpy

from flowgrade.errors import NotFoundError
from flowgrade.records import JsonObject
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.filters import Filter
from flowgrade.retrieval.stores.ann import Graph, has_usearch
from flowgrade.retrieval.stores.arrays import Array, load, plain
from flowgrade.retrieval.stores.best import best
from flowgrade.retrieval.stores.index_store import RELATED, Found, Nearest
from flowgrade.retrieval.stores.masks import Masks
from flowgrade.retrieval.stores.names import Names
from flowgrade.retrieval.stores.postings import Postings
from flowgrade.retrieval.stores.sqlite_errors import database_error
from flowgrade.retrieval.stores.sqlite_files import (
    CHUNKS,
    GRAPH,
    KEYS,
    VECTORS,
    SnapshotFiles,
    check,
    manifest_of,
)
from flowgrade.retrieval.stores.sqlite_rows import NAMES, chunk_of
from flowgrade.retrieval.stores.vectors import nearest as nearest_rows
from flowgrade.retrieval.stores.vectors import normalised, wrong_dimension
from flowgrade.retrieval.stores.words import Words

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix, Vector

_Part = TypeVar("_Part")

_AT_ONCE = 500  # rows that one statement asks for


class SqliteReader:
    """A published snapshot. Its files never change, so that threads share all but the database."""

    blocks = False

    def __init__(self, files: SnapshotFiles) -> None:
        self._files = files
        self._manifest: JsonObject = manifest_of(files)
        self.dimensions: int | None = self._manifest["dimensions"]
        self.language: str = self._manifest["language"]
        self.database_path: Path = files.published / CHUNKS
        self._lock = threading.Lock()
        self._loading = threading.RLock()
        self._parts: dict[str, Any] = {}
        # Immutable: without locks, and without a journal beside it.
        address = f"file:{quote(str(self.database_path.absolute()))}?mode=ro&immutable=1"
        try:
            self._database = sqlite3.connect(address, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise database_error(self.database_path, error) from error
        self._words = Words(self.language)

    def __len__(self) -> int:
        return int(self._manifest["chunks"])

    def by_words(self, query: str, limit: int, where: Filter = ()) -> list[Found]:
        """The best ``limit`` chunks by BM25, best first."""
        passing = self._masks.passing(where) if where else None
        with self._loading:
            terms = self._words.asked(query)
        return self._found(*self.postings.search(terms, limit, passing))

    def by_related_words(
        self, query: str, nearest: Nearest, limit: int, where: Filter = ()
    ) -> list[Found]:
        """Like ``by_words``, where a word's nearest ones count for it, each by its nearness."""
        passing = self._masks.passing(where) if where else None
        with self._loading:
            words = list(dict.fromkeys(self._words.telling(query)))
            groups = [self._group(*each) for each in zip(words, nearest(words), strict=True)]
        scores = self.postings.related(groups)
        if passing is not None:
            scores *= passing
        return self._found(*best(scores, limit, above=0.0))

    def coverage(self, query: str, chunk: str) -> float:
        """How much of the query's words, each by its rarity, the chunk has: 0 to 1."""
        with self._loading:
            terms = set(self._words.asked(query))
        ((_, key),) = self._named("id, row", [chunk])
        return self.postings.coverage(terms, int(numpy.searchsorted(self.keys, key)))

    def _group(self, word: str, near: Sequence[tuple[str, float]]) -> dict[str, float]:
        """The terms that count for ``word``, with what they count."""
        group: dict[str, float] = {}
        for other, weight in near:
            if len(group) == RELATED:
                break
            term = self._words.term(other)
            if term in self.postings:
                group.setdefault(term, weight)
        return {**group, self._words.term(word): 1.0}

    def by_vector(self, vector: Vector, limit: int, where: Filter = ()) -> list[Found]:
        """The best ``limit`` chunks by cosine similarity, best first."""
        if self.dimensions is None:
            raise wrong_dimension(len(vector), 0)
        unit: Any = normalised(vector, self.dimensions)[0]
        if where:
            return self._found(*nearest_rows(self.matrix, unit, limit, self._masks.passing(where)))
        graph = self._graph()
        if graph is None:
            return self._found(*nearest_rows(self.matrix, unit, limit))
        near = numpy.searchsorted(self.keys, graph.near(unit, limit))
        places, scores = nearest_rows(self.matrix[near], unit, limit)
        return self._found(near[places], scores)

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        """These chunks, in this order; raises NotFoundError for one that is not there."""
        found = {row[0]: chunk_of(row) for row in self._named(NAMES, ids)}
        return [found[id] for id in ids]

    def vectors(self, ids: Sequence[str]) -> Matrix:
        """Their vectors, a row each, of length 1."""
        keys = dict(self._named("id, row", ids))
        rows = numpy.searchsorted(self.keys, [keys[id] for id in ids])
        return self.matrix[rows]

    def of_document(self, document: str) -> list[Chunk]:
        """All chunks of a document, in order; none for one that is not there."""
        entry = self._run("SELECT first, chunks FROM documents WHERE document = ?", (document,))
        if not entry:
            return []
        first, count = entry[0]
        sql = f"SELECT {NAMES} FROM chunks WHERE row >= ? AND row < ? ORDER BY row"
        return [chunk_of(row) for row in self._run(sql, (first, first + count))]

    @cached_property
    def documents(self) -> list[tuple[str, int, int]]:
        """Every document with the key of its first chunk and their number, in order of rows."""
        # Documents without chunks go where they stand in no way of the others.
        return self._run("SELECT document, first, chunks FROM documents ORDER BY first, chunks")

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._database.close()

    @property
    def postings(self) -> Postings:
        """What keyword search reads."""
        return self._part("postings", Postings.NAMES, Postings)

    @property
    def matrix(self) -> Matrix:
        """All vectors, a row each."""
        return self._part("matrix", (VECTORS,), lambda folder: plain(load(folder / VECTORS)))

    @property
    def names(self) -> Names:
        """The ids of all chunks."""
        return self._part("names", Names.NAMES, Names)

    @property
    def keys(self) -> Array:
        """The key of each row's chunk, ascending; where documents went there are gaps."""
        return self._part("keys", (KEYS,), lambda folder: plain(load(folder / KEYS)))

    @property
    def graph_path(self) -> Path | None:
        """The file of the graph for approximate search, where the snapshot has one."""
        return self._files.published / GRAPH if GRAPH in self._manifest["files"] else None

    def _graph(self) -> Graph | None:
        path = self.graph_path
        if path is None or not has_usearch():
            return None
        dimensions = self.dimensions or 0
        return self._part("graph", (GRAPH,), lambda _: Graph(path, dimensions))

    @property
    def _masks(self) -> Masks:
        return self._part("masks", (), lambda _: Masks(len(self), self._run))

    def _part(self, name: str, files: tuple[str, ...], read: Callable[[Path], _Part]) -> _Part:
        # Read when it is first needed, and believed only when its sum is right.
        part = self._parts.get(name)
        if part is None:
            with self._loading:
                part = self._parts.get(name)
                if part is None:
                    check(self._files, self._manifest, files)
                    part = self._parts[name] = read(self._files.published)
        return part

    def _found(self, rows: Array, scores: Array) -> list[Found]:
        return list(map(Found, self.names.of(rows), scores.tolist()))

    def _named(self, columns: str, ids: Sequence[str]) -> list[tuple[Any, ...]]:
        """``columns``, of which id is the first, of these chunks."""
        wanted = list(dict.fromkeys(ids))
        rows: list[tuple[Any, ...]] = []
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(part))
            rows += self._run(f"SELECT {columns} FROM chunks WHERE id IN ({marks})", part)
        if len(rows) < len(wanted):
            missing = set(wanted).difference(row[0] for row in rows)
            raise NotFoundError(
                f"The index '{self._files.index}' has no chunk '{min(missing)}'.",
                hint="The ids of chunks are those that a search of the same snapshot gave.",
            )
        return rows

    def _run(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                return self._database.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise database_error(self.database_path, error) from error
