"""Rerank services that speak the ``/rerank`` call of Cohere and Jina."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from flowgrade.errors import HttpError, InputError, MissingKeyError
from flowgrade.models import Connection, HttpRequest
from flowgrade.records import Json, dumps, loads
from flowgrade.retrieval.rerankers.reranker import Rerank, needed, needed_models

if TYPE_CHECKING:
    from flowgrade.models import Models

_EXAMPLE = "endpoint:my-connection/rerank-v3.5"
_SHOWN = 300


class EndpointReranker:
    """``endpoint:<connection>/<model>``: posts to ``/rerank`` below the connection's base_url.

    Cohere, Jina, Voyage-like gateways and self-hosted servers (text-embeddings-inference behind a
    gateway, vLLM, llama.cpp) answer with ``results`` of ``index`` and ``relevance_score``.
    """

    def open(self, argument: str, models: Models | None) -> Rerank:
        """Find the connection."""
        name, _, model = needed(argument, "The service that reranks", _EXAMPLE).partition("/")
        if not model:
            raise InputError(
                f"The reranker 'endpoint:{argument}' names no model.", hint=f"Write {_EXAMPLE}"
            )
        reached = needed_models(models, f"The reranker endpoint:{argument}")
        connection = reached.connection(name)
        if not connection.base_url:
            raise MissingKeyError(
                f"The connection '{name}' has no address.", hint=f"Set {connection.url_place}."
            )
        return _Service(reached, connection, model).scores


RERANKER = EndpointReranker()


class _Service:
    def __init__(self, models: Models, connection: Connection, model: str) -> None:
        self._models = models
        self._connection = connection
        self._model = model

    async def scores(self, query: str, passages: Sequence[str]) -> Sequence[float]:
        connection = self._connection
        headers = {"Content-Type": "application/json", **connection.headers}
        if connection.api_key is not None:
            headers["Authorization"] = f"Bearer {connection.api_key.reveal()}"
        body = {
            "model": self._model,
            "query": query,
            "documents": list(passages),
            "top_n": len(passages),
        }
        request = HttpRequest(
            method="POST",
            url=f"{str(connection.base_url).rstrip('/')}/rerank",
            headers=headers,
            body=dumps(body).encode(),
        )
        reply = await self._models.fetch(request)
        if reply.status != 200:
            said = reply.body[:_SHOWN].decode(errors="replace")
            raise HttpError(
                self._models.scrub(f"{request.place} answers with {reply.status}: {said}")
            )
        return _read(reply.body, len(passages), request.place)


def _read(body: bytes, count: int, place: str) -> list[float]:
    try:
        results: Sequence[Mapping[str, Json]] = loads(body)["results"]
        scores = {int(one["index"]): float(one["relevance_score"]) for one in results}
    except (KeyError, TypeError, ValueError):
        raise HttpError(
            f"{place} answers with no list of results.",
            hint="The connection's base_url must be that of a service with Cohere's /rerank call.",
        ) from None
    worst = min(scores.values(), default=0.0)
    return [scores.get(number, worst) for number in range(count)]
