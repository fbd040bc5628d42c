"""Related words: what else a document may say for a word of the question.

The words are those that the embedded static model has a token for, some 12,000; how near two are is
the cosine of their vectors. Measured in docs/why/retrieval.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
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
_REMEMBERED = 20_000  # words; some 60 MB

Near = tuple[tuple[str, float], ...]


def nearest_words(language: str) -> Nearest | None:
    """Finds related words of a language; None where the model is missing or does not know it."""
    if language not in ("english", "porter"):
        return None
    try:
        load_static()
    except MissingExtraError:
        return None
    return _nearest


def _nearest(words: Sequence[str]) -> list[Near]:
    found = {word: _known.get(word) for word in words}
    new = [word for word, near in found.items() if near is None]
    if new:
        looked_up = dict(zip(new, _found(new), strict=True))
        if len(_known) + len(new) > _REMEMBERED:
            _known.clear()
        _known.update(looked_up)
        found |= looked_up
    return [found[word] or () for word in words]


def _found(words: Sequence[str]) -> Iterator[Near]:
    vocabulary, matrix = _vocabulary()
    vectors = load_static().embed(words)[0]
    # All at once: most of the time goes into reading the matrix.
    for word, near in zip(words, vectors @ matrix.T, strict=True):
        places = numpy.argpartition(-near, min(_LOOKED_AT, len(near) - 1))[:_LOOKED_AT]
        ordered = places[numpy.argsort(-near[places], kind="stable")]
        pairs = zip(ordered.tolist(), near[ordered].tolist(), strict=True)
        yield tuple(
            (vocabulary[place], SHARE * cosine)
            for place, cosine in pairs
            if cosine > LEAST and vocabulary[place] != word
        )


_known: dict[str, Near] = {}


@cache
def _vocabulary() -> tuple[list[str], Matrix]:
    model = load_static()
    words = model.words()
    return words, model.embed(words)[0]
