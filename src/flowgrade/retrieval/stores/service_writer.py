"""Fill a snapshot in a search service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from flowgrade.records import replace
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.stores.facets import key_of
from flowgrade.retrieval.stores.index_store import StorePlace
from flowgrade.retrieval.stores.missing import already_published, check_vectors, not_published
from flowgrade.retrieval.stores.service import PAGE, Row, Service, all_rows, rows_of
from flowgrade.retrieval.stores.words import Words

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix

_KEPT = 200  # documents that are taken over at a time
_KEEPING = ("document", "document_key", "number", "of", "packed", "words", "facets", "values")


class ServiceWriter:
    """Fills one collection. A document is whole when it has as many rows as each says."""

    def __init__(
        self, place: StorePlace, base: str | None, open_service: Callable[[StorePlace], Service]
    ) -> None:
        self._place = place
        self._base = base
        self._open = open_service
        self._words = Words(place.language)
        self._service = open_service(place)
        try:
            with self._service.translated():
                if self._service.published():
                    raise already_published(place)
                if not self._service.exists():
                    self._service.create()
                self._known = self._whole()
        except BaseException:
            self._service.close()
            raise

    def staged(self) -> frozenset[str]:
        """Documents all of whose rows are there; others are removed."""
        return frozenset(self._known)

    def keep(self, documents: Sequence[str]) -> None:
        """Reads rows from the base's collection and puts them into this one."""
        if not documents:
            return
        base_place = replace(self._place, snapshot=self._base or "")
        base = self._open(base_place)
        try:
            with base.translated():
                if not self._base or not base.published():
                    raise not_published(base_place)
                for start in range(0, len(documents), _KEPT):
                    self._take_over(base, documents[start : start + _KEPT])
        finally:
            base.close()

    def add(self, document: str, chunks: Sequence[Chunk], vectors: Matrix | None) -> None:
        """Puts rows; those of an earlier addition that are too many are removed."""
        if self._place.dimensions is not None:
            vectors = check_vectors(self._place, chunks, vectors)
        with self._service.translated():
            self._put(document, rows_of(chunks, vectors, self._words))

    def publish(self) -> None:
        """Sets the mark once every row can be found."""
        with self._service.translated():
            if not self._service.published():
                self._service.publish(sum(self._known.values()))

    def close(self) -> None:
        """Close the client."""
        self._service.close()

    def _put(self, document: str, rows: list[Row]) -> None:
        for start in range(0, len(rows), PAGE):
            self._service.put(rows[start : start + PAGE])
        before = self._known.pop(document, 0)
        surplus = [key_of(f"{document}#{number}") for number in range(len(rows), before)]
        if surplus:
            self._service.remove(surplus)
        if rows:
            self._known[document] = len(rows)

    def _take_over(self, base: Service, documents: Sequence[str]) -> None:
        where = {"document_key": [key_of(document) for document in documents]}
        columns = [*_KEEPING, "vector"] if self._place.dimensions is not None else _KEEPING
        rows: dict[str, list[Row]] = {}
        for row in all_rows(base, where, columns):
            rows.setdefault(row["document"], []).append(row)
        for document, found in rows.items():
            self._put(document, found)

    def _whole(self) -> dict[str, int]:
        """The whole documents with their numbers of rows."""
        there: dict[str, list[str]] = {}
        wanted: dict[str, int] = {}
        for row in all_rows(self._service, {}, ["document", "of"]):
            there.setdefault(row["document"], []).append(row["key"])
            wanted[row["document"]] = row["of"]
        for document, keys in there.items():
            if len(keys) != wanted[document]:
                self._service.remove(keys)
                del wanted[document]
        return wanted
