"""Search a snapshot in a search service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy

from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.filters import Filter
from flowgrade.retrieval.stores.facets import (
    Clause,
    Range,
    clauses_of,
    key_of,
    ranges_of,
    search_filtered,
)
from flowgrade.retrieval.stores.index_store import Found, StorePlace
from flowgrade.retrieval.stores.missing import no_chunk, not_published
from flowgrade.retrieval.stores.packing import unpack
from flowgrade.retrieval.stores.service import PAGE, Scored, Service, all_rows
from flowgrade.retrieval.stores.words import Words

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix, Vector

EXACT_UP_TO = 10_000
"""Chunks up to which every vector is compared; option ``exact_up_to``."""


class ServiceReader:
    """Searches one published snapshot, from any thread."""

    def __init__(self, place: StorePlace, service: Service) -> None:
        self._place = place
        self._words = Words(place.language)
        self._service = service
        try:
            with service.translated():
                if not service.published():
                    raise not_published(place)
                self._count = service.count()
        except BaseException:
            service.close()
            raise

    def __len__(self) -> int:
        return self._count

    @property
    def blocks(self) -> bool:
        """A service is asked."""
        return True

    def by_words(self, query: str, limit: int, where: Filter = ()) -> list[Found]:
        """The service's BM25 over our words."""
        words = list(dict.fromkeys(self._words.asked(query)))
        if not words or not self._count:
            return []
        clauses: list[Clause | Range] = [*clauses_of(where), *ranges_of(where)]

        def search(asked: int) -> list[tuple[float, Chunk]]:
            return _unpacked(self._service.by_words(words, asked, clauses))

        return self._filtered(search, limit, where)

    def by_vector(self, vector: Vector, limit: int, where: Filter = ()) -> list[Found]:
        """Exact, or by the service's graph for a large snapshot."""
        if self._place.dimensions is None or not self._count:
            return []
        exact = self._count <= int(self._place.options.get("exact_up_to", EXACT_UP_TO))
        clauses: list[Clause | Range] = [*clauses_of(where), *ranges_of(where)]

        def search(asked: int) -> list[tuple[float, Chunk]]:
            return _unpacked(self._service.by_vector(vector, asked, clauses, exact=exact))

        return self._filtered(search, limit, where)

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        """By their keys."""
        return [unpack(packed) for packed in self._columns("packed", ids)]

    def vectors(self, ids: Sequence[str]) -> Matrix:
        """As they were put in."""
        size = self._place.dimensions or 0
        found = self._columns("vector", ids)
        return numpy.array(found, numpy.float32).reshape(len(ids), size)

    def of_document(self, document: str) -> list[Chunk]:
        """By the key of the document."""
        with self._service.translated():
            rows = all_rows(self._service, {"document_key": [key_of(document)]}, ["packed"])
        found = [unpack(row["packed"]) for row in rows]
        return sorted(found, key=lambda chunk: chunk.number)

    def close(self) -> None:
        """Close the client."""
        self._service.close()

    def _filtered(self, search: Any, limit: int, where: Filter) -> list[Found]:
        most = min(self._count, self._service.most)
        with self._service.translated():
            return search_filtered(search, limit, where, most=most)

    def _columns(self, column: str, ids: Sequence[str]) -> list[Any]:
        asked = list(dict.fromkeys(key_of(one) for one in ids))
        found: dict[str, Any] = {}
        with self._service.translated():
            for start in range(0, len(asked), PAGE // 2):
                where = {"key": asked[start : start + PAGE // 2]}
                for row in all_rows(self._service, where, [column]):
                    found[row["key"]] = row[column]
        for one in ids:
            if key_of(one) not in found:
                raise no_chunk(self._place, one)
        return [found[key_of(one)] for one in ids]


def _unpacked(scored: Scored) -> list[tuple[float, Chunk]]:
    return [(score, unpack(packed)) for score, packed in scored]
