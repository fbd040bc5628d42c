"""PostgreSQL with pgvector: one database for a team's indexes."""

from __future__ import annotations

from contextlib import closing

from flowgrade.retrieval.stores.index_store import SnapshotReader, SnapshotWriter, StorePlace
from flowgrade.retrieval.stores.missing import needs_extra


class PostgresIndexStore:
    """Keeps each snapshot in two tables of the schema ``flowgrade_index``."""

    def writer(self, place: StorePlace, *, base: str | None = None) -> SnapshotWriter:
        """Begin or go on with a snapshot."""
        with needs_extra("postgres", "A PostgreSQL index", "psycopg"):
            from flowgrade.retrieval.stores.pg_writer import (  # noqa: PLC0415  optional
                PostgresWriter,
            )
        return PostgresWriter(place, base)

    def reader(self, place: StorePlace) -> SnapshotReader:
        """Open a published snapshot."""
        with needs_extra("postgres", "A PostgreSQL index", "psycopg"):
            from flowgrade.retrieval.stores.pg_reader import (  # noqa: PLC0415  optional
                PostgresReader,
            )
        return PostgresReader(place)

    def delete(self, place: StorePlace) -> None:
        """Drop the snapshot's tables."""
        with needs_extra("postgres", "A PostgreSQL index", "psycopg"):
            from flowgrade.retrieval.stores.pg_database import (  # noqa: PLC0415  optional
                Database,
            )
        with closing(Database(place)) as database:
            database.drop(place)


STORE = PostgresIndexStore()
