"""Every call of a model is a span, whichever provider the model is of."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from copy import copy
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flowgrade.models.assembly import assemble_chat, assemble_completion
from flowgrade.models.attributes import add_findings, add_request, add_usage
from flowgrade.models.capabilities import Limits
from flowgrade.models.connection import Connection
from flowgrade.models.model import Model
from flowgrade.models.operation import CHAT, COMPLETE, EMBED, Operation
from flowgrade.models.prices import Tariff
from flowgrade.models.request import ChatRequest, CompletionRequest, EmbeddingRequest
from flowgrade.models.response import (
    ChatChunk,
    ChatResponse,
    CompletionChunk,
    CompletionResponse,
    EmbeddingResponse,
)
from flowgrade.records import Json
from flowgrade.tracing import ActiveSpan, span

Q = TypeVar("Q")
R = TypeVar("R", ChatResponse, CompletionResponse, EmbeddingResponse)
C = TypeVar("C", ChatChunk, CompletionChunk)

_PORTS = {"http": 80, "https": 443}


class ObservedModel:
    """A model whose calls are recorded in the trace that is active, with what they cost.

    Attributes follow OpenTelemetry's GenAI conventions; ``flowgrade.retries`` counts retries. What
    the model is known to lack is refused before the call.
    """

    __slots__ = ("__weakref__", "_attributes", "_limits", "_model", "_tariff", "name")

    def __init__(
        self,
        model: Model,
        *,
        provider: str,
        connection: Connection,
        limits: Limits | None = None,
        tariff: Tariff | None = None,
    ) -> None:
        self.name = model.name
        self._model = model
        self._limits = limits
        self._tariff = tariff
        self._attributes = _attributes(model.name, provider, connection)

    def noting(self, attributes: Mapping[str, Json]) -> ObservedModel:
        """The same model, whose spans have ``attributes`` too."""
        other = copy(self)
        other._attributes = {**self._attributes, **attributes}
        return other

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """Continue a conversation."""
        return await self._record(CHAT, request, self._model.chat)

    def chat_stream(self, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """Continue a conversation, piece by piece."""
        return self._record_stream(CHAT, request, self._model.chat_stream, assemble_chat)

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        """Continue a text."""
        return await self._record(COMPLETE, request, self._model.complete)

    def complete_stream(self, request: CompletionRequest) -> AsyncIterator[CompletionChunk]:
        """Continue a text, piece by piece."""
        return self._record_stream(
            COMPLETE, request, self._model.complete_stream, assemble_completion
        )

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResponse:
        """Turn texts into vectors."""
        return await self._record(EMBED, request, self._model.embed)

    async def _record(
        self, operation: Operation, request: Q, call: Callable[[Q], Awaitable[R]]
    ) -> R:
        if self._limits is not None:
            self._limits.check(operation.name, request, streamed=False)
        with span(f"{operation.name} {self.name}", kind=operation.kind) as active:
            if active.trace is None:
                return await call(request)
            self._begin(active, operation, request)
            try:
                response = await call(request)
            except BaseException as error:
                active.attributes["error.type"] = type(error).__name__
                raise
            _finish(active, operation, response, self._tariff)
            return response

    def _record_stream(
        self,
        operation: Operation,
        request: Q,
        call: Callable[[Q], AsyncIterator[C]],
        assemble: Callable[[Iterable[C]], ChatResponse | CompletionResponse],
    ) -> AsyncIterator[C]:
        if self._limits is not None:
            self._limits.check(operation.name, request, streamed=True)
        active = span(f"{operation.name} {self.name}", kind=operation.kind)
        if active.trace is None:
            return call(request)
        return self._stream(active, operation, request, call, assemble)

    async def _stream(
        self,
        active: ActiveSpan,
        operation: Operation,
        request: Q,
        call: Callable[[Q], AsyncIterator[C]],
        assemble: Callable[[Iterable[C]], ChatResponse | CompletionResponse],
    ) -> AsyncIterator[C]:
        active.begin()
        started = time.perf_counter()
        self._begin(active, operation, request)
        failure: BaseException | None = None
        chunks: list[C] = []
        pieces: AsyncIterator[C] | None = None
        silent = True
        try:
            pieces = call(request)
            while (chunk := await _next(active, pieces)) is not None:
                if silent and chunk.text:
                    silent = False
                    seconds = time.perf_counter() - started
                    active.attributes["gen_ai.server.time_to_first_token"] = seconds
                chunks.append(chunk)
                yield chunk
        except GeneratorExit:  # closed early by the caller, which is no failure
            raise
        except BaseException as error:
            failure = error
            active.attributes["error.type"] = type(error).__name__
            raise
        finally:
            if chunks:
                _finish(active, operation, assemble(chunks), self._tariff)
            active.end(failure)
            close = getattr(pieces, "aclose", None)
            if close is not None:
                await close()

    def _begin(self, active: ActiveSpan, operation: Operation, request: object) -> None:
        active.inputs(operation.inputs(request))
        active.attributes.update(self._attributes)
        active.attributes["gen_ai.operation.name"] = operation.name
        parameters = getattr(request, "parameters", None)
        if parameters:
            add_request(active.attributes, parameters)


async def _next(active: ActiveSpan, pieces: AsyncIterator[C]) -> C | None:
    """The next piece, or None at the end; the span is the current one only meanwhile."""
    token = active.attach()
    try:
        return await anext(pieces)
    except StopAsyncIteration:
        return None
    finally:
        active.detach(token)


def _finish(active: ActiveSpan, operation: Operation, response: Any, tariff: Tariff | None) -> None:
    active.outputs(operation.outputs(response))
    active.usage = response.usage
    attributes = active.attributes
    if response.model is not None:
        attributes["gen_ai.response.model"] = response.model
    raw = getattr(response, "raw", None)
    if raw is not None:
        if raw.get("id") is not None:
            attributes["gen_ai.response.id"] = raw["id"]
        if response.finish_reason is not None:
            attributes["gen_ai.response.finish_reasons"] = _finish_reasons(raw)
    usage = response.usage
    if usage is not None:
        add_usage(attributes, usage)
        if tariff is not None:
            tier = None if raw is None else raw.get("service_tier")
            active.cost = tariff.cost(usage, response.model, tier, attributes)
    if operation is CHAT:
        add_findings(attributes, response)


def _finish_reasons(raw: dict[str, Json]) -> list[Json]:
    choices = [choice for choice in raw["choices"] if isinstance(choice, dict)]
    return [choice.get("finish_reason") for choice in choices]


def _attributes(model: str, provider: str, connection: Connection) -> dict[str, Json]:
    attributes: dict[str, Json] = {
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": model,
    }
    if connection.base_url:
        parts = urlsplit(connection.base_url)
        attributes["server.address"] = parts.hostname
        attributes["server.port"] = parts.port or _PORTS.get(parts.scheme)
    return attributes
