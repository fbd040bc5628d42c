"""The tables of indexes, their snapshots and the vectors of texts."""

from __future__ import annotations

from flowgrade.store import Table

INDEXES = Table(
    name="indexes",
    columns=("name", "settings", "sources", "loading", "current", "created_ns", "updated_ns"),
    key=("name",),
)

INDEX_SNAPSHOTS = Table(
    name="index_snapshots",
    columns=(
        "index_name",
        "digest",
        "status",
        "settings",
        "model",
        "dimensions",
        "base",
        "documents",
        "chunks",
        "embedded",
        "created_ns",
        "seconds",
        "tokens",
        "cost",
        "unpriced",
        "unread",
        "error",
    ),
    key=("index_name", "digest"),
)

INDEX_DOCUMENTS = Table(
    name="index_documents",
    columns=("index_name", "snapshot", "document", "digest"),
    key=("index_name", "snapshot", "document"),
)

EMBEDDED_TEXTS = Table(
    name="embedded_texts",
    columns=("model", "digest", "vector", "created_ns"),
    key=("model", "digest"),
)
