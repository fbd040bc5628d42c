"""A model that litellm calls."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

from flowgrade.models.answer import StreamedAnswer
from flowgrade.models.connection import Connection
from flowgrade.models.limited import LimitedModel
from flowgrade.models.litellm.attempts import Attempts
from flowgrade.models.litellm.failures import explain
from flowgrade.models.litellm.loading import loaded
from flowgrade.models.request import ChatRequest, EmbeddingRequest
from flowgrade.models.response import ChatChunk, ChatResponse, EmbeddingResponse
from flowgrade.models.transport import Transport
from flowgrade.models.wire import ChatReader, read_chat, read_embeddings, with_parameters
from flowgrade.records import Json, JsonObject


class LiteLLMModel(LimitedModel):
    """Chats and embeds by litellm; retries, throttle and errors are ours."""

    advice = "Models by litellm chat and embed: use chat."

    def __init__(
        self, name: str, *, route: str, connection: Connection, transport: Transport
    ) -> None:
        """``route`` is the model's name with litellm's name of the provider before it."""
        self.name = name
        self._route = route
        self._connection = connection
        self._transport = transport
        self._attempts = Attempts(transport, connection, route)
        self._fixed = _fixed(connection)

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """Continue a conversation."""
        payload = self._chat(request)
        answer = await self._attempts.call(lambda: self._call("acompletion", payload))
        return read_chat(answer.model_dump())

    async def chat_stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """Continue a conversation, piece by piece; retries end with the first one."""
        payload = {**self._chat(request), "stream": True}
        payload.setdefault("stream_options", {"include_usage": True})
        reader, answer = ChatReader(), StreamedAnswer()
        first, rest = await self._attempts.call(lambda: self._begin(payload))
        piece: Any = first
        try:
            while piece is not None:
                chunk = reader.read(piece.model_dump(exclude_none=True))
                answer.see(chunk)
                yield chunk
                piece = await self._next(rest)
        finally:
            close = getattr(rest, "aclose", None)
            if close is not None:
                await close()
        answer.check()

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResponse:
        """Turn texts into vectors."""
        payload = with_parameters({"input": request.inputs}, {}, request.parameters)
        answer = await self._attempts.call(lambda: self._call("aembedding", payload))
        return read_embeddings(answer.model_dump(), len(request.inputs))

    def _chat(self, request: ChatRequest) -> JsonObject:
        payload: JsonObject = {"messages": request.messages}
        return with_parameters(payload, self._connection.parameters, request.parameters)

    async def _call(self, name: str, payload: Mapping[str, Json]) -> Any:
        litellm = await loaded()
        function: Callable[..., Any] = getattr(litellm, name)
        try:
            return await function(model=self._route, **payload, **self._fixed)
        except Exception as error:
            raise self._explained(error) from error

    async def _begin(self, payload: Mapping[str, Json]) -> tuple[Any, Any]:
        pieces = aiter(await self._call("acompletion", payload))
        return await self._next(pieces), pieces

    async def _next(self, pieces: Any) -> Any:
        try:
            return await anext(pieces)
        except StopAsyncIteration:
            return None
        except Exception as error:
            raise self._explained(error) from error

    def _explained(self, error: Exception) -> Exception:
        return explain(
            error, model=self._route, connection=self._connection, clock=self._transport.clock
        )


def _fixed(connection: Connection) -> JsonObject:
    """What goes with every call: key, address, and what only this provider knows."""
    fixed: JsonObject = {"num_retries": 0, "max_retries": 0, **connection.configs}
    fixed |= {name: secret.reveal() for name, secret in connection.secrets.items()}
    if connection.api_key:
        fixed["api_key"] = connection.api_key.reveal()
    if connection.base_url:
        fixed["api_base"] = connection.base_url
    if connection.api_version:
        fixed["api_version"] = connection.api_version
    if connection.headers:
        fixed["extra_headers"] = dict(connection.headers)
    if connection.timeouts.total is not None:
        fixed["timeout"] = connection.timeouts.total
    return fixed
