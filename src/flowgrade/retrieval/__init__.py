"""Retrieval: documents into versioned indexes, and passages out of them.

A snapshot of an index never changes; it is named by a digest over its documents and settings.
What is here is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowgrade.plugins import later

if TYPE_CHECKING:
    from flowgrade.retrieval.agentic import AgenticResult, Round, agentic_search
    from flowgrade.retrieval.building import BuildOrder, Built, build_index, update_index
    from flowgrade.retrieval.chunk import Chunk
    from flowgrade.retrieval.chunking.chunker import CHUNKERS, Chunker, ChunkSettings
    from flowgrade.retrieval.citations import (
        THRESHOLD,
        Citation,
        CitationCheck,
        CitedSentence,
        check_citations,
        check_citations_by_meaning,
    )
    from flowgrade.retrieval.difference import Difference, difference
    from flowgrade.retrieval.document import Document, Section
    from flowgrade.retrieval.embedding import Embedder
    from flowgrade.retrieval.filters import Condition, Filter, holds, read_filter
    from flowgrade.retrieval.fusion import convex, reciprocal_ranks, scaled
    from flowgrade.retrieval.index import Index, open_index
    from flowgrade.retrieval.index_tool import index_tool
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
    from flowgrade.retrieval.opening import OpenedIndex, OpenIndex, no_indexes
    from flowgrade.retrieval.passages import numbered_context, passage_rows
    from flowgrade.retrieval.progress import BuildProgress, WatchBuild
    from flowgrade.retrieval.removal import delete_index, delete_snapshot
    from flowgrade.retrieval.repository import (
        find_index,
        get_index,
        get_snapshot,
        list_indexes,
        list_snapshots,
    )
    from flowgrade.retrieval.rerankers.reranker import (
        RERANKERS,
        Rerank,
        Reranker,
        open_reranker,
        reranked,
    )
    from flowgrade.retrieval.result import Hit, Searches, SearchResult
    from flowgrade.retrieval.searching import Searcher, check_settings
    from flowgrade.retrieval.settings import IndexSettings, SearchSettings
    from flowgrade.retrieval.snapshot import IndexRecord, Skipped, Snapshot, SnapshotStatus
    from flowgrade.retrieval.stores.index_store import (
        INDEX_STORES,
        Found,
        IndexStore,
        Matrix,
        SnapshotReader,
        SnapshotWriter,
        StorePlace,
        Vector,
    )
    from flowgrade.retrieval.stores.index_store import Matrix as Matrix
    from flowgrade.retrieval.stores.index_store import Vector as Vector
    from flowgrade.retrieval.tables import EMBEDDED_TEXTS, INDEX_DOCUMENTS, INDEX_SNAPSHOTS, INDEXES
    from flowgrade.retrieval.transforms import (
        TRANSFORMS,
        ask_index,
        check_transform,
        search_all,
        transformed,
    )
    from flowgrade.retrieval.unit_vectors import unit_vectors
    from flowgrade.retrieval.vectors import CachedModel, cached_models, forget_vectors
    from flowgrade.retrieval.workshop import Workshop, is_published

__all__ = [
    "AgenticResult",
    "BuildOrder",
    "BuildProgress",
    "Built",
    "CHUNKERS",
    "CachedModel",
    "Chunk",
    "ChunkSettings",
    "Chunker",
    "Citation",
    "CitationCheck",
    "CitedSentence",
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
    "OpenIndex",
    "OpenedIndex",
    "Origin",
    "RERANKERS",
    "Rerank",
    "Reranker",
    "Round",
    "SearchResult",
    "SearchSettings",
    "Searcher",
    "Searches",
    "Section",
    "Skipped",
    "Snapshot",
    "SnapshotReader",
    "SnapshotStatus",
    "SnapshotWriter",
    "StorePlace",
    "THRESHOLD",
    "TRANSFORMS",
    "Unread",
    "WatchBuild",
    "Workshop",
    "agentic_search",
    "ask_index",
    "build_index",
    "cached_models",
    "check_citations",
    "check_citations_by_meaning",
    "check_settings",
    "check_transform",
    "convex",
    "delete_index",
    "delete_snapshot",
    "difference",
    "find_index",
    "forget_vectors",
    "get_index",
    "get_snapshot",
    "holds",
    "index_tool",
    "is_published",
    "list_indexes",
    "list_snapshots",
    "no_indexes",
    "numbered_context",
    "open_index",
    "open_reranker",
    "passage_rows",
    "read_filter",
    "reciprocal_ranks",
    "reranked",
    "scaled",
    "search_all",
    "settings_of",
    "transformed",
    "unit_vectors",
    "update_index",
    "values_of",
    "Matrix",
    "Vector",
]

__getattr__ = later(
    __name__,
    {
        "AgenticResult": "agentic",
        "BuildOrder": "building",
        "BuildProgress": "progress",
        "Built": "building",
        "CHUNKERS": "chunking.chunker",
        "CachedModel": "vectors",
        "Chunk": "chunk",
        "ChunkSettings": "chunking.chunker",
        "Chunker": "chunking.chunker",
        "Citation": "citations",
        "CitationCheck": "citations",
        "CitedSentence": "citations",
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
        "OpenIndex": "opening",
        "OpenedIndex": "opening",
        "Origin": "loading.loader",
        "RERANKERS": "rerankers.reranker",
        "Rerank": "rerankers.reranker",
        "Reranker": "rerankers.reranker",
        "Round": "agentic",
        "SearchResult": "result",
        "SearchSettings": "settings",
        "Searcher": "searching",
        "Searches": "result",
        "Section": "document",
        "Skipped": "snapshot",
        "Snapshot": "snapshot",
        "SnapshotReader": "stores.index_store",
        "SnapshotStatus": "snapshot",
        "SnapshotWriter": "stores.index_store",
        "StorePlace": "stores.index_store",
        "THRESHOLD": "citations",
        "TRANSFORMS": "transforms",
        "Unread": "loading.loader",
        "WatchBuild": "progress",
        "Workshop": "workshop",
        "agentic_search": "agentic",
        "ask_index": "transforms",
        "build_index": "building",
        "cached_models": "vectors",
        "check_citations": "citations",
        "check_citations_by_meaning": "citations",
        "check_settings": "searching",
        "check_transform": "transforms",
        "convex": "fusion",
        "delete_index": "removal",
        "delete_snapshot": "removal",
        "difference": "difference",
        "find_index": "repository",
        "forget_vectors": "vectors",
        "get_index": "repository",
        "get_snapshot": "repository",
        "holds": "filters",
        "index_tool": "index_tool",
        "is_published": "workshop",
        "list_indexes": "repository",
        "list_snapshots": "repository",
        "no_indexes": "opening",
        "numbered_context": "passages",
        "open_index": "index",
        "open_reranker": "rerankers.reranker",
        "passage_rows": "passages",
        "read_filter": "filters",
        "reciprocal_ranks": "fusion",
        "reranked": "rerankers.reranker",
        "scaled": "fusion",
        "search_all": "transforms",
        "settings_of": "naming",
        "transformed": "transforms",
        "unit_vectors": "unit_vectors",
        "update_index": "building",
        "values_of": "naming",
    },
)
