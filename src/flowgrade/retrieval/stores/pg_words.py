"""BM25 in PostgreSQL: one row for each word, with the weight it has in each chunk.

PostgreSQL's own ``ts_rank_cd`` does not know how rare a word is, so it ranks far worse than BM25. A
published snapshot never changes; so the BM25 weights are worked out once, in SQL, and a query only
adds them up: here, as SQL takes a microsecond for each. The words are those of ``stores.words``, as
in every other store: a setting that was measured in one holds in the others.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy
from psycopg import Connection, sql

from flowgrade.retrieval.stores.postings import K1, B

_Posting = tuple[Any, Any]

_BUILD = sql.SQL("""
CREATE TABLE {words} (word text PRIMARY KEY, chunks int[] NOT NULL, weights real[] NOT NULL);
INSERT INTO {words}
WITH
  said AS (
    SELECT c.n, w.word, count(*)::float8 AS times
    FROM {chunks} c, unnest(c.words) AS w (word) GROUP BY c.n, w.word),
  lengths AS (SELECT n, sum(times) AS length FROM said GROUP BY n),
  everything AS (
    SELECT (SELECT count(*) FROM {chunks})::float8 AS chunks, avg(length) AS length FROM lengths),
  spread AS (SELECT word, count(*)::float8 AS chunks FROM said GROUP BY word)
SELECT s.word, array_agg(s.n ORDER BY s.n), array_agg((
    ln(1 + (e.chunks - p.chunks + 0.5) / (p.chunks + 0.5)) * s.times
    / (s.times + {k1} * (1 - {b} + {b} * l.length / e.length)))::real ORDER BY s.n)
FROM said s JOIN lengths l USING (n) JOIN spread p USING (word) CROSS JOIN everything e
GROUP BY s.word;
""")

_POSTINGS = sql.SQL(
    "SELECT word, array_send(chunks), array_send(weights) FROM {words} WHERE word = ANY (%s)"
)
# What PostgreSQL sends of an array: five numbers about it, then each element after its length.
_HEADER = 20
_CHUNK = numpy.dtype([("size", ">i4"), ("value", ">i4")])
_WEIGHT = numpy.dtype([("size", ">i4"), ("value", ">f4")])
_REMEMBERED = 8_000_000
"""Postings that a reader keeps at most, in 64 MB."""


def build_words(connection: Connection[Any], chunks: sql.Identifier, words: sql.Identifier) -> None:
    """Make the table of words from the chunks'."""
    statement = _BUILD.format(chunks=chunks, words=words, k1=sql.Literal(K1), b=sql.Literal(B))
    connection.execute(statement)


class Postings:
    """The weights of words in chunks, remembered: those of frequent words are long, and fixed."""

    def __init__(self, words: sql.Identifier) -> None:
        self._statement = _POSTINGS.format(words=words)
        self._known: OrderedDict[str, _Posting] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def scores(self, connection: Connection[Any], words: Sequence[str]) -> Any:
        """The score of each chunk by its number; 0 for one that has none of the words."""
        found = self._of(connection, list(dict.fromkeys(words)))
        times = Counter(words)
        last = max((int(chunks[-1]) for chunks, _ in found.values()), default=-1)
        scores = numpy.zeros(last + 1, numpy.float32)
        for word, (chunks, weights) in found.items():
            scores[chunks] += times[word] * weights
        return scores

    def _of(self, connection: Connection[Any], words: list[str]) -> dict[str, _Posting]:
        with self._lock:
            found = {word: self._known[word] for word in words if word in self._known}
            for word in found:
                self._known.move_to_end(word)
        missing = [word for word in words if word not in found]
        if missing:
            for word, chunks, weights in connection.execute(self._statement, (missing,)):
                found[word] = _values(chunks, _CHUNK), _values(weights, _WEIGHT)
                self._remember(word, found[word])
        return found

    def _remember(self, word: str, posting: _Posting) -> None:
        with self._lock:
            if word in self._known:
                return
            self._known[word] = posting
            self._size += len(posting[0])
            while self._size > _REMEMBERED:
                _, (chunks, _) = self._known.popitem(last=False)
                self._size -= len(chunks)


def _values(sent: bytes, kind: Any) -> Any:
    values = numpy.frombuffer(sent, kind, offset=_HEADER)["value"]
    return values.astype(values.dtype.newbyteorder("="))
