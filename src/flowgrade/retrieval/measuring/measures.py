"""Measures of a ranking: how well documents that were found match those that are relevant.

Each takes the ids of the documents that were found, best first and each once, and the relevant
ones with their grades. Grade 1 is relevant, more is better; a document without a grade has 0. Where
no document is relevant a measure is not defined, and the question is left out.

Sources: Manning, Raghavan, Schütze, Introduction to Information Retrieval (2008), chapter 8, for
precision, recall and average precision; Voorhees, The TREC-8 Question Answering Track Report (1999)
for the reciprocal rank; Järvelin and Kekäläinen, Cumulated Gain-Based Evaluation of IR Techniques
(2002), with the gains of Burges et al., Learning to Rank using Gradient Descent (2005), for nDCG.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from flowgrade.errors import InputError
from flowgrade.records import Record

Grades = Mapping[str, float]
"""Relevant documents by id; a grade is above 0."""


def recall(found: Sequence[str], relevant: Grades, k: int) -> float:
    """The share of the relevant documents that are among the first ``k``."""
    return _hits(found, relevant, k) / len(relevant)


def precision(found: Sequence[str], relevant: Grades, k: int) -> float:
    """The share of the first ``k`` places that hold a relevant document; empty places do not."""
    return _hits(found, relevant, k) / k


def hit(found: Sequence[str], relevant: Grades, k: int) -> float:
    """1 where a relevant document is among the first ``k``, else 0; its mean is the hit rate."""
    return float(_hits(found, relevant, k) > 0)


def mrr(found: Sequence[str], relevant: Grades, k: int) -> float:
    """1 / the place of the first relevant document, 0 where the first ``k`` have none."""
    for place, document in enumerate(found[:k], start=1):
        if document in relevant:
            return 1 / place
    return 0.0


def average_precision(found: Sequence[str], relevant: Grades, k: int) -> float:
    """Mean over the relevant documents of the precision at the place of each.

    One that is not among the first ``k`` adds 0. The sum is divided by the number that ``k`` places
    can hold, at most all, so that a perfect ranking has 1.
    """
    hits, total = 0, 0.0
    for place, document in enumerate(found[:k], start=1):
        if document in relevant:
            hits += 1
            total += hits / place
    return total / min(len(relevant), k)


def ndcg(found: Sequence[str], relevant: Grades, k: int) -> float:
    """The gains 2^grade - 1, each divided by log2(place + 1), as a share of the best possible."""
    gained = _gain([relevant.get(document, 0.0) for document in found[:k]])
    return gained / _gain(sorted(relevant.values(), reverse=True)[:k])


class Measure(Record, kw_only=False):
    """A measure at a depth, such as ``ndcg@10``."""

    name: str
    k: int

    def __str__(self) -> str:
        return f"{self.name}@{self.k}"

    def of(self, found: Sequence[str], relevant: Grades) -> float:
        """Its value for one question that has a relevant document."""
        return MEASURES[self.name](found, relevant, self.k)


MEASURES: Mapping[str, Callable[[Sequence[str], Grades, int], float]] = {
    "ndcg": ndcg,
    "recall": recall,
    "precision": precision,
    "hit": hit,
    "mrr": mrr,
    "map": average_precision,
}
"""Every measure by the name before the ``@``; each lies between 0 and 1."""

DEFAULT_MEASURES = (
    Measure("ndcg", 10),
    Measure("recall", 1),
    Measure("recall", 5),
    Measure("recall", 10),
    Measure("mrr", 10),
    Measure("hit", 10),
    Measure("precision", 5),
    Measure("map", 10),
)
PRIMARY = DEFAULT_MEASURES[0]
"""What settings are chosen by unless another measure is named."""

_DEEPEST = 1000


def read_measure(written: str) -> Measure:
    """The measure called ``ndcg@10``; raises InputError for one that is none."""
    name, _, depth = written.strip().lower().partition("@")
    if name not in MEASURES or not depth.isascii() or not depth.isdigit():
        raise InputError(
            f"'{written}' is no measure.",
            hint=f"Write one of {', '.join(MEASURES)} with a depth, such as ndcg@10.",
        )
    if not 1 <= int(depth) <= _DEEPEST:
        raise InputError(f"The depth of '{written}' is not between 1 and {_DEEPEST:,}.")
    return Measure(name, int(depth))


def _hits(found: Sequence[str], relevant: Grades, k: int) -> int:
    return sum(document in relevant for document in found[:k])


def _gain(grades: Sequence[float]) -> float:
    return math.fsum(
        (2**grade - 1) / math.log2(place + 1) for place, grade in enumerate(grades, start=1)
    )
