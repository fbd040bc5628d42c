"""Maximal marginal relevance: hits that are good and differ from each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowgrade.retrieval.fusion import scaled
from flowgrade.retrieval.stores.index_store import Found

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix


def diversified(
    ranked: Sequence[Found], vectors: Matrix, *, diversity: float, limit: int
) -> list[Found]:
    """The first ``limit`` by (1 - diversity) x relevance - diversity x likeness to those before.

    ``vectors`` has a row of length 1 for each of ``ranked``, and likeness is the cosine with the
    nearest hit that was taken. The scores of the hits are these values, which never rise.
    Source: Carbonell and Goldstein, "The Use of MMR", 1998.
    """
    if not ranked:
        return []
    import numpy  # noqa: PLC0415  a search by words alone does without

    worth = numpy.array([score for _, score in scaled(ranked)]) * (1.0 - diversity)
    nearest = numpy.zeros(len(ranked))
    left = numpy.ones(len(ranked), dtype=bool)
    taken: list[Found] = []
    for _ in range(min(limit, len(ranked))):
        value = numpy.where(left, worth - diversity * nearest, -numpy.inf)
        best = int(value.argmax())  # of equal ones the first, which is the better one
        taken.append(Found(ranked[best].id, float(value[best])))
        left[best] = False
        nearest = numpy.maximum(nearest, vectors @ vectors[best])
    return taken
