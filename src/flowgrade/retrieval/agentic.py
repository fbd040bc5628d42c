"""Agentic retrieval: a model plans searches, looks at what they found, and searches again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from flowgrade.errors import InputError, ModelError
from flowgrade.models import ask_json
from flowgrade.records import Json, JsonObject, Record, SpanKind, replace
from flowgrade.retrieval.fusion import reciprocal_ranks
from flowgrade.retrieval.library import library_request
from flowgrade.retrieval.opening import OpenedIndex
from flowgrade.retrieval.result import Hit, SearchResult
from flowgrade.retrieval.searching import checked_limit, checked_query
from flowgrade.retrieval.settings import SearchSettings
from flowgrade.retrieval.stores.index_store import Found
from flowgrade.retrieval.transforms import search_all
from flowgrade.tracing import ActiveSpan, span

if TYPE_CHECKING:
    from flowgrade.models import Model

MOST_ROUNDS = 10
_MOST_QUERIES = 4
_SHOWN = 20
"""Passages that the model sees in a round, the best and the latest."""
_CUT = 1_200
"""Characters of each."""
_STEP: JsonObject = {
    "type": "object",
    "properties": {
        "enough": {"type": "boolean"},
        "missing": {"type": "string"},
        "queries": {"type": "array", "items": {"type": "string"}},
        "useful": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["enough", "missing", "queries", "useful"],
    "additionalProperties": False,
}


class Round(Record):
    """One round: what was searched for, what was new in it, and what the model made of it."""

    queries: tuple[str, ...]
    found: tuple[str, ...]
    """Ids of the chunks that no round before had found."""
    enough: bool | None = None
    """Whether the model said that the question can be answered; None where it was not asked."""
    missing: str = ""
    """What it said is missing."""


class AgenticResult(Record):
    """The passages, and the trail that led to them."""

    result: SearchResult
    rounds: tuple[Round, ...]
    stopped: str
    """``enough``, ``rounds``, ``nothing new`` or ``model failed``."""

    def trail(self) -> list[JsonObject]:
        """The rounds as nodes and spans give them."""
        return [
            {
                "queries": list(one.queries),
                "found": list(one.found),
                "enough": one.enough,
                "missing": one.missing,
            }
            for one in self.rounds
        ]


async def agentic_search(
    index: OpenedIndex,
    question: str,
    *,
    model: Model,
    rounds: int = 3,
    limit: int | None = None,
    where: Mapping[str, Json] | None = None,
    settings: SearchSettings | None = None,
) -> AgenticResult:
    """Plan, search, check and search again, at most ``rounds`` times.

    Passages that the model calls useful come first, then the rest by reciprocal ranks over all
    searches. A model that fails ends it with what was found so far, at least by the question.
    """
    if type(rounds) is not int or not 1 <= rounds <= MOST_ROUNDS:
        raise InputError(
            f"Agentic retrieval cannot have {rounds!r} rounds.",
            hint=f"Give a number from 1 to {MOST_ROUNDS}.",
        )
    work = _Search(index, checked_query(question), model, where, settings)
    most = checked_limit((settings or index.searching).limit if limit is None else limit)
    with span(f"agentic retrieval {index.name}", kind=SpanKind.RETRIEVAL) as active:
        active.inputs({"query": work.question, "rounds": rounds})
        stopped = await work.run(rounds, most, active)
        found = AgenticResult(result=work.result(most), rounds=tuple(work.rounds), stopped=stopped)
        active.attributes["flowgrade.retrieval.rounds"] = len(work.rounds)
        active.attributes["flowgrade.retrieval.stopped"] = stopped
        active.outputs({"ids": [hit.chunk.id for hit in found.result.hits], "trail": found.trail()})
    return found


class _Search:
    def __init__(
        self,
        index: OpenedIndex,
        question: str,
        model: Model,
        where: Mapping[str, Json] | None,
        settings: SearchSettings | None,
    ) -> None:
        self.question = question
        self.rounds: list[Round] = []
        self._index = index
        self._model = model
        self._given = where, settings
        self._hits: dict[str, Hit] = {}
        self._rankings: list[list[Found]] = []
        self._useful: dict[str, None] = {}
        self._mode = ""
        self._seconds = 0.0

    async def run(self, rounds: int, limit: int, active: ActiveSpan) -> str:
        """Search in rounds; why it stopped."""
        queries: Sequence[str] = ()
        for number in range(rounds + 1):
            # The first step plans, each later one judges a round and plans the next.
            try:
                step, shown = await self._step()
            except ModelError as error:
                active.attributes["flowgrade.retrieval.fallback"] = (
                    f"{type(error).__name__}: {error.message}"
                )
                if not self.rounds:
                    await self._round([self.question], limit)
                return "model failed"
            self._judge(step, shown)
            if self.rounds and step["enough"]:
                return "enough"
            if number == rounds:
                return "rounds"
            queries = self._new(step["queries"])
            if not queries:
                return "nothing new"
            await self._round(queries, limit)
        raise AssertionError("the last step returns")

    def result(self, limit: int) -> SearchResult:
        """All that was found as one result."""
        settings = self._given[1] or self._index.searching
        fused = reciprocal_ranks(self._rankings, k=settings.rrf_k)
        fused.sort(key=lambda one: one.id not in self._useful)
        hits = [replace(self._hits[one.id], score=one.score) for one in fused[:limit]]
        queries = [query for one in self.rounds for query in one.queries]
        return SearchResult(
            query=self.question,
            hits=tuple(hits),
            mode=self._mode,
            seconds=self._seconds,
            queries=tuple(queries),
        )

    async def _step(self) -> tuple[JsonObject, list[Hit]]:
        useful = [self._hits[id] for id in self._useful]
        latest = (self._hits[id] for one in reversed(self.rounds) for id in one.found)
        rest = [hit for hit in latest if hit.chunk.id not in self._useful]
        shown = [*useful, *rest][:_SHOWN]
        values = {
            "question": self.question,
            "searches": [query for one in self.rounds for query in one.queries],
            "passages": [
                {"title": hit.chunk.title or "", "text": hit.text[:_CUT]} for hit in shown
            ],
            "most": _MOST_QUERIES,
        }
        request = library_request("search-step", values)
        answer = await ask_json(self._model, request, _STEP, name="step")
        return dict(answer.value), shown

    def _judge(self, step: JsonObject, shown: list[Hit]) -> None:
        for number in step["useful"]:
            if 1 <= number <= len(shown):
                self._useful[shown[number - 1].chunk.id] = None
        if self.rounds:
            last = self.rounds[-1]
            self.rounds[-1] = replace(
                last, enough=bool(step["enough"]), missing=str(step["missing"])
            )

    def _new(self, queries: Sequence[str]) -> list[str]:
        """The queries that were not searched for yet; in the first round there is always one."""
        before = {query for one in self.rounds for query in one.queries}
        wanted = dict.fromkeys(" ".join(str(query).split()) for query in queries)
        fresh = [query for query in wanted if query and query not in before][:_MOST_QUERIES]
        return fresh or ([] if self.rounds else [self.question])

    async def _round(self, queries: Sequence[str], limit: int) -> None:
        where, settings = self._given
        found: list[str] = []
        for query in queries:
            result = await search_all(
                self._index, [query], limit=limit, where=where, settings=settings
            )
            self._mode = result.mode
            self._seconds += result.seconds
            self._rankings.append([Found(hit.chunk.id, hit.score) for hit in result.hits])
            for hit in result.hits:
                if hit.chunk.id not in self._hits:
                    self._hits[hit.chunk.id] = hit
                    found.append(hit.chunk.id)
        self.rounds.append(Round(queries=tuple(queries), found=tuple(found)))
