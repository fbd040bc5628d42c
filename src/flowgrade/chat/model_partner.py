"""Talk to a model."""

from __future__ import annotations

from contextlib import aclosing
from typing import cast

from flowgrade.chat.history import messages_of, user_message
from flowgrade.chat.partner import Answer, Emit, Exchange
from flowgrade.errors import InputError, ModelResponseError
from flowgrade.models import ChatChunk, ChatRequest, Model
from flowgrade.records import JsonObject
from flowgrade.tracing import SessionKind, Shape

_CUT = "The answer was cut off: it reached max_tokens."
_FILTERED = "The answer was cut off by the endpoint's content filter."
_REMARKS = {"length": _CUT, "content_filter": _FILTERED}


class ModelPartner:
    """A model, with a system prompt and parameters."""

    kind = SessionKind.MODEL
    shape = Shape()

    def __init__(self, model: Model, *, name: str) -> None:
        self.name = name
        self.title = name
        self._model = model

    def check(self, exchange: Exchange) -> None:
        """Raise InputError for parameters that a chat has no use for."""
        for name in ("stream", "messages", "model"):
            if name in exchange.given:
                raise InputError(
                    f"'{name}' is no parameter of a chat.",
                    hint="Another model: /model NAME." if name == "model" else "Leave it out.",
                )

    async def answer(self, exchange: Exchange, emit: Emit) -> Answer:
        """Continue the conversation; raises a ModelError, also when no text comes."""
        request = ChatRequest(messages=_messages(exchange), parameters=exchange.given)
        pieces: list[str] = []
        reason: str | None = None
        # A model's streams are async generators, whatever their type says.
        stream = cast("aclosing[ChatChunk]", aclosing(self._model.chat_stream(request)))  # type: ignore[type-var]
        async with stream as chunks:
            async for chunk in chunks:  # type: ignore[attr-defined]
                reason = chunk.finish_reason or reason
                if chunk.text:
                    pieces.append(chunk.text)
                    emit(chunk.text)
        text = "".join(pieces)
        if not text.strip():
            raise _nothing(reason)
        return Answer(text=text, remark=_REMARKS.get(reason or ""))


def _messages(exchange: Exchange) -> list[JsonObject]:
    system = [{"role": "system", "content": exchange.system}] if exchange.system else []
    last = user_message(exchange.question, exchange.attachments)
    return [*system, *messages_of(exchange.history), last]


def _nothing(reason: str | None) -> ModelResponseError:
    hints = {
        "length": "Give it more room: /set max_tokens=2000 (reasoning counts too).",
        "content_filter": "The endpoint's content filter took the answer away; ask otherwise.",
        "tool_calls": "It asks for a tool, and a chat has none: chat with a flow that has.",
    }
    return ModelResponseError(
        f"The model gave no text (finish reason: {reason or 'none'}).",
        hint=hints.get(reason or "", "Ask again with /retry, or try another model."),
    )
