"""Fusion: one ranking out of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowgrade.retrieval.stores.index_store import Found

# Chosen by measurement on both sets: benchmarks/retrieval.py.
_COVERS_LITTLE, _COVERS_ENOUGH = 0.15, 0.25
_LEAST = 0.05


def in_order(scores: Mapping[str, float]) -> list[Found]:
    """The best score first; equal ones by id, so that an order is always the same."""
    return [Found(id, score) for id, score in sorted(scores.items(), key=_best_first)]


def convex(keyword: Sequence[Found], vector: Sequence[Found], *, weight: float) -> list[Found]:
    """Weighted sums of scores, each side scaled to 0..1 over its own candidates.

    ``weight`` is the share of the keyword side. What a side does not have counts 0 there, as its
    last candidate does. Source: Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid
    Retrieval", 2022 (min-max of each query).
    """
    fused: dict[str, float] = {}
    for side, share in ((keyword, weight), (vector, 1.0 - weight)):
        for id, score in scaled(side):
            fused[id] = fused.get(id, 0.0) + share * score
    return in_order(fused)


def adapted(weight: float, coverage: float) -> float:
    """The share of the keyword side for a question of which its best passage covers so much.

    ``coverage`` is the best BM25 score as a share of what no passage can pass. It tells questions
    in the documents' own words (SQuAD: 0.23 to 0.54 for 9 of 10) from those in others (Contoso's
    paraphrases: 0.08 to 0.19), whose few common words say little of where the answer stands.
    """
    found = min(1.0, max(0.0, (coverage - _COVERS_LITTLE) / (_COVERS_ENOUGH - _COVERS_LITTLE)))
    least = min(_LEAST, weight)
    return least + (weight - least) * found


def reciprocal_ranks(
    rankings: Sequence[Sequence[Found]], *, k: int = 60, weights: Sequence[float] | None = None
) -> list[Found]:
    """Weighted sums of 1 / (k + rank). Equal scores share the better rank.

    Source: Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion", 2009.
    """
    fused: dict[str, float] = {}
    for ranking, weight in zip(rankings, weights or [1.0] * len(rankings), strict=True):
        rank, before = 0, None
        for place, (id, score) in enumerate(ranking, 1):
            if score != before:
                rank, before = place, score
            fused[id] = fused.get(id, 0.0) + weight / (k + rank)
    return in_order(fused)


def scaled(side: Sequence[Found]) -> list[Found]:
    """The scores between 0, the lowest, and 1, the highest; 1 where all are the same."""
    if not side:
        return []
    scores = [score for _, score in side]
    low, high = min(scores), max(scores)
    if high == low:
        return [Found(id, 1.0) for id, _ in side]
    width = high - low
    return [Found(id, (score - low) / width) for id, score in side]


def _best_first(item: tuple[str, float]) -> tuple[float, str]:
    return -item[1], item[0]
