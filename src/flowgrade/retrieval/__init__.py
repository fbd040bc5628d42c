"""Retrieval: documents into versioned indexes, and passages out of them.

A snapshot of an index never changes; it is named by a digest over its documents and settings.
A ``Searcher`` answers questions with the passages of one. Names are imported at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowgrade.plugins import later

if TYPE_CHECKING:
    from flowgrade.retrieval.agentic import AgenticResult, Round, agentic_search
    from flowgrade.retrieval.chunk import Chunk
    from flowgrade.retrieval.citations import (
        THRESHOLD,
        Citation,
        CitationCheck,
        CitedSentence,
        check_citations,
        check_citations_by_meaning,
    )
    from flowgrade.retrieval.filters import Condition, Filter, read_filter
    from flowgrade.retrieval.fusion import convex, reciprocal_ranks, scaled
    from flowgrade.retrieval.index_tool import index_tool
    from flowgrade.retrieval.opening import OpenedIndex, OpenIndex, no_indexes
    from flowgrade.retrieval.passages import numbered_context, passage_rows
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
    from flowgrade.retrieval.stores.index_store import Found, SnapshotReader
    from flowgrade.retrieval.stores.index_store import Matrix as Matrix  # types alone
    from flowgrade.retrieval.stores.index_store import Vector as Vector
    from flowgrade.retrieval.transforms import (
        TRANSFORMS,
        ask_index,
        check_transform,
        search_all,
        transformed,
    )
    from flowgrade.retrieval.unit_vectors import unit_vectors

__all__ = [
    "AgenticResult",
    "Chunk",
    "Citation",
    "CitationCheck",
    "CitedSentence",
    "Condition",
    "Filter",
    "Found",
    "Hit",
    "IndexSettings",
    "OpenIndex",
    "OpenedIndex",
    "RERANKERS",
    "Rerank",
    "Reranker",
    "Round",
    "SearchResult",
    "SearchSettings",
    "Searcher",
    "Searches",
    "SnapshotReader",
    "THRESHOLD",
    "TRANSFORMS",
    "agentic_search",
    "ask_index",
    "check_citations",
    "check_citations_by_meaning",
    "check_settings",
    "check_transform",
    "convex",
    "index_tool",
    "no_indexes",
    "numbered_context",
    "open_reranker",
    "passage_rows",
    "read_filter",
    "reciprocal_ranks",
    "reranked",
    "scaled",
    "search_all",
    "transformed",
    "unit_vectors",
]

__getattr__ = later(
    __name__,
    {
        "AgenticResult": "agentic",
        "Chunk": "chunk",
        "Citation": "citations",
        "CitationCheck": "citations",
        "CitedSentence": "citations",
        "Condition": "filters",
        "Filter": "filters",
        "Found": "stores.index_store",
        "Hit": "result",
        "IndexSettings": "settings",
        "OpenIndex": "opening",
        "OpenedIndex": "opening",
        "RERANKERS": "rerankers.reranker",
        "Rerank": "rerankers.reranker",
        "Reranker": "rerankers.reranker",
        "Round": "agentic",
        "SearchResult": "result",
        "SearchSettings": "settings",
        "Searcher": "searching",
        "Searches": "result",
        "SnapshotReader": "stores.index_store",
        "THRESHOLD": "citations",
        "TRANSFORMS": "transforms",
        "agentic_search": "agentic",
        "ask_index": "transforms",
        "check_citations": "citations",
        "check_citations_by_meaning": "citations",
        "check_settings": "searching",
        "check_transform": "transforms",
        "convex": "fusion",
        "index_tool": "index_tool",
        "no_indexes": "opening",
        "numbered_context": "passages",
        "open_reranker": "rerankers.reranker",
        "passage_rows": "passages",
        "read_filter": "filters",
        "reciprocal_ranks": "fusion",
        "reranked": "rerankers.reranker",
        "scaled": "fusion",
        "search_all": "transforms",
        "transformed": "transforms",
        "unit_vectors": "unit_vectors",
    },
)
