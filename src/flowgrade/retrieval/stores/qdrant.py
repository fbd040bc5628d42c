"""Qdrant: a server for many vectors, or its files for a first try."""

from __future__ import annotations

from flowgrade.retrieval.stores.index_store import SnapshotReader, SnapshotWriter, StorePlace
from flowgrade.retrieval.stores.missing import needs_extra, not_published

_NEEDED = ("qdrant", "A Qdrant index", "qdrant_client")


class QdrantIndexStore:
    """Keeps each snapshot in a collection."""

    def writer(self, place: StorePlace, *, base: str | None = None) -> SnapshotWriter:
        """Begin or go on with a snapshot."""
        with needs_extra(*_NEEDED):
            from flowgrade.retrieval.stores.qdrant_writer import (  # noqa: PLC0415  optional
                QdrantWriter,
            )
        return QdrantWriter(place, base)

    def reader(self, place: StorePlace) -> SnapshotReader:
        """Open a published snapshot."""
        with needs_extra(*_NEEDED):
            from flowgrade.retrieval.stores.qdrant_clients import is_there  # noqa: PLC0415  optional
            from flowgrade.retrieval.stores.qdrant_reader import (  # noqa: PLC0415  optional
                QdrantReader,
            )
        if not is_there(place):
            raise not_published(place)
        return QdrantReader(place)

    def delete(self, place: StorePlace) -> None:
        """Delete the snapshot's collection."""
        with needs_extra(*_NEEDED):
            from flowgrade.retrieval.stores.qdrant_clients import (  # noqa: PLC0415  optional
                Collection,
                is_there,
            )
        if is_there(place):
            collection = Collection(place)
            with collection.translated():
                collection.delete()


STORE = QdrantIndexStore()
