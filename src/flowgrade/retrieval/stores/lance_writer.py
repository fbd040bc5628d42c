"""Fill a snapshot in LanceDB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow  # type: ignore[import-untyped]
from lancedb.index import FTS, BTree, HnswSq, LabelList

from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.stores.index_store import StorePlace
from flowgrade.retrieval.stores.lance_tables import Tables, keys_condition, rows, schema
from flowgrade.retrieval.stores.missing import (
    already_published,
    check_vectors,
    not_published,
)
from flowgrade.retrieval.stores.words import Words

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix

EXACT_UP_TO = 50_000
"""Chunks up to which every vector is compared; option ``exact_up_to``."""
_TIDY = 500  # additions after which the small files that they made are joined
_KEPT = 500  # documents that are taken over at a time
_LONGEST = 300  # bytes of a word; ours are shorter


class LanceWriter:
    """Fills one snapshot; LanceDB commits each addition."""

    def __init__(self, place: StorePlace, base: str | None) -> None:
        self._place = place
        self._base = base
        self._words = Words(place.language)
        self._tables = Tables(place)
        self._added = 0
        with self._tables.translated():
            if self._tables.published() is not None:
                raise already_published(place)
            self._table = self._tables.open() or self._tables.create()
            self._known = set(self._documents())

    def staged(self) -> frozenset[str]:
        """Documents of the table: each came in whole or not at all."""
        return frozenset(self._known)

    def keep(self, documents: Sequence[str]) -> None:
        """Copies rows of the base's table."""
        if not documents:
            return
        with self._tables.translated():
            base = self._tables.open(self._base) if self._base else None
            if base is None or self._tables.published(self._base) is None:
                place = self._place
                raise not_published(place, self._base)
            for start in range(0, len(documents), _KEPT):
                part = documents[start : start + _KEPT]
                self._remove(part)
                condition = keys_condition("document_key", part)
                found = base.search().where(condition).limit(base.count_rows()).to_arrow()
                self._table.add(found.select(schema(self._place.dimensions).names))
                self._known.update(found["document"].to_pylist())

    def add(self, document: str, chunks: Sequence[Chunk], vectors: Matrix | None) -> None:
        """Appends rows; what the document had before is removed first."""
        size = self._place.dimensions
        columns = rows(chunks, self._words)
        if size is not None:
            checked = check_vectors(self._place, chunks, vectors)
            flat = pyarrow.array(checked.ravel(), pyarrow.float32())
            columns["vector"] = pyarrow.FixedSizeListArray.from_arrays(flat, size)
        with self._tables.translated():
            self._remove([document])
            if chunks:
                self._table.add(pyarrow.table(columns, schema=schema(size)))
                self._known.add(document)
            self._added += 1
            if self._added % _TIDY == 0:
                self._table.optimize()

    def publish(self) -> None:
        """Join the files, build the indexes, then set the mark."""
        with self._tables.translated():
            if self._tables.published() is not None:
                return
            table = self._table
            table.optimize()
            table.create_index("words", config=_full_text())
            table.create_index("key", config=BTree())
            table.create_index("document_key", config=BTree())
            table.create_index("facets", config=LabelList())
            most = int(self._place.options.get("exact_up_to", EXACT_UP_TO))
            approximate = self._place.dimensions is not None and table.count_rows() > most
            if approximate:
                table.create_index("vector", config=HnswSq(distance_type="dot"))
            self._tables.publish(approximate=approximate)

    def close(self) -> None:
        """Nothing is held: each addition is a commit."""

    def _documents(self) -> list[str]:
        if not self._table.count_rows():
            return []
        found = self._table.search().select(["document"]).limit(self._table.count_rows())
        return [str(name) for name in found.to_arrow()["document"].unique().to_pylist()]

    def _remove(self, documents: Sequence[str]) -> None:
        there = [document for document in documents if document in self._known]
        if there:
            self._table.delete(keys_condition("document_key", there))
            self._known.difference_update(there)


def _full_text() -> FTS:
    # The words are cut and stemmed already, as in every other store.
    return FTS(
        base_tokenizer="whitespace",
        stem=False,
        remove_stop_words=False,
        lower_case=False,
        ascii_folding=False,
        max_token_length=_LONGEST,
    )
