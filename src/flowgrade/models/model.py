"""Model: something that completes or embeds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, runtime_checkable

from flowgrade.models.request import ChatRequest, CompletionRequest, EmbeddingRequest
from flowgrade.models.response import (
    ChatChunk,
    ChatResponse,
    CompletionChunk,
    CompletionResponse,
    EmbeddingResponse,
)


@runtime_checkable
class Model(Protocol):
    """An open model. Every method raises a ModelError when the call fails.

    A model that lacks an ability raises UnsupportedByModelError before any call. The streams end
    the call when they are closed early (``aclose``).
    """

    @property
    def name(self) -> str:
        """The model's name at its endpoint."""
        ...

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """Continue a conversation."""
        ...

    def chat_stream(self, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """Continue a conversation, piece by piece."""
        ...

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        """Continue a text."""
        ...

    def complete_stream(self, request: CompletionRequest) -> AsyncIterator[CompletionChunk]:
        """Continue a text, piece by piece."""
        ...

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResponse:
        """Turn texts into vectors."""
        ...
