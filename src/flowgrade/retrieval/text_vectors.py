"""Texts as vectors of length 1, whose products are cosines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowgrade.models import EmbeddingRequest

if TYPE_CHECKING:
    from flowgrade.models import Model
    from flowgrade.retrieval.stores.index_store import Matrix


async def unit_vectors(model: Model, texts: Sequence[str]) -> Matrix:
    """A row for each text; of one without words it may be all zeros."""
    import numpy  # noqa: PLC0415  a search by words alone does without

    response = await model.embed(EmbeddingRequest(inputs=list(texts)))
    vectors: Matrix = numpy.array(response.vectors, dtype=numpy.float32)
    lengths = numpy.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= numpy.where(lengths > 0, lengths, 1)
    return vectors
