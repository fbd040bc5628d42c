"""Fusion: one ranking out of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import starmap
from operator import itemgetter

from flowgrade.retrieval.stores.index_store import Found

_id, _score = itemgetter(0), itemgetter(1)


def in_order(scores: Mapping[str, float]) -> list[Found]:
    """The best score first; equal ones by id, so that an order is always the same."""
    # Two stable sorts by C functions: a key of Python's own takes twice as long.
    items = sorted(scores.items(), key=_id)
    items.sort(key=_score, reverse=True)
    return list(starmap(Found, items))


def convex(keyword: Sequence[Found], vector: Sequence[Found], *, weight: float) -> list[Found]:
    """Weighted sums of scores, each side scaled to 0..1 over its own candidates.

    ``weight`` is the share of the keyword side. What a side does not have counts 0 there, as its
    last candidate does. Source: Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid
    Retrieval", 2022 (min-max of each query).
    """
    fused: dict[str, float] = {}
    for side, share in ((keyword, weight), (vector, 1.0 - weight)):
        low, width = _span(side)
        for id, score in side:
            part = share * ((score - low) / width) if width else share
            fused[id] = fused[id] + part if id in fused else part
    return in_order(fused)


ENOUGH = 0.6
"""Coverage from which a question says what the documents say: no other words are looked for."""
_LEAST, _MOST = 0.3, 0.75  # shares of the keyword side
_FROM, _TO = 0.2, 0.6  # coverage between which the share grows


def keyword_share(coverage: float) -> float:
    """The keyword side's share where its best chunk has ``coverage`` of the question's words.

    Words decide where they are the document's own, vectors where it uses others. The bounds were
    chosen by measurement: docs/why/retrieval.md.
    """
    place = min(max((coverage - _FROM) / (_TO - _FROM), 0.0), 1.0)
    return _LEAST + (_MOST - _LEAST) * place


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
    low, width = _span(side)
    return [Found(id, (score - low) / width if width else 1.0) for id, score in side]


def _span(side: Sequence[Found]) -> tuple[float, float]:
    """The lowest score, and how far above it the highest is."""
    if not side:
        return 0.0, 0.0
    low = min(side, key=_score).score
    return low, max(side, key=_score).score - low
