"""Chunks as rows of SQLite."""

from __future__ import annotations

from typing import Any

from flowgrade.records import dumps, loads
from flowgrade.retrieval.chunk import Chunk

# What filters read stands before the text, so that a scan need not touch the text's pages.
COLUMNS = (
    "id", "document", "title", "source", "page", "metadata",
    "number", "start", "end", "headings", "searched", "text",
)  # fmt: skip
NAMES = ", ".join(f'"{name}"' for name in COLUMNS)

SCHEMA = """
CREATE TABLE chunks (
  row INTEGER PRIMARY KEY, id TEXT NOT NULL, document TEXT NOT NULL, title TEXT, source TEXT,
  page INTEGER, metadata TEXT NOT NULL, number INTEGER NOT NULL, start INTEGER NOT NULL,
  "end" INTEGER NOT NULL, headings TEXT NOT NULL, searched TEXT, text TEXT NOT NULL
);
CREATE TABLE documents (
  document TEXT PRIMARY KEY, first INTEGER NOT NULL, chunks INTEGER NOT NULL
) WITHOUT ROWID;
"""

Row = list[Any]


def row_of(chunk: Chunk) -> Row:
    """What is stored, in the order of ``COLUMNS``."""
    return [
        chunk.id, chunk.document, chunk.title, chunk.source, chunk.page,
        dumps(chunk.metadata) if chunk.metadata else "{}",
        chunk.number, chunk.start, chunk.end,
        dumps(chunk.headings) if chunk.headings else "[]",
        chunk.searched, chunk.text,
    ]  # fmt: skip


def chunk_of(row: tuple[Any, ...]) -> Chunk:
    """The chunk in a row of ``COLUMNS``."""
    metadata, headings = row[5], row[9]
    return Chunk(
        id=row[0],
        document=row[1],
        title=row[2],
        source=row[3],
        page=row[4],
        metadata=loads(metadata) if metadata != "{}" else {},
        number=row[6],
        start=row[7],
        end=row[8],
        headings=tuple(loads(headings)) if headings != "[]" else (),
        searched=row[10],
        text=row[11],
    )
