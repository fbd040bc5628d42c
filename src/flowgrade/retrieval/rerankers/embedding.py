"""A second, better embedding model that scores candidates by their likeness to the question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowgrade.retrieval.rerankers.reranker import Rerank, needed, needed_models
from flowgrade.retrieval.text_vectors import unit_vectors

if TYPE_CHECKING:
    from flowgrade.models import Model, Models


class EmbeddingReranker:
    """``embedding:<model>``: cosine similarity of question and passage."""

    def open(self, argument: str, models: Models | None) -> Rerank:
        """Open the model ``argument``."""
        name = needed(argument, "The model that reranks", "embedding:openai/text-embedding-3-large")
        return _Likeness(needed_models(models, f"The reranker embedding:{name}").open(name)).scores


RERANKER = EmbeddingReranker()


class _Likeness:
    def __init__(self, model: Model) -> None:
        self._model = model

    async def scores(self, query: str, passages: Sequence[str]) -> Sequence[float]:
        vectors = await unit_vectors(self._model, [query, *passages])
        return [float(score) for score in vectors[1:] @ vectors[0]]
