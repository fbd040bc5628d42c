"""Indexes in memory that rank by rule, for tests of measuring."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from flowgrade.records import Json
from flowgrade.retrieval.chunk import Chunk
from flowgrade.retrieval.measuring.questions import Question
from flowgrade.retrieval.result import Hit, SearchResult

Rank = Callable[[str], Sequence[str]]


class Ranked:
    """Searches for which a function names the chunks, ``document`` or ``document#number``."""

    def __init__(self, rank: Rank, *, pause: float = 0.0) -> None:
        self._rank = rank
        self._pause = pause
        self.limits: list[int | None] = []
        self.under_way = self.most = 0

    async def search(
        self, query: str, *, limit: int | None = None, where: Mapping[str, Json] | None = None
    ) -> SearchResult:
        self.limits.append(limit)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(self._pause)
            names = list(self._rank(query))[:limit]
        finally:
            self.under_way -= 1
        hits = tuple(hit(name, 1 / (n + 1)) for n, name in enumerate(names))
        return SearchResult(query=query, hits=hits, mode="keyword", seconds=0.0)


def hit(name: str, score: float) -> Hit:
    document, _, number = name.partition("#")
    chunk = Chunk(
        id=f"{document}#{number or 0}",
        document=document,
        number=int(number or 0),
        text=name,
        start=0,
        end=len(name),
    )
    return Hit(chunk=chunk, score=score, text=name)


def question(number: int, *relevant: str, kind: str | None = None) -> Question:
    return Question(
        id=f"q{number}", text=f"question {number}", relevant=dict.fromkeys(relevant, 1.0), kind=kind
    )
