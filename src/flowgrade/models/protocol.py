"""A model behind an endpoint that speaks OpenAI's protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import TypeVar

from flowgrade.errors import ModelError
from flowgrade.models.answer import StreamedAnswer
from flowgrade.models.caller import Caller
from flowgrade.models.compatibility import Compatibility
from flowgrade.models.request import ChatRequest, CompletionRequest, EmbeddingRequest
from flowgrade.models.response import (
    ChatChunk,
    ChatResponse,
    CompletionChunk,
    CompletionResponse,
    EmbeddingResponse,
)
from flowgrade.models.wire import (
    ChatReader,
    read_chat,
    read_completion,
    read_completion_chunk,
    read_embeddings,
    with_parameters,
)
from flowgrade.records import Json, JsonObject

T = TypeVar("T", ChatChunk, CompletionChunk)

_CHAT = "/chat/completions"
_COMPLETE = "/completions"
_EMBED = "/embeddings"


class OpenAIModel:
    """Chats, completes and embeds over OpenAI's protocol."""

    __slots__ = ("_compatibility", "_defaults", "_caller", "name")

    def __init__(self, name: str, caller: Caller, defaults: Mapping[str, Json]) -> None:
        self.name = name
        self._caller = caller
        self._defaults = defaults
        self._compatibility = Compatibility(name)

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """Continue a conversation."""
        payload: JsonObject = {"model": self.name, "messages": request.messages}
        with_parameters(payload, self._defaults, request.parameters)
        return read_chat(await self._post(_CHAT, payload))

    def chat_stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """Continue a conversation, piece by piece."""
        payload: JsonObject = {"model": self.name, "messages": request.messages}
        with_parameters(payload, self._defaults, request.parameters)
        return self._stream(_CHAT, payload, ChatReader().read)

    async def complete(self, request: CompletionRequest) -> CompletionResponse:
        """Continue a text."""
        payload: JsonObject = {"model": self.name, "prompt": request.prompt}
        with_parameters(payload, self._defaults, request.parameters)
        return read_completion(await self._post(_COMPLETE, payload))

    def complete_stream(self, request: CompletionRequest) -> AsyncGenerator[CompletionChunk]:
        """Continue a text, piece by piece."""
        payload: JsonObject = {"model": self.name, "prompt": request.prompt}
        with_parameters(payload, self._defaults, request.parameters)
        return self._stream(_COMPLETE, payload, read_completion_chunk)

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResponse:
        """Turn texts into vectors."""
        payload: JsonObject = {"model": self.name, "input": request.inputs}
        with_parameters(payload, {}, request.parameters)
        return read_embeddings(await self._post(_EMBED, payload), len(request.inputs))

    async def _post(self, path: str, payload: JsonObject) -> JsonObject:
        self._compatibility.adapt(payload, streamed=False)
        try:
            return await self._caller.post(path, payload)
        except ModelError as error:
            if not self._compatibility.learn(error, payload, asked_options=True):
                raise
        return await self._caller.post(path, payload)

    async def _stream(
        self, path: str, payload: JsonObject, read: Callable[[JsonObject], T]
    ) -> AsyncGenerator[T]:
        asked = "stream_options" in payload
        payload["stream"] = True
        self._compatibility.adapt(payload, streamed=True)
        for _ in range(3):  # at most two things to learn
            answer = StreamedAnswer()
            events = self._caller.stream(path, payload, is_finished=answer.is_finished)
            begun = False
            try:
                async for event in events:
                    begun = True
                    piece = read(event)
                    if not answer.says or piece.finish_reason:
                        answer.see(piece)
                    yield piece
            except ModelError as error:
                if begun or not self._compatibility.learn(error, payload, asked_options=asked):
                    raise
            else:
                answer.check()
                return
            finally:
                await events.aclose()


def model_names(raw: JsonObject) -> list[str]:
    """The names in an answer of ``/models``, in their order; odd entries are left out."""
    found = raw.get("data") or raw.get("models") or []
    entries = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return [item["id"] for item in entries if isinstance(item.get("id"), str)]
