"""What a search gives back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from flowgrade.records import Json, JsonObject, Record
from flowgrade.retrieval.chunk import Chunk


class Hit(Record):
    """A chunk that was found."""

    chunk: Chunk
    score: float
    """By which hits are ordered, best first; its scale is that of the last step of the search."""
    text: str
    """What is shown: the chunk's own text, or what it was expanded to."""
    keyword: float | None = None
    """The chunk's score among the words' candidates; None where it was not one of them."""
    vector: float | None = None
    """Its cosine similarity; None where it was not among the vectors' candidates."""

    def as_json(self) -> JsonObject:
        """The hit as commands, nodes and spans give it."""
        chunk = self.chunk
        return {
            "id": chunk.id,
            "document": chunk.document,
            "score": round(self.score, 6),
            "text": self.text,
            "title": chunk.title,
            "source": chunk.source,
            "headings": list(chunk.headings),
            "page": chunk.page,
            "start": chunk.start,
            "end": chunk.end,
            "metadata": dict(chunk.metadata),
        }


class SearchResult(Record):
    """The hits for one question, best first."""

    query: str
    hits: tuple[Hit, ...]
    mode: str
    seconds: float
    queries: tuple[str, ...] = ()
    """What was searched for, where the question was rewritten or split."""

    @property
    def documents(self) -> tuple[str, ...]:
        """Ids of the documents of the hits, each once, in order."""
        return tuple(dict.fromkeys(hit.chunk.document for hit in self.hits))


class Searches(Protocol):
    """What can be asked for passages: an opened index, or anything that behaves as one."""

    async def search(
        self, query: str, *, limit: int | None = None, where: Mapping[str, Json] | None = None
    ) -> SearchResult:
        """The best ``limit`` passages for ``query`` that pass the filter ``where``."""
        ...
