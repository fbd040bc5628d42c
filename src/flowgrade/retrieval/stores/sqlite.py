"""The embedded store: chunks in SQLite, what searches read in arrays beside it.

Why not SQLite's own full text: docs/why/retrieval.md.
"""

from __future__ import annotations

from flowgrade.retrieval.stores.index_store import SnapshotReader, SnapshotWriter, StorePlace
from flowgrade.retrieval.stores.sqlite_files import files_of, remove
from flowgrade.retrieval.stores.sqlite_reader import SqliteReader
from flowgrade.retrieval.stores.sqlite_writer import PublishedWriter, SqliteWriter


class SqliteStore:
    """Keeps each snapshot in a folder of its own below the folder of its index."""

    def writer(self, place: StorePlace, *, base: str | None = None) -> SnapshotWriter:
        """Begin or go on with a snapshot; ``base`` is a published one to take chunks over from.

        Raises StoreBusyError while another process builds the same snapshot.
        """
        if files_of(place).is_published:
            return PublishedWriter(place)
        return SqliteWriter(place, base)

    def reader(self, place: StorePlace) -> SnapshotReader:
        """Open a published snapshot; raises NotFoundError, and StoreError for a damaged one."""
        return SqliteReader(files_of(place))

    def delete(self, place: StorePlace) -> None:
        """Remove a snapshot, published or not; one that is not there is no error."""
        remove(files_of(place))


STORE = SqliteStore()
