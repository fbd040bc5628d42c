"""BM25 weights of whole snapshots, for stores that search sparse vectors.

A published snapshot never changes, so how rare a word is and how long the texts are is known when
it is published: the weights are worked out once, and a query only adds them up.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from flowgrade.retrieval.stores.postings import K1, B

Terms = Mapping[int, int]
"""How often each term stands in a text, by the term's number."""


@cache
def number_of(term: str) -> int:
    """A number of 32 bits for a term, the same everywhere."""
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=4).digest(), "big")


def count_terms(terms: Iterable[str]) -> dict[int, int]:
    """The terms of a text by number."""
    return dict(Counter(map(number_of, terms)))


class Weights:
    """Learns from all texts, then weighs the terms of each."""

    def __init__(self) -> None:
        self._texts = 0
        self._length = 0
        self._spread: Counter[int] = Counter()

    def learn(self, counts: Terms) -> None:
        """Take a text into account."""
        self._texts += 1
        self._length += sum(counts.values())
        self._spread.update(counts.keys())

    def weigh(self, counts: Terms) -> tuple[Sequence[int], Sequence[float]]:
        """The terms of a text in order, and the weight of each."""
        average = self._length / self._texts if self._length else 1.0
        longer = K1 * (1 - B + B * sum(counts.values()) / average)
        terms = sorted(counts)
        return terms, [
            self._rarity(term) * counts[term] / (counts[term] + longer) for term in terms
        ]

    def _rarity(self, term: int) -> float:
        spread = self._spread[term]
        return math.log1p((self._texts - spread + 0.5) / (spread + 0.5))
