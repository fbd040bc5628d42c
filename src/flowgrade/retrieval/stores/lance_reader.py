"""Search a snapshot in LanceDB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy
from lancedb.query import MatchQuery

from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.filters import Filter
from flowgrade.retrieval.stores.facets import clauses_of, key_of, search_filtered
from flowgrade.retrieval.stores.index_store import Found, StorePlace
from flowgrade.retrieval.stores.lance_tables import Tables, keys_condition, sql_of
from flowgrade.retrieval.stores.missing import no_chunk, not_published
from flowgrade.retrieval.stores.packing import unpack
from flowgrade.retrieval.stores.words import Words

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix, Vector

_PROBES = 20
_EF = 200
_REFINE = 4
"""How many times more candidates than asked for are compared exactly."""


class LanceReader:
    """Searches one published snapshot, from any thread."""

    def __init__(self, place: StorePlace) -> None:
        self._place = place
        self._words = Words(place.language)
        self._tables = Tables(place)
        with self._tables.translated():
            approximate = self._tables.published()
            if approximate is None:
                raise not_published(place)
            self._approximate = approximate
            self._table = self._tables.open()
            self._count = int(self._table.count_rows())

    def __len__(self) -> int:
        return self._count

    @property
    def blocks(self) -> bool:
        """A disk is read, or object storage."""
        return True

    def by_words(self, query: str, limit: int, where: Filter = ()) -> list[Found]:
        """LanceDB's BM25 over our words."""
        words = " ".join(self._words.asked(query))
        if not words or not self._count:
            return []

        def search(asked: int) -> list[tuple[float, Chunk]]:
            match = MatchQuery(words, "words")  # type: ignore[call-arg]  # pydantic has defaults
            return self._rows(self._table.search(match, query_type="fts"), asked, where, "_score")

        with self._tables.translated():
            return search_filtered(search, limit, where, most=self._count)

    def by_vector(self, vector: Vector, limit: int, where: Filter = ()) -> list[Found]:
        """Exact, or by the index of a large snapshot, ordered by the vectors themselves."""
        if self._place.dimensions is None or not self._count:
            return []
        with self._tables.translated():
            found = self._nearest(vector, limit, where, exact=not self._approximate)
            if self._approximate and len(found) < min(limit, self._count):
                found = self._nearest(vector, limit, where, exact=True)
            return found

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        """By the index on their keys."""
        return [unpack(packed) for packed in self._columns("packed", ids)]

    def vectors(self, ids: Sequence[str]) -> Matrix:
        """As they were put in."""
        size = self._place.dimensions or 0
        found = self._columns("vector", ids)
        return numpy.array(found, numpy.float32).reshape(len(ids), size)

    def of_document(self, document: str) -> list[Chunk]:
        """By the index on documents."""
        condition = keys_condition("document_key", [document])
        with self._tables.translated():
            found = self._table.search().where(condition).select(["packed", "number"])
            rows = found.limit(max(self._count, 1)).to_arrow().sort_by("number")
        return [unpack(packed) for packed in rows["packed"].to_pylist()]

    def close(self) -> None:
        """LanceDB lets go of its files by itself."""

    def _nearest(self, vector: Vector, limit: int, where: Filter, *, exact: bool) -> list[Found]:
        def search(asked: int) -> list[tuple[float, Chunk]]:
            found = self._table.search(vector, vector_column_name="vector").distance_type("dot")
            if exact:
                found = found.bypass_vector_index()
            else:
                options = self._place.options
                found = found.nprobes(int(options.get("nprobes", _PROBES)))
                refine = int(options.get("refine", _REFINE))
                found = found.ef(max(int(options.get("ef", _EF)), 2 * refine * asked))
                found = found.refine_factor(refine)
            rows = self._rows(found, asked, where, "_distance")
            return [(1.0 - distance, chunk) for distance, chunk in rows]

        return search_filtered(search, limit, where, most=self._count)

    def _rows(self, query: Any, asked: int, where: Filter, score: str) -> list[tuple[float, Chunk]]:
        condition = sql_of(clauses_of(where))
        if condition is not None:
            query = query.where(condition, prefilter=True)
        rows = query.select(["packed", score]).limit(asked).to_arrow()
        scores, packed = rows[score].to_pylist(), rows["packed"].to_pylist()
        return [(value, unpack(text)) for value, text in zip(scores, packed, strict=True)]

    def _columns(self, column: str, ids: Sequence[str]) -> list[Any]:
        if not ids:
            return []
        with self._tables.translated():
            query = self._table.search().where(keys_condition("key", ids))
            rows = query.select(["key", column]).limit(len(ids)).to_arrow()
        found = dict(zip(rows["key"].to_pylist(), rows[column].to_pylist(), strict=True))
        for one in ids:
            if key_of(one) not in found:
                raise no_chunk(self._place, one)
        return [found[key_of(one)] for one in ids]
