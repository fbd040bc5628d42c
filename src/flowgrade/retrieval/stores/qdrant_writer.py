"""Fill a snapshot in Qdrant: dense vectors, and BM25 weights as sparse ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from qdrant_client import models

from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.stores.bm25 import Weights, count_terms
from flowgrade.retrieval.stores.facets import facets_of, key_of, values_of
from flowgrade.retrieval.stores.index_store import StorePlace
from flowgrade.retrieval.stores.missing import already_published, check_vectors, not_published
from flowgrade.retrieval.stores.packing import pack
from flowgrade.retrieval.stores.qdrant_clients import Collection, any_of
from flowgrade.retrieval.stores.words import Words

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix

_PAGE = 500


class QdrantWriter:
    """Fills one collection; Qdrant acknowledges each call once it is durable."""

    def __init__(self, place: StorePlace, base: str | None) -> None:
        self._place = place
        self._base = base
        self._words = Words(place.language)
        self._collection = Collection(place)
        try:
            with self._collection.translated():
                if self._collection.published():
                    raise already_published(place)
                self._create()
                self._known = self._staged()
        except BaseException:
            self._collection.close()
            raise

    def staged(self) -> frozenset[str]:
        """Documents all of whose chunks are there; others are removed."""
        return frozenset(self._known)

    def keep(self, documents: Sequence[str]) -> None:
        """Copies the points of the base's collection."""
        if not documents:
            return
        base_place = self._place
        if self._base is None:
            raise not_published(base_place)
        base = Collection(base_place, self._base)
        try:
            with base.translated():
                if not base.published():
                    raise not_published(base_place, self._base)
            for start in range(0, len(documents), _PAGE):
                self._copy(base, documents[start : start + _PAGE])
        finally:
            base.close()

    def add(self, document: str, chunks: Sequence[Chunk], vectors: Matrix | None) -> None:
        """Upserts the points; what the document had before is removed first."""
        if self._place.dimensions is not None:
            vectors = check_vectors(self._place, chunks, vectors)
        points = []
        for number, chunk in enumerate(chunks):
            dense = {} if vectors is None else {"dense": vectors[number].tolist()}
            payload = {
                "document": chunk.document,
                "document_key": key_of(chunk.document),
                "number": chunk.number,
                "of": len(chunks),
                "packed": pack(chunk),
                "facets": facets_of(chunk),
                "values": values_of(chunk),
                "terms": _written(count_terms(self._words.terms(chunk.passage))),
            }
            points.append(models.PointStruct(id=point_of(chunk.id), vector=dense, payload=payload))
        with self._collection.translated():
            self._remove([document])
            self._put(points)
        if chunks:
            self._known.add(document)

    def publish(self) -> None:
        """Weigh the words, index what is filtered by, then set the alias."""
        with self._collection.translated():
            if self._collection.published():
                return
            weights = Weights()
            for point in self._points(with_vectors=False):
                weights.learn(_read(point.payload["terms"]))
            for points in _paged(self._points(with_vectors=False)):
                self._weigh(points, weights)
            if self._collection.remote:
                for field in ("facets", "document_key"):
                    self._client.create_payload_index(
                        self._collection.name, field, models.PayloadSchemaType.KEYWORD
                    )
            self._collection.publish()

    def close(self) -> None:
        """Close the client."""
        self._collection.close()

    @property
    def _client(self) -> Any:
        return self._collection.client

    def _create(self) -> None:
        if self._collection.exists():
            return
        size = self._place.dimensions
        dense = {}
        if size is not None:
            dense["dense"] = models.VectorParams(size=size, distance=models.Distance.COSINE)
        self._client.create_collection(
            self._collection.name,
            vectors_config=dense,
            sparse_vectors_config={"words": models.SparseVectorParams()},
        )

    def _staged(self) -> set[str]:
        counts: dict[str, tuple[int, int]] = {}
        for point in self._points(with_vectors=False, payload=["document", "of"]):
            document, of = point.payload["document"], point.payload["of"]
            counts[document] = counts.get(document, (0, 0))[0] + 1, of
        partial = [document for document, (there, of) in counts.items() if there != of]
        self._remove(partial)
        return counts.keys() - set(partial)

    def _copy(self, base: Collection, documents: Sequence[str]) -> None:
        condition = any_of("document_key", [key_of(document) for document in documents])
        with base.translated():
            found = list(_scroll(base, with_vectors=True, where=models.Filter(must=[condition])))
        names = {point.payload["document"] for point in found}
        points = []
        for point in found:
            vectors = point.vector or {}
            dense = {"dense": vectors["dense"]} if "dense" in vectors else {}
            points.append(models.PointStruct(id=point.id, vector=dense, payload=point.payload))
        with self._collection.translated():
            self._remove(documents)
            self._put(points)
        self._known.update(names)

    def _put(self, points: list[models.PointStruct]) -> None:
        for page in _paged(iter(points)):
            self._client.upsert(self._collection.name, page, wait=True)

    def _weigh(self, points: list[Any], weights: Weights) -> None:
        found = []
        for point in points:
            terms, values = weights.weigh(_read(point.payload["terms"]))
            sparse = models.SparseVector(indices=list(terms), values=list(values))
            found.append(models.PointVectors(id=point.id, vector={"words": sparse}))
        self._client.update_vectors(self._collection.name, found, wait=True)

    def _remove(self, documents: Sequence[str]) -> None:
        if documents and self._client.count(self._collection.name).count:
            condition = any_of("document_key", [key_of(document) for document in documents])
            selector = models.FilterSelector(filter=models.Filter(must=[condition]))
            self._client.delete(self._collection.name, selector, wait=True)

    def _points(self, *, with_vectors: bool, payload: Any = True) -> Iterator[Any]:
        return _scroll(self._collection, with_vectors=with_vectors, payload=payload)


def point_of(chunk: str) -> str:
    """The id of a chunk's point, a UUID."""
    return str(UUID(key_of(chunk)))


def _scroll(
    collection: Collection,
    *,
    with_vectors: bool,
    payload: Any = True,
    where: models.Filter | None = None,
) -> Iterator[Any]:
    offset = None
    while True:
        points, offset = collection.client.scroll(
            collection.name,
            scroll_filter=where,
            limit=_PAGE,
            offset=offset,
            with_payload=payload,
            with_vectors=with_vectors,
        )
        yield from points
        if offset is None:
            return


def _paged(points: Iterator[Any]) -> Iterator[list[Any]]:
    page = []
    for point in points:
        page.append(point)
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page


def _written(counts: dict[int, int]) -> list[int]:
    return [number for pair in counts.items() for number in pair]


def _read(written: list[int]) -> dict[int, int]:
    return dict(zip(written[::2], written[1::2], strict=True))
