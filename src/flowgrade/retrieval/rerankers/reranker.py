"""Reranker: gives passages new scores for a question."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from flowgrade.errors import InputError, InvalidJsonError
from flowgrade.plugins import load_plugin, plugins
from flowgrade.records import SpanKind
from flowgrade.retrieval.stores.index_store import Found
from flowgrade.tracing import span

if TYPE_CHECKING:
    from flowgrade.models import Models

RERANKERS = "flowgrade.rerankers"
"""Entry-point group of rerankers; what ``rerank`` takes is the entry's name, or
``name:argument``."""


class Rerank(Protocol):
    """Scores passages."""

    def __call__(self, query: str, passages: Sequence[str]) -> Awaitable[Sequence[float]]:
        """A score for each passage, in their order; a higher one answers ``query`` better."""
        ...


@runtime_checkable
class Reranker(Protocol):
    """One way to rerank."""

    def open(self, argument: str, models: Models | None) -> Rerank:
        """Make ready, without a call. ``argument`` is what stands behind the colon, or "".

        Raises InputError for an argument that it cannot use, and MissingExtraError.
        """
        ...


def open_reranker(named: str, models: Models | None) -> Rerank:
    """The reranker that ``rerank`` of the settings names; raises InputError, NotFoundError."""
    name, _, argument = named.partition(":")
    known = [plugin.name for plugin in plugins(RERANKERS)]
    if name not in known:
        raise InputError(
            f"There is no reranker '{name}'.",
            hint=f"There are: {', '.join(f'{one}:…' for one in known)}.",
        )
    # mypy: a runtime-checkable protocol is meant here, not a class to instantiate
    return load_plugin(RERANKERS, name, Reranker).open(argument, models)  # type: ignore[type-abstract]


async def reranked(
    rerank: Rerank, named: str, query: str, ranked: Sequence[Found], passages: Sequence[str]
) -> list[Found]:
    """``ranked`` in the order of new scores; what scores the same keeps its order.

    A model that gives no JSON leaves the order as it is, and the span says so.
    """
    with span(f"rerank {named}", kind=SpanKind.RETRIEVAL) as active:
        active.inputs({"query": query, "passages": [one.id for one in ranked]})
        active.attributes["flowgrade.rerank.candidates"] = len(ranked)
        try:
            scores = await rerank(query, passages)
        except InvalidJsonError as error:
            active.attributes["flowgrade.retrieval.fallback"] = error.message
            return list(ranked)
        found = [Found(one.id, float(new)) for one, new in zip(ranked, scores, strict=True)]
        found.sort(key=lambda one: -one.score)
        active.outputs([[one.id, one.score] for one in found])
    return found


def needed_models(models: Models | None, what: str) -> Models:
    """``models``, which ``what`` cannot do without."""
    if models is None:
        raise InputError(f"{what} needs models, and none can be reached from here.")
    return models


def needed(argument: str, what: str, example: str) -> str:
    """``argument``, which must not be empty."""
    if not argument:
        raise InputError(f"{what} is not named.", hint=f"Write rerank: {example}")
    return argument
