"""A model that can do only a part of what models do."""

from __future__ import annotations

from collections.abc import AsyncIterator

from flowgrade.errors import UnsupportedByModelError
from flowgrade.models.request import ChatRequest, CompletionRequest, EmbeddingRequest
from flowgrade.models.response import (
    ChatChunk,
    ChatResponse,
    CompletionChunk,
    CompletionResponse,
    EmbeddingResponse,
)


class LimitedModel:
    """Refuses every ability; a subclass overrides those it has."""

    name = ""
    advice = "Use another model."
    """The next step for a caller whose request is refused."""

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """Refuse to chat."""
        raise self._refusal("chat")

    def chat_stream(self, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """Refuse to chat."""
        raise self._refusal("chat")

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        """Refuse to complete."""
        raise self._refusal("complete a prompt")

    def complete_stream(self, request: CompletionRequest) -> AsyncIterator[CompletionChunk]:
        """Refuse to complete."""
        raise self._refusal("complete a prompt")

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResponse:
        """Refuse to embed."""
        raise self._refusal("embed texts")

    def _refusal(self, ability: str) -> UnsupportedByModelError:
        return UnsupportedByModelError(f"'{self.name}' cannot {ability}.", hint=self.advice)
