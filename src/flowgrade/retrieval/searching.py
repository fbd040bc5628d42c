"""Searcher: answers questions with the passages of one snapshot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from flowgrade.errors import InputError
from flowgrade.records import Json, SpanKind
from flowgrade.retrieval.diversity import diversified
from flowgrade.retrieval.expansion import Expansion
from flowgrade.retrieval.filters import Filter, read_filter
from flowgrade.retrieval.fusion import ENOUGH, convex, keyword_share, reciprocal_ranks
from flowgrade.retrieval.related import nearest_words
from flowgrade.retrieval.rerankers.reranker import open_reranker, reranked
from flowgrade.retrieval.result import Hit, SearchResult
from flowgrade.retrieval.settings import SearchSettings
from flowgrade.retrieval.stores.index_store import Found, KnowsWords, SnapshotReader
from flowgrade.tracing import ActiveSpan, span

if TYPE_CHECKING:
    from flowgrade.models import Models
    from flowgrade.retrieval.stores.index_store import Matrix

    Embed = Callable[[Sequence[str]], Awaitable[Matrix]]

T = TypeVar("T")

MOST = 1_000
"""Hits that one search gives at most."""
RERANKED = 20
"""Candidates that a reranker looks at, unless ``rerank_candidates`` of the options says it."""


class Searcher:
    """Searches one snapshot: words, vectors or both, then rerank, diversity and expansion.

    ``embed`` makes vectors of questions; None for an index without vectors. ``models`` are for
    rerankers that ask one. A searcher may be used from many tasks at once.
    """

    def __init__(
        self,
        reader: SnapshotReader,
        embed: Embed | None,
        settings: SearchSettings,
        models: Models | None = None,
        *,
        name: str = "index",
        snapshot: str = "",
        language: str = "none",
    ) -> None:
        check_settings(settings)
        self._reader = reader
        self._embed = embed
        self._models = models
        self.searching = settings
        self.name = name
        self.snapshot = snapshot
        self._language = language

    async def search(
        self,
        query: str,
        *,
        limit: int | None = None,
        where: Filter | Mapping[str, Json] | None = (),
        settings: SearchSettings | None = None,
    ) -> SearchResult:
        """The best ``limit`` passages for ``query`` that pass the filter ``where``.

        ``settings`` stand in for the searcher's own. Raises InputError for an empty query, for a
        limit or filter that is none, and for a search by vectors where there are none.
        """
        started = time.perf_counter()
        wanted = settings or self.searching
        if settings is not None:
            check_settings(settings)
        query = checked_query(query)
        most = checked_limit(wanted.limit if limit is None else limit)
        passes = where if isinstance(where, tuple) else read_filter(where)
        with span(f"retrieval {self.name}", kind=SpanKind.RETRIEVAL) as active:
            ask = _Ask(query, most, passes, wanted, self._mode(wanted))
            self._begin(active, ask)
            found = await self._candidates(ask)
            ranked = await self._ranked(ask, found)
            hits = await self._away(lambda: self._hits(ask, found, ranked))
            if active.trace is not None:
                active.outputs([hit.as_json() for hit in hits])
        seconds = time.perf_counter() - started
        return SearchResult(query=query, hits=hits, mode=ask.mode, seconds=seconds)

    def _mode(self, wanted: SearchSettings) -> str:
        """The mode that serves: an index that has only words answers a hybrid search with them."""
        if self._embed is not None:
            return wanted.mode
        if wanted.mode == "vector" or wanted.diversity:
            what = "mode 'vector'" if wanted.mode == "vector" else "diversity"
            raise InputError(
                f"The index '{self.name}' has no vectors, which {what} needs.",
                hint="Search it with the mode 'keyword', or build it with an embedding model.",
            )
        return "keyword"

    def _begin(self, active: ActiveSpan, ask: _Ask) -> None:
        if active.trace is None:
            return
        shown = [[one.key, one.test, one.value] for one in ask.where]
        active.inputs({"query": ask.query, "where": shown} if shown else {"query": ask.query})
        active.attributes |= {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.provider.name": "flowgrade",
            "gen_ai.data_source.id": self.name,
            "gen_ai.retrieval.top_k": ask.limit,
            "flowgrade.retrieval.mode": ask.mode,
        }
        if self.snapshot:
            active.attributes["flowgrade.retrieval.snapshot"] = self.snapshot

    async def _candidates(self, ask: _Ask) -> _Candidates:
        """What both sides find, side by side where the reader blocks."""
        reader, many = self._reader, max(ask.limit, ask.settings.candidates)
        if ask.mode == "keyword":
            words = await self._away(lambda: reader.by_words(ask.query, many, ask.where))
            return _Candidates(words, (), words)
        if ask.mode == "vector":
            near = await self._near(ask, many)
            return _Candidates((), near, near)
        if reader.blocks:
            (words, weight), near = await asyncio.gather(
                asyncio.to_thread(self._worded, ask, many), self._near(ask, many)
            )
        else:
            words, weight = self._worded(ask, many)
            near = await self._near(ask, many)
        return _Candidates(words, near, _fused(words, near, ask.settings, weight))

    def _worded(self, ask: _Ask, many: int) -> tuple[list[Found], float]:
        """The candidates of the keyword side, and what share it has in the fusion."""
        words = self._reader.by_words(ask.query, many, ask.where)
        settings = ask.settings
        if settings.fusion != "adaptive" or not isinstance(self._reader, KnowsWords):
            return words, settings.keyword_weight
        covered = self._reader.coverage(ask.query, words[0].id) if words else 0.0
        if covered < ENOUGH and (nearest := nearest_words(self._language)) is not None:
            words = self._reader.by_related_words(ask.query, nearest, many, ask.where)
        return words, keyword_share(covered)

    async def _near(self, ask: _Ask, many: int) -> list[Found]:
        assert self._embed is not None
        vector = (await self._embed([ask.query]))[0]
        return await self._away(lambda: self._reader.by_vector(vector, many, ask.where))

    async def _ranked(self, ask: _Ask, found: _Candidates) -> list[Found]:
        ranked, settings = list(found.fused), ask.settings
        if settings.rerank and ranked:
            bound = settings.options.get("rerank_candidates", RERANKED)
            best = ranked[: max(int(bound), ask.limit)]
            ids = [one.id for one in best]
            chunks = await self._away(lambda: self._reader.chunks(ids))
            rerank = open_reranker(settings.rerank, self._models)
            ranked = await reranked(
                rerank, settings.rerank, ask.query, best, [chunk.passage for chunk in chunks]
            )
        if settings.diversity and ranked:
            ids = [one.id for one in ranked]
            vectors = await self._away(lambda: self._reader.vectors(ids))
            # Some hits may melt into others; more than these are not looked at.
            most = ask.limit * (1 if settings.expand == "none" else 3)
            ranked = diversified(ranked, vectors, diversity=settings.diversity, limit=most)
        return ranked

    def _hits(self, ask: _Ask, found: _Candidates, ranked: list[Found]) -> tuple[Hit, ...]:
        """The hits that are shown; texts are loaded for those alone."""
        keyword, vector = dict(found.words), dict(found.near)
        window = int(ask.settings.options.get("window", 1))
        expansion = Expansion(self._reader, ask.settings.expand, window)
        for start in range(0, len(ranked), ask.limit):
            block = ranked[start : start + ask.limit]
            chunks = self._reader.chunks([one.id for one in block])
            for (id, score), chunk in zip(block, chunks, strict=True):
                if len(expansion) == ask.limit:
                    break
                expansion.take(
                    Hit(
                        chunk=chunk,
                        score=score,
                        text=chunk.text,
                        keyword=keyword.get(id),
                        vector=vector.get(id),
                    )
                )
            if len(expansion) == ask.limit:
                break
        return tuple(expansion.hits())

    async def _away(self, work: Callable[[], T]) -> T:
        """Do ``work`` in a thread where the reader blocks, else here: a thread costs more."""
        return await asyncio.to_thread(work) if self._reader.blocks else work()


class _Ask(NamedTuple):
    query: str
    limit: int
    where: Filter
    settings: SearchSettings
    mode: str


class _Candidates(NamedTuple):
    words: Sequence[Found]
    near: Sequence[Found]
    fused: Sequence[Found]


def checked_query(query: str) -> str:
    """The question without blanks around it; raises InputError when nothing is left."""
    found = query.strip() if isinstance(query, str) else ""
    if not found:
        raise InputError("The question is empty.", hint="Say what to search for.")
    return found


def checked_limit(limit: object) -> int:
    """A number of hits; raises InputError."""
    if type(limit) is not int or not 1 <= limit <= MOST:
        raise InputError(
            f"A search cannot give {limit!r} hits.", hint=f"Ask for a number from 1 to {MOST:,}."
        )
    return limit


_CHOICES = {
    "mode": ("hybrid", "keyword", "vector"),
    "fusion": ("adaptive", "convex", "rrf"),
    "expand": ("none", "window", "parent"),
}


def check_settings(settings: SearchSettings) -> None:
    """Raise InputError for settings that no search can use."""
    for name, choices in _CHOICES.items():
        found = getattr(settings, name)
        if found not in choices:
            raise InputError(
                f"A search has no {name} '{found}'.", hint=f"Choose one of: {', '.join(choices)}."
            )
    for name in ("keyword_weight", "diversity"):
        found = getattr(settings, name)
        if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 <= found <= 1:
            raise InputError(f"The {name} of a search is {found!r}.", hint="It is from 0 to 1.")
    checked_limit(settings.limit)
    for name, given, least in (
        ("candidates", settings.candidates, 1),
        ("rrf_k", settings.rrf_k, 1),
        ("window", settings.options.get("window", 1), 0),
        ("rerank_candidates", settings.options.get("rerank_candidates", RERANKED), 1),
    ):
        if type(given) is not int or not least <= given <= 10_000:
            raise InputError(
                f"The {name} of a search is {given!r}.",
                hint=f"It is a whole number from {least} to 10,000.",
            )


def _fused(
    words: list[Found], near: list[Found], settings: SearchSettings, weight: float
) -> list[Found]:
    if settings.fusion == "rrf":
        return reciprocal_ranks([words, near], k=settings.rrf_k, weights=[weight, 1.0 - weight])
    return convex(words, near, weight=weight)
