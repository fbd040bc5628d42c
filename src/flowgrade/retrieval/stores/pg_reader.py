"""Search a snapshot in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy
from psycopg import sql

from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.filters import Filter
from flowgrade.retrieval.stores.best import best
from flowgrade.retrieval.stores.index_store import Found, StorePlace
from flowgrade.retrieval.stores.missing import no_chunk, not_published
from flowgrade.retrieval.stores.packing import unpack
from flowgrade.retrieval.stores.pg_database import Connection, Database
from flowgrade.retrieval.stores.pg_filters import sound, sql_filter
from flowgrade.retrieval.stores.pg_words import Postings
from flowgrade.retrieval.stores.words import Words

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix, Vector

_IDS = sql.SQL("SELECT c.n, c.id FROM {chunks} c WHERE {condition} AND c.n = ANY (%s)")
_FIRST = 1_000
_LIST = 1_000  # pgvector's largest list of candidates
_NEAREST = sql.SQL("""
WITH near AS MATERIALIZED (
  SELECT c.n, c.id, c.vector <#> {query} AS distance FROM {chunks} c
  WHERE {condition} ORDER BY c.vector <#> {query} LIMIT %s)
SELECT id, -distance FROM near ORDER BY distance, n
""")


class PostgresReader:
    """Searches one published snapshot, with a connection for each thread that is in it."""

    def __init__(self, place: StorePlace) -> None:
        self._place = place
        self._words = Words(place.language)
        self._database = Database(place)
        try:
            with self._database.connection() as connection:
                found = self._database.find(connection, place)
        except BaseException:
            self._database.close()
            raise
        if found is None or not found.published:
            self._database.close()
            raise not_published(place)
        self._snapshot = found
        self._postings = Postings(found.words)

    def __len__(self) -> int:
        return self._snapshot.count or 0

    @property
    def blocks(self) -> bool:
        """A server is asked."""
        return True

    def by_words(self, query: str, limit: int, where: Filter = ()) -> list[Found]:
        """BM25."""
        words = self._words.asked(query)
        if not words:
            return []
        with self._database.connection() as connection:
            scores = self._postings.scores(connection, words)
            # A filter looks at the best first, and at all where too few of those pass.
            for most in (max(_FIRST, limit) if where else limit, len(scores)):
                found = self._passing(connection, *best(scores, most, above=0.0), where)
                if len(found) >= limit:
                    break
        return found[:limit]

    def by_vector(self, vector: Vector, limit: int, where: Filter = ()) -> list[Found]:
        """Exact, or by the index of a large snapshot; exact too where that finds too little."""
        if self._place.dimensions is None:
            return []
        with self._database.connection() as connection:
            if not self._snapshot.approximate:
                return self._nearest(connection, vector, limit, where)
            wanted = int(self._place.options.get("ef_search", 200))
            size = min(_LIST, max(wanted, 2 * limit))
            _set(connection, "hnsw.ef_search", str(size))
            _set(connection, "hnsw.iterative_scan", "strict_order")
            found = self._nearest(connection, vector, limit, where)
            if len(found) < min(limit, len(self)):
                _set(connection, "enable_indexscan", "off")
                found = self._nearest(connection, vector, limit, where)
            return found

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        """By the index on their ids."""
        return [unpack(packed) for packed in self._columns("packed", ids)]

    def vectors(self, ids: Sequence[str]) -> Matrix:
        """As they were put in."""
        size = self._place.dimensions or 0
        found = self._columns("vector_send(vector)", ids)
        joined = b"".join(bytes(one)[4:] for one in found)
        return numpy.frombuffer(joined, ">f4").astype(numpy.float32).reshape(len(ids), size)

    def of_document(self, document: str) -> list[Chunk]:
        """By the index on documents."""
        statement = sql.SQL("SELECT packed FROM {} WHERE document = %s ORDER BY number")
        with self._database.connection() as connection:
            rows = connection.execute(statement.format(self._snapshot.chunks), (sound(document),))
            return [unpack(bytes(row[0])) for row in rows]

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def _nearest(
        self, connection: Connection, vector: Vector, limit: int, where: Filter
    ) -> list[Found]:
        condition, values = sql_filter(where)
        query = sql.SQL("{}::vector").format(sql.Literal(str(vector.tolist())))
        statement = _NEAREST.format(query=query, chunks=self._snapshot.chunks, condition=condition)
        rows = connection.execute(statement, (*values, limit)).fetchall()
        return [Found(id, float(score)) for id, score in rows]

    def _passing(
        self, connection: Connection, numbers: Any, scores: Any, where: Filter
    ) -> list[Found]:
        condition, values = sql_filter(where)
        statement = _IDS.format(chunks=self._snapshot.chunks, condition=condition)
        asked = numbers.tolist()
        ids: dict[int, str] = dict(connection.execute(statement, (*values, asked)).fetchall())
        pairs = zip(asked, scores.tolist(), strict=True)
        return [Found(ids[number], score) for number, score in pairs if number in ids]

    def _columns(self, column: str, ids: Sequence[str]) -> list[Any]:
        if not ids:
            return []
        # The column is one of ours, never a user's.
        text = f"SELECT id, {column} FROM {{}} WHERE id = ANY (%s)"
        statement = sql.SQL(text).format(self._snapshot.chunks)
        asked = [sound(one) for one in ids]
        with self._database.connection() as connection:
            found = dict(connection.execute(statement, (asked,)).fetchall())
        for one in asked:
            if one not in found:
                raise no_chunk(self._place, one)
        return [found[one] for one in asked]


def _set(connection: Connection, name: str, value: str) -> None:
    connection.execute("SELECT set_config(%s, %s, true)", (name, value))
