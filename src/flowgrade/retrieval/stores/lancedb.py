"""LanceDB: millions of vectors on one machine or in object storage."""

from __future__ import annotations

from flowgrade.retrieval.stores.index_store import SnapshotReader, SnapshotWriter, StorePlace
from flowgrade.retrieval.stores.missing import needs_extra

_NEEDED = ("lancedb", "A LanceDB index", "lancedb", "pyarrow")


class LanceIndexStore:
    """Keeps each snapshot in a table below the folder of indexes."""

    def writer(self, place: StorePlace, *, base: str | None = None) -> SnapshotWriter:
        """Begin or go on with a snapshot."""
        with needs_extra(*_NEEDED):
            from flowgrade.retrieval.stores.lance_writer import (  # noqa: PLC0415  optional
                LanceWriter,
            )
        return LanceWriter(place, base)

    def reader(self, place: StorePlace) -> SnapshotReader:
        """Open a published snapshot."""
        with needs_extra(*_NEEDED):
            from flowgrade.retrieval.stores.lance_reader import (  # noqa: PLC0415  optional
                LanceReader,
            )
        return LanceReader(place)

    def delete(self, place: StorePlace) -> None:
        """Drop the snapshot's tables."""
        with needs_extra(*_NEEDED):
            from flowgrade.retrieval.stores.lance_tables import Tables  # noqa: PLC0415  optional
        tables = Tables(place)
        with tables.translated():
            tables.drop()


STORE = LanceIndexStore()
