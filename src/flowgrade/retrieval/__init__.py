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
    from flowgrade.retrieval.chunking.counting import TokenCounter, token_counter
    from flowgrade.retrieval.chunking.opening import open_chunker
    from flowgrade.retrieval.citations import (
        THRESHOLD,
        Citation,
        CitationCheck,
        CitedSentence,
        check_citations,
        check_citations_by_meaning,
    )
    from flowgrade.retrieval.differing import Difference, difference
    from flowgrade.retrieval.document import Document, Section
    from flowgrade.retrieval.embedding import Embedder
    from flowgrade.retrieval.filters import Condition, Filter, holds, read_filter
    from flowgrade.retrieval.fusion import convex, reciprocal_ranks, scaled
    from flowgrade.retrieval.index import Index, open_index
    from flowgrade.retrieval.indexes import Indexes
    from flowgrade.retrieval.loading.load import load_documents
    from flowgrade.retrieval.loading.loader import (
        LOADERS,
        Loader,
        LoadLimits,
        LoadOptions,
        Origin,
        Unread,
    )
    from flowgrade.retrieval.measuring.compare import (
        IndexComparison,
        IndexStanding,
        OpenWith,
        compare_settings,
    )
    from flowgrade.retrieval.measuring.gate import (
        Criterion,
        gate_outcome,
        hold_against,
        hold_minima,
        read_limits,
    )
    from flowgrade.retrieval.measuring.grid import (
        GRID_KEYS,
        Candidate,
        grid_candidates,
        grid_values,
        read_tries,
    )
    from flowgrade.retrieval.measuring.measure import measure
    from flowgrade.retrieval.measuring.measurement import Asked, Measurement
    from flowgrade.retrieval.measuring.measures import (
        DEFAULT_MEASURES,
        MEASURES,
        PRIMARY,
        Measure,
        read_measure,
    )
    from flowgrade.retrieval.measuring.questions import Question, QuestionSet, read_questions
    from flowgrade.retrieval.measuring.repository import (
        KeptMeasurement,
        kept_measurement,
        list_measurements,
        save_measurement,
    )
    from flowgrade.retrieval.measuring.statistics import (
        MARGIN,
        Estimate,
        PairedDifference,
        estimate,
        holm,
        paired_difference,
    )
    from flowgrade.retrieval.measuring.synthesis import (
        SyntheticQuestion,
        gap_questions,
        written_questions,
    )
    from flowgrade.retrieval.measuring.tables import INDEX_MEASUREMENTS
    from flowgrade.retrieval.measuring.trials import Trials
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
    from flowgrade.retrieval.search_tool import index_tool
    from flowgrade.retrieval.searching import Searcher, check_settings
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
    from flowgrade.retrieval.stores.index_store import Matrix as Matrix  # types alone
    from flowgrade.retrieval.stores.index_store import Vector as Vector
    from flowgrade.retrieval.tables import EMBEDDED_TEXTS, INDEX_DOCUMENTS, INDEX_SNAPSHOTS, INDEXES
    from flowgrade.retrieval.text_vectors import unit_vectors
    from flowgrade.retrieval.transforms import (
        TRANSFORMS,
        ask_index,
        check_transform,
        search_all,
        transformed,
    )
    from flowgrade.retrieval.vectors import CachedModel, cached_models, forget_vectors
    from flowgrade.retrieval.workshop import Workshop, is_published

__all__ = [
    "AgenticResult",
    "Asked",
    "BuildOrder",
    "BuildProgress",
    "Built",
    "CHUNKERS",
    "CachedModel",
    "Candidate",
    "Chunk",
    "ChunkSettings",
    "Chunker",
    "Citation",
    "CitationCheck",
    "CitedSentence",
    "Condition",
    "Criterion",
    "DEFAULT_MEASURES",
    "Difference",
    "Document",
    "EMBEDDED_TEXTS",
    "Embedder",
    "Estimate",
    "Filter",
    "Found",
    "GRID_KEYS",
    "Hit",
    "INDEXES",
    "INDEX_DOCUMENTS",
    "INDEX_MEASUREMENTS",
    "INDEX_SNAPSHOTS",
    "INDEX_STORES",
    "Index",
    "IndexComparison",
    "IndexRecord",
    "IndexSettings",
    "IndexStanding",
    "IndexStore",
    "Indexes",
    "KeptMeasurement",
    "LOADERS",
    "LoadLimits",
    "LoadOptions",
    "Loader",
    "MARGIN",
    "MEASURES",
    "Measure",
    "Measurement",
    "OpenIndex",
    "OpenWith",
    "OpenedIndex",
    "Origin",
    "PRIMARY",
    "PairedDifference",
    "Question",
    "QuestionSet",
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
    "SyntheticQuestion",
    "THRESHOLD",
    "TRANSFORMS",
    "TokenCounter",
    "Trials",
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
    "compare_settings",
    "convex",
    "delete_index",
    "delete_snapshot",
    "difference",
    "estimate",
    "find_index",
    "forget_vectors",
    "gap_questions",
    "gate_outcome",
    "get_index",
    "get_snapshot",
    "grid_candidates",
    "grid_values",
    "hold_against",
    "hold_minima",
    "holds",
    "holm",
    "index_tool",
    "is_published",
    "kept_measurement",
    "list_indexes",
    "list_measurements",
    "list_snapshots",
    "load_documents",
    "measure",
    "no_indexes",
    "numbered_context",
    "open_chunker",
    "open_index",
    "open_reranker",
    "paired_difference",
    "passage_rows",
    "read_filter",
    "read_limits",
    "read_measure",
    "read_questions",
    "read_tries",
    "reciprocal_ranks",
    "reranked",
    "save_measurement",
    "scaled",
    "search_all",
    "settings_of",
    "token_counter",
    "transformed",
    "unit_vectors",
    "update_index",
    "values_of",
    "written_questions",
]

__getattr__ = later(
    __name__,
    {
        "agentic": "AgenticResult Round agentic_search",
        "building": "BuildOrder Built build_index update_index",
        "chunk": "Chunk",
        "chunking.chunker": "CHUNKERS ChunkSettings Chunker",
        "chunking.counting": "TokenCounter token_counter",
        "chunking.opening": "open_chunker",
        "citations": (
            "Citation CitationCheck CitedSentence THRESHOLD check_citations "
            "check_citations_by_meaning"
        ),
        "differing": "Difference difference",
        "document": "Document Section",
        "embedding": "Embedder",
        "filters": "Condition Filter holds read_filter",
        "fusion": "convex reciprocal_ranks scaled",
        "index": "Index open_index",
        "indexes": "Indexes",
        "loading.load": "load_documents",
        "loading.loader": "LOADERS LoadLimits LoadOptions Loader Origin Unread",
        "measuring.compare": "IndexComparison IndexStanding OpenWith compare_settings",
        "measuring.gate": "Criterion gate_outcome hold_against hold_minima read_limits",
        "measuring.grid": "Candidate GRID_KEYS grid_candidates grid_values read_tries",
        "measuring.measure": "measure",
        "measuring.measurement": "Asked Measurement",
        "measuring.measures": "DEFAULT_MEASURES MEASURES Measure PRIMARY read_measure",
        "measuring.questions": "Question QuestionSet read_questions",
        "measuring.repository": (
            "KeptMeasurement kept_measurement list_measurements save_measurement"
        ),
        "measuring.statistics": "Estimate MARGIN PairedDifference estimate holm paired_difference",
        "measuring.synthesis": "SyntheticQuestion gap_questions written_questions",
        "measuring.tables": "INDEX_MEASUREMENTS",
        "measuring.trials": "Trials",
        "naming": "settings_of values_of",
        "opening": "OpenIndex OpenedIndex no_indexes",
        "passages": "numbered_context passage_rows",
        "progress": "BuildProgress WatchBuild",
        "removal": "delete_index delete_snapshot",
        "repository": "find_index get_index get_snapshot list_indexes list_snapshots",
        "rerankers.reranker": "RERANKERS Rerank Reranker open_reranker reranked",
        "result": "Hit SearchResult Searches",
        "search_tool": "index_tool",
        "searching": "Searcher check_settings",
        "settings": "IndexSettings SearchSettings",
        "snapshot": "IndexRecord Skipped Snapshot SnapshotStatus",
        "stores.index_store": (
            "Found INDEX_STORES IndexStore SnapshotReader SnapshotWriter StorePlace"
        ),
        "tables": "EMBEDDED_TEXTS INDEXES INDEX_DOCUMENTS INDEX_SNAPSHOTS",
        "text_vectors": "unit_vectors",
        "transforms": "TRANSFORMS ask_index check_transform search_all transformed",
        "vectors": "CachedModel cached_models forget_vectors",
        "workshop": "Workshop is_published",
    },
)
