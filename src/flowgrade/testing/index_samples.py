"""What the conformance kit for index stores puts in and asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy

from flowgrade.records import Json
from flowgrade.retrieval import Chunk, Condition, Filter, Found, SnapshotWriter, holds

if TYPE_CHECKING:
    from flowgrade.retrieval import Matrix, Vector

DIMENSIONS = 16
ODD = (
    "it's; DROP TABLE chunks; --",
    'a "quoted" id',
    "grüße, 東京 \U0001f600",
    "100% $1 ? :x {y} \\",
    "../../up",
    "a/b#c",
    "x' OR 1 eq 1 or '",
)
QUERIES = ("", " ", "???", '"', "NOT", "a AND OR (", "tea*", "title:tea", "'; --", "^tea~2", "\\")
FILTERS: tuple[dict[str, Json], ...] = (
    {"year": 2001},
    {"year": 2001.0},
    {"year": {"ne": 2001}},
    {"year": {"in": [2001, 2004, "2005"]}},
    {"year": {"nin": [2001, 2004]}},
    {"year": {"gt": 2003}},
    {"year": {"gte": 2003, "lt": 2006}},
    {"year": {"lte": 2002.5}},
    {"year": "2005"},
    {"year": {"gt": "2000"}},
    {"flag": True},
    {"flag": 1},
    {"flag": {"ne": True}},
    {"lang": {"in": []}},
    {"lang": {"gt": "de"}},
    {"lang": {"lte": "en"}},
    {"lang": {"contains": "e"}},
    {"lang": "it's"},
    {"tags": {"contains": "a"}},
    {"tags": {"contains": 7}},
    {"tags": {"eq": ["a", "b"]}},
    {"tags": {"exists": True}},
    {"tags": {"exists": False}},
    {"none": {"exists": True}},
    {"none": None},
    {"a.b 'c' \"d\" $e": "odd"},
    {"not there": {"ne": 1}},
    {"not there": 1},
    {"$document": "d3"},
    {"$document": {"in": ["d1", "d2", "nowhere"]}},
    {"$source": {"contains": "d1"}},
    {"$title": {"exists": True}},
    {"$page": {"gte": 4}},
    {"$page": {"exists": False}},
    {"year": {"gt": 2001}, "lang": "en", "tags": {"contains": "b"}},
)
SENTENCES = (
    "Black tea is brewed with boiling water.",
    "Green tea wants cooler water, and less time.",
    "Coffee beans are roasted before they are ground.",
    "A kettle heats water for tea, tea and more tea.",
    "Glaciers carve valleys into mountains.",
    "Violins and cellos play together in an orchestra.",
    "The train to Vienna leaves at seven.",
    "Rabbits eat carrots in the garden.",
)


def library() -> tuple[list[Chunk], Matrix]:
    """Eight documents of one chunk each, and their vectors."""
    chunks = []
    for number, sentence in enumerate(SENTENCES):
        year: Json = "2005" if number == 5 else 2000 + number
        metadata: dict[str, Json] = {"year": year, "lang": ("en", "de", "it's")[number % 3]}
        if number % 2:
            metadata["flag"] = number % 4 == 1
            metadata["tags"] = ["a", "b"] if number % 4 == 1 else ["b", 7, True]
        if number == 2:
            metadata |= {"none": None, "a.b 'c' \"d\" $e": "odd", "year": 2002.5, "tags": "banana"}
        if number == 7:
            del metadata["year"]
        chunks.append(
            chunk_of(
                f"d{number}",
                0,
                sentence,
                title=None if number % 3 else f"Title {number}",
                source=f"folder/d{number}.md",
                headings=("Part", f"Chapter {number}"),
                page=number if number > 2 else None,
                metadata=metadata,
            )
        )
    return chunks, vectors_of(len(chunks))


def chunk_of(document: str, number: int, text: str, **more: Json) -> Chunk:
    """A chunk of this document."""
    end = 10 + len(text)
    identity = f"{document}#{number}"
    return Chunk(
        id=identity, document=document, number=number, text=text, start=10, end=end, **more
    )


def passes(chunk: Chunk, where: Filter) -> bool:
    """Whether the filter lets the chunk pass, by the definition of filters."""
    return all(_holds(condition, chunk) for condition in where)


def _holds(condition: Condition, chunk: Chunk) -> bool:
    key = condition.key
    if key in ("$document", "$source", "$title", "$page"):
        value = getattr(chunk, key[1:])
        return holds(condition, value, present=value is not None)
    return holds(condition, chunk.metadata.get(key), present=key in chunk.metadata)


def vectors_of(count: int, *, seed: int = 7) -> Matrix:
    """Vectors in any direction."""
    return unit(numpy.random.default_rng(seed).standard_normal((count, DIMENSIONS)))


def clustered(count: int) -> Matrix:
    """Vectors in 50 clouds, as those of texts lie."""
    chance = numpy.random.default_rng(11)
    centres = chance.standard_normal((50, DIMENSIONS))
    spread = 0.4 * chance.standard_normal((count, DIMENSIONS))
    return unit(centres[numpy.arange(count) % 50] + spread)


def unit(values: Any) -> Matrix:
    """The same directions, with length 1."""
    lengths = numpy.linalg.norm(values, axis=1, keepdims=True)
    return numpy.asarray(values / lengths, numpy.float32)


def nearest(vectors: Matrix, query: Vector, limit: int) -> list[int]:
    """Places of the nearest vectors, nearest first."""
    return [int(place) for place in numpy.argsort(-(vectors @ query), kind="stable")[:limit]]


def add_all(writer: SnapshotWriter, chunks: Sequence[Chunk], vectors: Matrix) -> None:
    """Add chunks that are a document each."""
    for number, chunk in enumerate(chunks):
        writer.add(chunk.document, [chunk], vectors[number : number + 1])


def share(found: Sequence[Found], expected: Sequence[str]) -> float:
    """How much of what was expected is among what was found."""
    return len({hit.id for hit in found} & set(expected)) / len(expected)


def is_falling(found: Sequence[Found]) -> bool:
    """Whether the scores fall."""
    scores = [hit.score for hit in found]
    return scores == sorted(scores, reverse=True)


def same_ids(found: Sequence[Found], expected: Sequence[Found]) -> bool:
    """Whether the same chunks were found in the same order."""
    return [hit.id for hit in found] == [hit.id for hit in expected]
