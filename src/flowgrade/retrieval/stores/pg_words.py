"""BM25 in PostgreSQL: one row for each word, with the weight it has in each chunk.

PostgreSQL's own ``ts_rank_cd`` does not know how rare a word is, so it ranks far worse than BM25. A
published snapshot never changes; so the BM25 weights are worked out once, in SQL, and a query only
adds them up. The words are those of ``stores.words``, as in every other store: a setting that was
measured in one holds in the others.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection, sql

# Robertson and Zaragoza 2009; the values that SQLite's bm25() uses too.
_K1 = 1.2
_B = 0.75

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
    ln(1 + (e.chunks - p.chunks + 0.5) / (p.chunks + 0.5)) * s.times * ({k1} + 1)
    / (s.times + {k1} * (1 - {b} + {b} * l.length / e.length)))::real ORDER BY s.n)
FROM said s JOIN lengths l USING (n) JOIN spread p USING (word) CROSS JOIN everything e
GROUP BY s.word;
""")

_SEARCH = sql.SQL("""
WITH scored AS (
  SELECT u.n, sum(u.weight * a.times) AS score
  FROM (SELECT word, count(*) AS times FROM unnest(%s::text[]) AS q (word) GROUP BY word) a
  JOIN {words} w USING (word), unnest(w.chunks, w.weights) AS u (n, weight)
  GROUP BY u.n)
SELECT c.id, s.score FROM scored s JOIN {chunks} c USING (n)
WHERE {condition} ORDER BY s.score DESC, c.n LIMIT %s
""")


def build_words(connection: Connection[Any], chunks: sql.Identifier, words: sql.Identifier) -> None:
    """Make the table of words from the chunks'."""
    statement = _BUILD.format(chunks=chunks, words=words, k1=sql.Literal(_K1), b=sql.Literal(_B))
    connection.execute(statement)


def search_words(
    chunks: sql.Identifier, words: sql.Identifier, condition: sql.Composable
) -> sql.Composed:
    """The statement that takes the query's words, the condition's values and a limit."""
    return _SEARCH.format(chunks=chunks, words=words, condition=condition)
