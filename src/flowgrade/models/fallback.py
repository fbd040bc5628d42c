"""Several models behind one name: the next answers when one fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeVar

from flowgrade.errors import (
    ModelError,
    ModelNotFoundError,
    ModelTimeoutError,
    ModelUnreachableError,
    QuotaError,
    UnsupportedByModelError,
)
from flowgrade.models.observed import ObservedModel
from flowgrade.models.request import ChatRequest, CompletionRequest, EmbeddingRequest
from flowgrade.models.response import (
    ChatChunk,
    ChatResponse,
    CompletionChunk,
    CompletionResponse,
    EmbeddingResponse,
)
from flowgrade.records import Json

Q = TypeVar("Q")
R = TypeVar("R", ChatResponse, CompletionResponse, EmbeddingResponse)
C = TypeVar("C", ChatChunk, CompletionChunk)

_OF_THE_MODEL = (QuotaError, ModelNotFoundError, ModelTimeoutError, ModelUnreachableError)


class FallbackModel:
    """The models of a slot, in their order.

    The next one is asked when one cannot be reached, does not answer in time, is overloaded, has
    no quota left or is not there, each after its own retries. A request that was refused for what
    it holds is not sent elsewhere, nor is one with a wrong key. A stream goes on to the next model
    only until its first piece. Spans say which models failed before, and how.
    """

    __slots__ = ("_models", "_slot", "name")

    def __init__(self, slot: str, models: tuple[ObservedModel, ...]) -> None:
        self._slot = slot
        self._models = models
        self.name = models[0].name

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """Continue a conversation."""
        return await self._first(request, lambda model: model.chat)

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        """Continue a text."""
        return await self._first(request, lambda model: model.complete)

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResponse:
        """Turn texts into vectors."""
        return await self._first(request, lambda model: model.embed)

    def chat_stream(self, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """Continue a conversation, piece by piece."""
        return self._first_stream(request, lambda model: model.chat_stream)

    def complete_stream(self, request: CompletionRequest) -> AsyncIterator[CompletionChunk]:
        """Continue a text, piece by piece."""
        return self._first_stream(request, lambda model: model.complete_stream)

    async def _first(
        self, request: Q, method: Callable[[ObservedModel], Callable[[Q], Awaitable[R]]]
    ) -> R:
        failures = _Failures(self._slot)
        for model in self._tries(failures):
            try:
                return await method(model)(request)
            except ModelError as error:
                failures.add(model, error)
        raise failures.last()

    async def _first_stream(
        self, request: Q, method: Callable[[ObservedModel], Callable[[Q], AsyncIterator[C]]]
    ) -> AsyncIterator[C]:
        failures = _Failures(self._slot)
        for model in self._tries(failures):
            begun = False
            pieces: AsyncIterator[C] | None = None
            try:
                pieces = method(model)(request)
                async for piece in pieces:
                    begun = True
                    yield piece
                return
            except ModelError as error:
                if begun:
                    raise
                failures.add(model, error)
            finally:
                close = getattr(pieces, "aclose", None)
                if close is not None:
                    await close()
        raise failures.last()

    def _tries(self, failures: _Failures) -> Iterator[ObservedModel]:
        yield self._models[0]
        for model in self._models[1:]:
            yield model.noting({"flowgrade.fallback": failures.told()})


class _Failures:
    """What the models before said."""

    def __init__(self, slot: str) -> None:
        self._slot = slot
        self._found: list[tuple[str, ModelError]] = []

    def add(self, model: ObservedModel, error: ModelError) -> None:
        """Keep ``error``, or raise it when another model is no remedy."""
        # What a model further down the list lacks is no reason to give up.
        skipped = bool(self._found) and isinstance(error, UnsupportedByModelError)
        if not (error.retryable or isinstance(error, _OF_THE_MODEL) or skipped):
            raise error
        self._found.append((model.name, error))

    def told(self) -> list[Json]:
        return [
            {"model": name, "error": type(error).__name__, "message": error.message}
            for name, error in self._found
        ]

    def last(self) -> ModelError:
        """The last error, with a word about those before."""
        *before, (_, error) = self._found
        earlier = "; ".join(f"{name}: {type(one).__name__}: {one.message}" for name, one in before)
        error.message += f" (The slot '{self._slot}' has no further model. Before: {earlier})"
        return error
