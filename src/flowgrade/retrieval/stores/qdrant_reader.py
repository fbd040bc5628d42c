"""Search a snapshot in Qdrant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy
from qdrant_client import models

from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.filters import Filter
from flowgrade.retrieval.stores.bm25 import count_terms
from flowgrade.retrieval.stores.facets import clauses_of, key_of, ranges_of, search_filtered
from flowgrade.retrieval.stores.index_store import Found, StorePlace
from flowgrade.retrieval.stores.missing import no_chunk, not_published
from flowgrade.retrieval.stores.packing import unpack
from flowgrade.retrieval.stores.qdrant_clients import Collection, any_of, filter_of
from flowgrade.retrieval.stores.qdrant_writer import point_of
from flowgrade.retrieval.stores.words import Words

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix, Vector

EXACT_UP_TO = 20_000
"""Chunks up to which every vector is compared; option ``exact_up_to``."""
_EF = 200


class QdrantReader:
    """Searches one published snapshot, from any thread."""

    def __init__(self, place: StorePlace) -> None:
        self._place = place
        self._words = Words(place.language)
        self._collection = Collection(place)
        try:
            with self._collection.translated():
                if not self._collection.published():
                    raise not_published(place)
                self._count = int(self._client.count(self._collection.name).count)
        except BaseException:
            self._collection.close()
            raise
        self._closed = False

    def __len__(self) -> int:
        return self._count

    @property
    def blocks(self) -> bool:
        """A server is asked, or all points are compared in Python."""
        return True

    def by_words(self, query: str, limit: int, where: Filter = ()) -> list[Found]:
        """BM25: the weights of the query's words, added up."""
        counts = count_terms(self._words.asked(query))
        if not counts or not self._count:
            return []
        terms = sorted(counts)
        sparse = models.SparseVector(indices=terms, values=[float(counts[term]) for term in terms])
        return self._query(sparse, "words", limit, where, exact=True)

    def by_vector(self, vector: Vector, limit: int, where: Filter = ()) -> list[Found]:
        """Exact, or by the graph of a server with many points."""
        if self._place.dimensions is None or not self._count:
            return []
        exact = self._count <= int(self._place.options.get("exact_up_to", EXACT_UP_TO))
        return self._query(vector.tolist(), "dense", limit, where, exact=exact)

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        """By the ids of their points."""
        found = self._retrieve(ids, vectors=False)
        return [unpack(point.payload["packed"]) for point in found]

    def vectors(self, ids: Sequence[str]) -> Matrix:
        """As they were put in."""
        found = [point.vector["dense"] for point in self._retrieve(ids, vectors=True)]
        size = self._place.dimensions or 0
        return numpy.array(found, numpy.float32).reshape(len(ids), size)

    def of_document(self, document: str) -> list[Chunk]:
        """By the key of the document."""
        condition = models.Filter(must=[any_of("document_key", [key_of(document)])])
        with self._collection.translated():
            points, _ = self._client.scroll(
                self._collection.name,
                scroll_filter=condition,
                limit=max(self._count, 1),
                with_payload=["packed"],
            )
        found = [unpack(point.payload["packed"]) for point in points]
        return sorted(found, key=lambda chunk: chunk.number)

    def close(self) -> None:
        """Close the client."""
        if not self._closed:
            self._closed = True
            self._collection.close()

    @property
    def _client(self) -> Any:
        return self._collection.client

    def _query(
        self, query: Any, using: str, limit: int, where: Filter, *, exact: bool
    ) -> list[Found]:
        condition = filter_of(clauses_of(where), ranges_of(where))

        def search(asked: int) -> list[tuple[float, Chunk]]:
            found = self._client.query_points(
                self._collection.name,
                query=query,
                using=using,
                query_filter=condition,
                limit=asked,
                with_payload=["packed"],
                search_params=self._how(asked, exact=exact),
            ).points
            return [(point.score, unpack(point.payload["packed"])) for point in found]

        with self._collection.translated():
            return search_filtered(search, limit, where, most=self._count)

    def _how(self, asked: int, *, exact: bool) -> models.SearchParams | None:
        if not self._collection.remote:
            return None  # files are always searched exactly
        size = max(int(self._place.options.get("ef", _EF)), 2 * asked)
        return models.SearchParams(exact=exact, hnsw_ef=size)

    def _retrieve(self, ids: Sequence[str], *, vectors: bool) -> list[Any]:
        if not ids:
            return []
        with self._collection.translated():
            points = self._client.retrieve(
                self._collection.name,
                [point_of(one) for one in dict.fromkeys(ids)],
                with_payload=["packed"],
                with_vectors=["dense"] if vectors else False,
            )
        found = {str(point.id): point for point in points}
        for one in ids:
            if point_of(one) not in found:
                raise no_chunk(self._place, one)
        return [found[point_of(one)] for one in ids]
