"""Related words: what else a document may say for a word of the question.

The words are those that the embedded static model has a token for, some 12,000; how near two are is
the cosine of their vectors. Measured in docs/why/retrieval.md.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy

from flowgrade.errors import MissingExtraError
from flowgrade.models import load_static
from flowgrade.retrieval.stores.index_store import Nearest

if TYPE_CHECKING:
    from flowgrade.retrieval.stores.index_store import Matrix

LEAST = 0.35
"""Cosine from which a word counts as related."""
SHARE = 0.8
"""What a related word counts, times its cosine, of what the word itself would."""
_LOOKED_AT = 64  # nearest words of one: the index may have none of the first


def nearest_words(language: str) -> Nearest | None:
    """Finds related words of a language; None where the model is missing or does not know it."""
    if language not in ("english", "porter"):
        return None
    try:
        load_static()
    except MissingExtraError:
        return None
    return _nearest


@lru_cache(maxsize=20_000)
def _nearest(word: str) -> tuple[tuple[str, float], ...]:
    words, matrix = _vocabulary()
    vector = load_static().embed([word])[0][0]
    near = matrix @ vector
    places = numpy.argpartition(-near, min(_LOOKED_AT, len(near) - 1))[:_LOOKED_AT]
    ordered = places[numpy.argsort(-near[places], kind="stable")]
    return tuple(
        (words[place], SHARE * float(near[place]))
        for place in ordered.tolist()
        if near[place] > LEAST and words[place] != word
    )


@cache
def _vocabulary() -> tuple[list[str], Matrix]:
    model = load_static()
    words = model.words()
    return words, model.embed(words)[0]
