"""Query transforms: what is searched for in place of the question, or beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from flowgrade.errors import InputError, ModelError
from flowgrade.records import Json, JsonObject, SpanKind, replace
from flowgrade.retrieval.fusion import reciprocal_ranks
from flowgrade.retrieval.library import library_request
from flowgrade.retrieval.opening import OpenedIndex
from flowgrade.retrieval.result import Hit, SearchResult
from flowgrade.retrieval.searching import checked_limit, checked_query
from flowgrade.retrieval.settings import SearchSettings
from flowgrade.retrieval.stores.index_store import Found
from flowgrade.tracing import span

if TYPE_CHECKING:
    from flowgrade.models import Model

Transform = Literal["rewrite", "multi_query", "hyde", "step_back"]
History = Sequence[Mapping[str, Json]]

_LONGEST = 2_000
"""Characters of a query: a model that writes a book must not make the search one."""
_MOST_QUERIES = 8
_FUSED = 30
"""Hits of each query that are fused, at least."""


async def rewrite(
    model: Model, question: str, *, history: History = (), subject: str = ""
) -> list[str]:
    """The question as a query that stands without the conversation before it.

    ``history`` has the turns, each with ``inputs.question`` and ``outputs.answer``, or messages
    with ``role`` and ``content``.
    """
    values = {"question": question, "chat_history": turns(history), "subject": subject}
    return [await _text(model, "rewrite-query", values)]


async def multi_query(model: Model, question: str, *, count: int = 3) -> list[str]:
    """The question and up to ``count`` others that ask for the same in other words."""
    most = min(count, _MOST_QUERIES)
    answer = await _json(model, "multi-query", {"question": question, "count": most}, _QUERIES)
    return _each_once([question, *map(str, answer["queries"][:most])])


async def hyde(model: Model, question: str) -> list[str]:
    """The question and a passage that could answer it: documents resemble it more.

    Source: Gao et al., "Precise Zero-Shot Dense Retrieval without Relevance Labels", 2022.
    """
    return _each_once([question, await _text(model, "hypothetical-answer", {"question": question})])


async def step_back(model: Model, question: str) -> list[str]:
    """The question and a more general one behind it.

    Source: Zheng et al., "Take a Step Back", 2023.
    """
    return _each_once([question, await _text(model, "step-back", {"question": question})])


_ALL: Mapping[str, Callable[..., Awaitable[list[str]]]] = {
    "rewrite": rewrite,
    "multi_query": multi_query,
    "hyde": hyde,
    "step_back": step_back,
}
TRANSFORMS = tuple(_ALL)


def check_transform(name: str) -> None:
    """Raise InputError when there is no transform of that name."""
    if name not in _ALL:
        raise InputError(
            f"There is no query transform '{name}'.", hint=f"There are: {', '.join(_ALL)}."
        )


async def transformed(
    transform: str, model: Model, question: str, **arguments: Json
) -> tuple[str, ...]:
    """The queries that ``transform`` makes of ``question``; the first stands for it.

    A model that fails leaves the question as it is, and the span says so.
    """
    check_transform(transform)
    with span(f"transform {transform}", kind=SpanKind.RETRIEVAL) as active:
        active.inputs({"question": question, **arguments})
        try:
            queries = tuple(await _ALL[transform](model, question, **arguments)) or (question,)
        except ModelError as error:
            queries = (question,)
            active.attributes["flowgrade.retrieval.fallback"] = (
                f"{type(error).__name__}: {error.message}"
            )
        active.outputs(queries)
    return queries


async def search_all(
    index: OpenedIndex,
    queries: Sequence[str],
    *,
    limit: int | None = None,
    where: Mapping[str, Json] | None = None,
    settings: SearchSettings | None = None,
) -> SearchResult:
    """Search for every query at once and fuse what they find by reciprocal ranks.

    The hits' scores are those of the fusion; with a single query they are the search's own.
    """
    started = time.perf_counter()
    if len(queries) == 1:
        return await index.search(queries[0], limit=limit, where=where, settings=settings)
    wanted = settings or index.searching
    most = checked_limit(wanted.limit if limit is None else limit)
    wide = max(most, _FUSED)
    found = await asyncio.gather(
        *(index.search(one, limit=wide, where=where, settings=settings) for one in queries)
    )
    hits: dict[str, Hit] = {}
    for result in found:
        for hit in result.hits:
            hits.setdefault(hit.chunk.id, hit)
    rankings = [[Found(hit.chunk.id, hit.score) for hit in result.hits] for result in found]
    best = reciprocal_ranks(rankings, k=wanted.rrf_k)[:most]
    return SearchResult(
        query=queries[0],
        hits=tuple(replace(hits[one.id], score=one.score) for one in best),
        mode=found[0].mode,
        seconds=time.perf_counter() - started,
        queries=tuple(queries),
    )


async def ask_index(
    index: OpenedIndex,
    question: str,
    *,
    transform: str,
    model: Model,
    history: History = (),
    limit: int | None = None,
    where: Mapping[str, Json] | None = None,
    settings: SearchSettings | None = None,
) -> SearchResult:
    """Search with what ``transform`` makes of ``question``; ``history`` is for ``rewrite``."""
    question = checked_query(question)
    more: JsonObject = {"history": list(history)} if transform == "rewrite" else {}
    queries = await transformed(transform, model, question, **more)
    return await search_all(index, queries, limit=limit, where=where, settings=settings)


def turns(history: History) -> list[JsonObject]:
    """A conversation as turns of ``inputs.question`` and ``outputs.answer``.

    It may be that already, in prompt flow's shape with any names, or messages.
    """
    found: list[JsonObject] = []
    for one in history:
        if "role" in one:
            _add_message(found, str(one["role"]), str(one.get("content") or ""))
            continue
        given, gave = one.get("inputs") or {}, one.get("outputs") or {}
        found.append(
            {
                "inputs": {"question": _part(given, "question")},
                "outputs": {"answer": _part(gave, "answer")},
            }
        )
    return found


def _add_message(found: list[JsonObject], role: str, content: str) -> None:
    if role == "user":
        found.append({"inputs": {"question": content}, "outputs": {"answer": ""}})
    elif role == "assistant" and found:
        found[-1]["outputs"]["answer"] = content


def _part(values: Mapping[str, Json], name: str) -> str:
    found = values.get(name, next(iter(values.values()), ""))
    return str(found)


_QUERIES: JsonObject = {
    "type": "object",
    "properties": {"queries": {"type": "array", "items": {"type": "string"}}},
    "required": ["queries"],
    "additionalProperties": False,
}


async def _text(model: Model, prompt: str, values: JsonObject) -> str:
    response = await model.chat(library_request(prompt, values))
    text = " ".join((response.text or "").split())[:_LONGEST]
    return text or str(values["question"])


async def _json(model: Model, prompt: str, values: JsonObject, schema: JsonObject) -> JsonObject:
    from flowgrade.models import ask_json  # noqa: PLC0415  brings a validator of schemas

    answer = await ask_json(model, library_request(prompt, values), schema, name="queries")
    return dict(answer.value)


def _each_once(queries: Sequence[str]) -> list[str]:
    cut = (query.strip()[:_LONGEST] for query in queries)
    return list(dict.fromkeys(query for query in cut if query))
