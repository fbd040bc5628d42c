"""A model behind an endpoint that speaks Anthropic's Messages protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping

from flowgrade.models.answer import StreamedAnswer
from flowgrade.models.anthropic.answer import read_answer
from flowgrade.models.anthropic.events import EventReader
from flowgrade.models.anthropic.request import SAMPLING, to_request
from flowgrade.models.caller import Caller
from flowgrade.models.limited import LimitedModel
from flowgrade.models.request import ChatRequest
from flowgrade.models.response import ChatChunk, ChatResponse
from flowgrade.records import Json, JsonObject

VERSION = "2026-10-21"
SAMPLING_VERSION = "2023-06-01"
"""The last version of the protocol that takes temperature, top_p and top_k."""

_PATH = "/v1/messages"


class AnthropicModel(LimitedModel):
    """Chats over Anthropic's Messages protocol."""

    advice = "Anthropic's models chat only: use chat, or a model of another provider."

    def __init__(
        self, name: str, callers: Callable[[str], Caller], defaults: Mapping[str, Json]
    ) -> None:
        """``callers`` gives what makes the calls in a version of the protocol."""
        self.name = name
        self._callers = {
            sampled: callers(SAMPLING_VERSION if sampled else VERSION) for sampled in (False, True)
        }
        self._defaults = defaults

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """Continue a conversation."""
        payload = self._payload(request)
        return read_answer(await self._caller(payload).post(_PATH, payload))

    async def chat_stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """Continue a conversation, piece by piece."""
        payload = {**self._payload(request), "stream": True}
        reader, answer = EventReader(), StreamedAnswer()
        events = self._caller(payload).stream(_PATH, payload)
        try:
            async for event in events:
                chunk = reader.read(event)
                if chunk is not None:
                    answer.see(chunk)
                    yield chunk
        finally:
            await events.aclose()
        reader.finish()
        answer.check()

    def _payload(self, request: ChatRequest) -> JsonObject:
        return to_request(request, model=self.name, defaults=self._defaults)

    def _caller(self, payload: JsonObject) -> Caller:
        return self._callers[not SAMPLING.isdisjoint(payload)]
