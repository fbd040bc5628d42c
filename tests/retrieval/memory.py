"""A snapshot in memory, to try searches on: plain Python, exact, with nothing on a disk."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy

from flowgrade.errors import NotFoundError
from flowgrade.retrieval import Chunk, Filter, Found, Searcher, SearchSettings
from flowgrade.retrieval.filters import holds

if TYPE_CHECKING:
    from flowgrade.retrieval import Matrix, Vector

TEXTS = {
    "returns": "A lamp may be sent back within thirty days. The shop pays the postage.",
    "hours": "The shop opens at nine in the morning and closes at six.",
    "shipping": "Parcels are sent within two days. Postage to islands costs more.",
    "tea": "Green tea is brewed at eighty degrees for three minutes.",
}


def chunk(id: str, text: str, **more: Any) -> Chunk:
    """A chunk that is its whole document, unless ``more`` says otherwise."""
    document, _, number = id.partition("#")
    fields = {"start": 0, "end": len(text), "number": int(number or 0), "document": document}
    return Chunk(id=id, text=text, **{**fields, **more})


CHUNKS = [
    chunk(f"{name}#0", text, title=name.title(), metadata={"length": len(text), "name": name})
    for name, text in TEXTS.items()
]


class MemoryReader:
    """Word counts weighted by rarity on one side, cosines on the other."""

    def __init__(
        self,
        chunks: Sequence[Chunk] = CHUNKS,
        vectors: Matrix | None = None,
        *,
        blocks: bool = False,
    ) -> None:
        self._chunks = {one.id: one for one in chunks}
        self._vectors = embedded([c.passage for c in chunks]) if vectors is None else vectors
        self.blocks = blocks
        self.loaded: list[str] = []

    def __len__(self) -> int:
        return len(self._chunks)

    def by_words(self, query: str, limit: int, where: Filter = ()) -> list[Found]:
        counts = {id: Counter(words(c.passage)) for id, c in self._chunks.items()}
        scores = {}
        for id in self._passing(where):
            score = 0.0
            for word in set(words(query)):
                known = sum(word in count for count in counts.values())
                score += counts[id][word] * math.log(1 + len(counts) / known) if known else 0
            if score:
                scores[id] = score
        return _best(scores, limit)

    def by_vector(self, vector: Vector, limit: int, where: Filter = ()) -> list[Found]:
        ids = list(self._chunks)
        cosines = self._vectors @ vector
        passing = set(self._passing(where))
        return _best(
            {i: float(s) for i, s in zip(ids, cosines, strict=True) if i in passing}, limit
        )

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        self.loaded += ids
        try:
            return [self._chunks[id] for id in ids]
        except KeyError as error:
            raise NotFoundError(f"There is no chunk {error}.") from None

    def vectors(self, ids: Sequence[str]) -> Matrix:
        places = {id: place for place, id in enumerate(self._chunks)}
        return self._vectors[[places[id] for id in ids]]

    def of_document(self, document: str) -> list[Chunk]:
        found = [c for c in self._chunks.values() if c.document == document]
        return sorted(found, key=lambda c: c.number)

    def close(self) -> None:
        pass

    def _passing(self, where: Filter) -> list[str]:
        return [
            id
            for id, c in self._chunks.items()
            if all(
                holds(one, c.metadata.get(one.key), present=one.key in c.metadata) for one in where
            )
        ]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def embedded(texts: Sequence[str]) -> Matrix:
    """Vectors of letter triples: near for texts that look alike, words in common or not."""
    vectors: Matrix = numpy.zeros((len(texts), 64), dtype=numpy.float32)
    for row, text in enumerate(texts):
        for word in words(text):
            for start in range(len(word)):
                place = sum(ord(c) * 31**i for i, c in enumerate(word[start : start + 3])) % 64
                vectors[row, place] += 1
    lengths = numpy.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= numpy.where(lengths > 0, lengths, 1)
    return vectors


async def embed(texts: Sequence[str]) -> Matrix:
    return embedded(texts)


def searcher(
    reader: MemoryReader | None = None, *, models: Any = None, **settings: Any
) -> Searcher:
    """A searcher over the texts above."""
    return Searcher(
        reader or MemoryReader(),
        embed,
        SearchSettings(**settings),
        models,
        name="shop",
        snapshot="abc123",
    )


def open_shop(name: str, *, snapshot: str | None = None) -> Searcher:
    """Open the index ``shop``, which is all there is."""
    if name != "shop":
        raise NotFoundError(f"There is no index '{name}'.", hint="Did you mean 'shop'?")
    return Searcher(
        MemoryReader(), embed, SearchSettings(), name=name, snapshot=snapshot or "latest"
    )


def _best(scores: dict[str, float], limit: int) -> list[Found]:
    ordered = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    return [Found(id, score) for id, score in ordered[:limit]]
