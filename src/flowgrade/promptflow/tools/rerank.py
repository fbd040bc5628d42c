"""Rerank: prompt flow's tool that puts what lookups found into one order."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from flowgrade.errors import InputError
from flowgrade.records import JsonObject, dumps
from flowgrade.retrieval import Found, scaled

SCORE = "@promptflow_vectordb.reranker_score"
"""Under which name prompt flow gives the new score."""

_K1, _B = 1.5, 0.75  # Robertson and Zaragoza 2009
_WORD = re.compile(r"\w+")
_LENGTH_AT_LEAST = 1.0


def rerank(
    query: str,
    ranker_parameters: str | Mapping[str, Any],
    result_groups: Sequence[Any],
    top_k: int = 3,
) -> list[JsonObject]:
    """The best entities of all groups, each text once, by ``BM25`` or ``Scaled Score Fusion``.

    BM25 scores the texts against the question. Fusion scales the scores of each group to 0..1 and
    adds up what several groups found.
    """
    groups = _groups(result_groups)
    entities = {str(row.get("text") or ""): row for group in groups for row in reversed(group)}
    scores = _ranker(ranker_parameters)(query, groups)
    best = sorted(scores, key=lambda text: -scores[text])[: int(top_k)]
    return [_ranked(entities[text], scores[text]) for text in best]


def _ranker(given: str | Mapping[str, Any]) -> Any:
    said = (given if isinstance(given, str) else dumps(dict(given))).casefold()
    if "bm25" in said:
        return _bm25
    if "fusion" in said:
        return _fusion
    raise InputError(
        f"The tool knows no ranker '{given}'.",
        hint="There are: BM25 and Scaled Score Fusion. For a rerank model of a service use a node "
        "of the type rerank with rerank: endpoint:CONNECTION/MODEL.",
    )


def _bm25(query: str, groups: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, float]:
    texts = dict.fromkeys(str(row.get("text") or "") for group in groups for row in group)
    counts = {text: Counter(_words(text)) for text in texts}
    mean = max(sum(c.total() for c in counts.values()) / max(len(counts), 1), _LENGTH_AT_LEAST)
    found = dict.fromkeys(counts, 0.0)
    for word in set(_words(query)):
        having = sum(word in count for count in counts.values())
        rarity = math.log(1 + (len(counts) - having + 0.5) / (having + 0.5))
        for text, count in counts.items():
            times = count[word]
            length = 1 - _B + _B * count.total() / mean
            found[text] += rarity * times * (_K1 + 1) / (times + _K1 * length)
    return found


def _fusion(query: str, groups: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for group in groups:
        side = [Found(str(row.get("text") or ""), float(row.get("score") or 0)) for row in group]
        for text, score in scaled(side):
            found[text] = found.get(text, 0.0) + score
    return found


def _groups(given: Sequence[Any]) -> list[list[Mapping[str, Any]]]:
    """Groups of entities; a list of entities is one group."""
    items = list(given)
    groups = [items] if items and all(isinstance(one, Mapping) for one in items) else items
    for group in groups:
        if not isinstance(group, (list, tuple)) or not all(isinstance(x, Mapping) for x in group):
            raise InputError(
                "The result_groups are no lists of entities.",
                hint="Give the output of an index lookup, or a list of several.",
            )
    return [list(group) for group in groups]


def _ranked(entity: Mapping[str, Any], score: float) -> JsonObject:
    metadata = dict(entity.get("metadata") or {})
    more = {**dict(entity.get("additional_fields") or metadata), SCORE: score}
    return {**entity, "metadata": metadata, "additional_fields": more}


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
