"""Fill a snapshot in PostgreSQL: a table of chunks, then the words and the index of vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from psycopg import sql

from flowgrade.records import replace
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.stores.index_store import StorePlace
from flowgrade.retrieval.stores.missing import already_published, check_vectors, not_published
from flowgrade.retrieval.stores.packing import filterable, pack
from flowgrade.retrieval.stores.pg_database import Connection, Database, Snapshot
from flowgrade.retrieval.stores.pg_filters import jsonb, sound
from flowgrade.retrieval.stores.pg_words import build_words
from flowgrade.retrieval.stores.words import Words

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix

EXACT_UP_TO = 10_000
"""Chunks up to which every vector is compared; option ``exact_up_to``."""
_INDEXED_DIMENSIONS = 2_000  # pgvector's limit for an index; above it search stays exact

_CREATE = sql.SQL("""
CREATE TABLE {chunks} (
    n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL, document text NOT NULL, number int NOT NULL,
    packed bytea NOT NULL, fields jsonb NOT NULL, words text[] NOT NULL {vector})
""")
_COPY = sql.SQL(
    "COPY {chunks} (id, document, number, packed, fields, words{vector}) FROM STDIN (FORMAT binary)"
)
_KEEP = sql.SQL("""
INSERT INTO {chunks} (id, document, number, packed, fields, words{vector})
SELECT id, document, number, packed, fields, words{vector} FROM {base}
WHERE document = ANY (%s) ORDER BY n
""")


class PostgresWriter:
    """Fills one snapshot; each call is a transaction."""

    def __init__(self, place: StorePlace, base: str | None) -> None:
        self._place = place
        self._base = base
        self._words = Words(place.language)
        self._vector = sql.SQL(", vector" if place.dimensions else "")
        self._database = Database(place)
        try:
            self._database.prepare(vectors=place.dimensions is not None)
            with self._database.connection() as connection:
                self._snapshot = self._begin(connection)
        except BaseException:
            self._database.close()
            raise

    def staged(self) -> frozenset[str]:
        """Documents of the table: each came in whole or not at all."""
        with self._database.connection() as connection:
            statement = sql.SQL("SELECT DISTINCT document FROM {}").format(self._snapshot.chunks)
            return frozenset(row[0] for row in connection.execute(statement))

    def keep(self, documents: Sequence[str]) -> None:
        """Copies rows within the server."""
        if not documents:
            return
        with self._database.connection() as connection:
            base = self._base_of(connection)
            self._remove(connection, documents)
            statement = _KEEP.format(
                chunks=self._snapshot.chunks, base=base.chunks, vector=self._vector
            )
            connection.execute(statement, (list(documents),))

    def add(self, document: str, chunks: Sequence[Chunk], vectors: Matrix | None) -> None:
        """Sends the rows in PostgreSQL's own binary form."""
        with self._database.connection() as connection:
            # A crash of the server may undo what was staged last, never break what is there.
            connection.execute("SET LOCAL synchronous_commit = off")
            self._remove(connection, [document])
            self._copy(connection, chunks, vectors)

    def publish(self) -> None:
        """Words, index of vectors and the mark that it is published, in one transaction."""
        with self._database.connection() as connection:
            snapshot = self._database.find(connection, self._place)
            if snapshot is None or snapshot.published:
                return
            names = {"chunks": snapshot.chunks}
            connection.execute(sql.SQL("CREATE UNIQUE INDEX ON {chunks} (id)").format(**names))
            row = connection.execute(sql.SQL("SELECT count(*) FROM {chunks}").format(**names))
            ((count,),) = row.fetchall()
            approximate = self._index_vectors(connection, count)
            build_words(connection, snapshot.chunks, snapshot.words)
            connection.execute(
                "UPDATE flowgrade_index.snapshots SET published = true, chunks = %s, "
                "approximate = %s WHERE number = %s",
                (count, approximate, snapshot.number),
            )
        with self._database.connection() as connection:
            connection.execute(sql.SQL("ANALYZE {chunks}").format(**names))

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def _begin(self, connection: Connection) -> Snapshot:
        place = self._place
        connection.execute("LOCK TABLE flowgrade_index.snapshots IN SHARE ROW EXCLUSIVE MODE")
        found = self._database.find(connection, place)
        if found is not None and found.published:
            raise already_published(place)
        if found is not None:
            return found
        connection.execute(
            "INSERT INTO flowgrade_index.snapshots (index, snapshot) VALUES (%s, %s)",
            (place.index, place.snapshot),
        )
        made = self._database.find(connection, place)
        assert made is not None
        connection.execute(_CREATE.format(chunks=made.chunks, vector=self._column()))
        connection.execute(sql.SQL("CREATE INDEX ON {} (document)").format(made.chunks))
        return made

    def _column(self) -> sql.Composable:
        size = self._place.dimensions
        return sql.SQL(", vector vector({})").format(sql.Literal(size)) if size else sql.SQL("")

    def _base_of(self, connection: Connection) -> Snapshot:
        base = replace(self._place, snapshot=self._base or "")
        found = self._database.find(connection, base)
        if found is None or not found.published:
            raise not_published(base)
        return found

    def _remove(self, connection: Connection, documents: Sequence[str]) -> None:
        statement = sql.SQL("DELETE FROM {} WHERE document = ANY (%s)")
        connection.execute(statement.format(self._snapshot.chunks), (list(documents),))

    def _copy(
        self, connection: Connection, chunks: Sequence[Chunk], vectors: Matrix | None
    ) -> None:
        size = self._place.dimensions
        rows = check_vectors(self._place, chunks, vectors) if size else None
        kinds = ["text", "text", "int4", "bytea", "jsonb", "text[]"]
        statement = _COPY.format(chunks=self._snapshot.chunks, vector=self._vector)
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            # pgvector reads in binary what we write; for psycopg it is bytes.
            copy.set_types([*kinds, "bytea"] if size else kinds)
            for number, chunk in enumerate(chunks):
                row = self._row(chunk)
                if rows is not None:
                    row.append(_binary(rows[number]))
                copy.write_row(row)

    def _row(self, chunk: Chunk) -> list[Any]:
        return [
            sound(chunk.id),
            sound(chunk.document),
            chunk.number,
            pack(chunk).encode(),
            jsonb(dict(filterable(chunk))),
            self._words.terms(chunk.passage),
        ]

    def _index_vectors(self, connection: Connection, count: int) -> bool:
        size = self._place.dimensions
        most = int(self._place.options.get("exact_up_to", EXACT_UP_TO))
        if not size or size > _INDEXED_DIMENSIONS or count <= most:
            return False
        connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
        statement = sql.SQL("CREATE INDEX ON {} USING hnsw (vector vector_ip_ops)")
        connection.execute(statement.format(self._snapshot.chunks))
        return True


def _binary(vector: Any) -> bytes:
    values: bytes = vector.astype(">f4").tobytes()
    return len(vector).to_bytes(2, "big") + b"\0\0" + values
