"""What an index is made with, and how it is searched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from flowgrade.records import Json, JsonObject, Record, as_dict, field
from flowgrade.retrieval.chunking.chunker import ChunkSettings

Mode = Literal["hybrid", "keyword", "vector"]
Fusion = Literal["adaptive", "convex", "rrf"]


class SearchSettings(Record):
    """How questions are answered. A part of a snapshot's identity: releases pin it."""

    mode: Mode = "hybrid"
    limit: int = 10
    """Hits that a search gives unless it asks for another number."""
    candidates: int = 100
    """Chunks of each side that a hybrid search fuses."""
    fusion: Fusion = "adaptive"
    """``convex`` sums scaled scores by ``keyword_weight``; ``adaptive`` does so with a smaller
    weight where the words of a question are hardly found; ``rrf`` takes ranks alone."""
    keyword_weight: float = 0.8
    """Share of the keyword side, 0 to 1; the vector side has the rest."""
    rrf_k: int = 60
    """The constant of reciprocal rank fusion (Cormack et al. 2009)."""
    diversity: float = 0.0
    """0 takes the best; up to 1 prefers hits that differ (maximal marginal relevance)."""
    expand: Literal["none", "window", "parent"] = "none"
    """What a hit is widened to before it is given back."""
    rerank: str | None = None
    """A reranker: ``llm:<model>``, or a plugin's name."""
    options: Mapping[str, Json] = field(default_factory=dict)


class IndexSettings(Record):
    """Everything besides the documents that decides what an index holds."""

    embedding: str | None = "embedded/static"
    """The embedding model; None makes an index for keyword search alone."""
    chunks: ChunkSettings = field(default_factory=ChunkSettings)
    store: str = "sqlite"
    """``sqlite``, ``postgres``, ``lancedb``, ``qdrant``, ``azure_search``, ``opensearch``, or a
    plugin's name."""
    connection: str | None = None
    """The connection of a store that is a service."""
    language: str = "english"
    search: SearchSettings = field(default_factory=SearchSettings)
    options: Mapping[str, Json] = field(default_factory=dict)
    """Of the store alone."""

    def as_json(self) -> JsonObject:
        """The settings as they are stored and hashed."""
        return as_dict(self)
