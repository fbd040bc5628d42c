"""Retrieval: documents into versioned indexes, and passages out of them.

A snapshot of an index never changes; it is named by a digest over its documents and settings.
What is here is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowgrade.plugins import later

if TYPE_CHECKING:
    from flowgrade.retrieval.building import BuildOrder, Built, build_index, update_index
    from flowgrade.retrieval.chunk import Chunk
    from flowgrade.retrieval.chunking.chunker import CHUNKERS, Chunker, ChunkSettings
    from flowgrade.retrieval.difference import Difference, difference
    from flowgrade.retrieval.document import Document, Section
    from flowgrade.retrieval.embedding import Embedder
    from flowgrade.retrieval.filters import Condition, Filter, holds, read_filter
    from flowgrade.retrieval.index import Index, open_index
    from flowgrade.retrieval.indexes import Indexes
    from flowgrade.retrieval.loading.loader import (
        LOADERS,
        Loader,
        LoadLimits,
        LoadOptions,
        Origin,
        Unread,
    )
    from flowgrade.retrieval.naming import settings_of, values_of
    from flowgrade.retrieval.progress import BuildProgress, WatchBuild
    from flowgrade.retrieval.removal import delete_index, delete_snapshot
    from flowgrade.retrieval.repository import (
        find_index,
        get_index,
        get_snapshot,
        list_indexes,
        list_snapshots,
    )
    from flowgrade.retrieval.result import Hit, Searches, SearchResult
    from flowgrade.retrieval.settings import IndexSettings, SearchSettings
    from flowgrade.retrieval.snapshot import IndexRecord, Skipped, Snapshot, SnapshotStatus
    from flowgrade.retrieval.stores.index_store import (
        INDEX_STORES,
        Found,
        IndexStore,
        SnapshotReader,
        SnapshotWriter,
        StorePlace,
    )
    from flowgrade.retrieval.tables import (
        EMBEDDED_TEXTS,
        INDEX_DOCUMENTS,
        INDEX_SNAPSHOTS,
        INDEXES,
    )
    from flowgrade.retrieval.vectors import CachedModel, cached_models, forget_vectors
    from flowgrade.retrieval.workshop import Workshop, is_published

__all__ = [
    "BuildOrder",
    "BuildProgress",
    "Built",
    "CHUNKERS",
    "CachedModel",
    "Chunk",
    "ChunkSettings",
    "Chunker",
    "Condition",
    "Difference",
    "Document",
    "EMBEDDED_TEXTS",
    "Embedder",
    "Filter",
    "Found",
    "Hit",
    "INDEXES",
    "INDEX_DOCUMENTS",
    "INDEX_SNAPSHOTS",
    "INDEX_STORES",
    "Index",
    "IndexRecord",
    "IndexSettings",
    "IndexStore",
    "Indexes",
    "LOADERS",
    "LoadLimits",
    "LoadOptions",
    "Loader",
    "Origin",
    "SearchResult",
    "SearchSettings",
    "Searches",
    "Section",
    "Skipped",
    "Snapshot",
    "SnapshotReader",
    "SnapshotStatus",
    "SnapshotWriter",
    "StorePlace",
    "Unread",
    "WatchBuild",
    "Workshop",
    "build_index",
    "cached_models",
    "delete_index",
    "delete_snapshot",
    "difference",
    "find_index",
    "forget_vectors",
    "get_index",
    "get_snapshot",
    "holds",
    "is_published",
    "list_indexes",
    "list_snapshots",
    "open_index",
    "read_filter",
    "settings_of",
    "update_index",
    "values_of",
]

__getattr__ = later(
    __name__,
    {
        "BuildOrder": "building",
        "BuildProgress": "progress",
        "Built": "building",
        "CHUNKERS": "chunking.chunker",
        "CachedModel": "vectors",
        "Chunk": "chunk",
        "ChunkSettings": "chunking.chunker",
        "Chunker": "chunking.chunker",
        "Condition": "filters",
        "Difference": "difference",
        "Document": "document",
        "EMBEDDED_TEXTS": "tables",
        "Embedder": "embedding",
        "Filter": "filters",
        "Found": "stores.index_store",
        "Hit": "result",
        "INDEXES": "tables",
        "INDEX_DOCUMENTS": "tables",
        "INDEX_SNAPSHOTS": "tables",
        "INDEX_STORES": "stores.index_store",
        "Index": "index",
        "IndexRecord": "snapshot",
        "IndexSettings": "settings",
        "IndexStore": "stores.index_store",
        "Indexes": "indexes",
        "LOADERS": "loading.loader",
        "LoadLimits": "loading.loader",
        "LoadOptions": "loading.loader",
        "Loader": "loading.loader",
        "Origin": "loading.loader",
        "SearchResult": "result",
        "SearchSettings": "settings",
        "Searches": "result",
        "Section": "document",
        "Skipped": "snapshot",
        "Snapshot": "snapshot",
        "SnapshotReader": "stores.index_store",
        "SnapshotStatus": "snapshot",
        "SnapshotWriter": "stores.index_store",
        "StorePlace": "stores.index_store",
        "Unread": "loading.loader",
        "WatchBuild": "progress",
        "Workshop": "workshop",
        "build_index": "building",
        "cached_models": "vectors",
        "delete_index": "removal",
        "delete_snapshot": "removal",
        "difference": "difference",
        "find_index": "repository",
        "forget_vectors": "vectors",
        "get_index": "repository",
        "get_snapshot": "repository",
        "holds": "filters",
        "is_published": "workshop",
        "list_indexes": "repository",
        "list_snapshots": "repository",
        "open_index": "index",
        "read_filter": "filters",
        "settings_of": "naming",
        "update_index": "building",
        "values_of": "naming",
    },
)
