"""The embedded models: a reader that quotes its context, and static word vectors."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator
from uuid import uuid4

from flowgrade.errors import UnsupportedByModelError
from flowgrade.models.limited import LimitedModel
from flowgrade.models.reader import Reading, count_tokens, read_messages
from flowgrade.models.request import ChatRequest, EmbeddingRequest
from flowgrade.models.response import ChatChunk, ChatResponse, EmbeddingResponse
from flowgrade.models.static_vectors import Vectors, load_static
from flowgrade.models.wire import read_chat, read_chat_chunk, text_of
from flowgrade.records import JsonObject, Usage


class ReaderModel(LimitedModel):
    """Answers the last question with sentences of the conversation's context, word for word.

    ``raw["flowgrade"]`` says that the answer is extractive, how sure it is (``score``, 0 to 1) and
    whether the context answers at all.
    """

    name = "reader"
    advice = "embedded/reader only chats; embedded/static embeds."

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """Answer from the context."""
        _refuse_tools(request)
        reading = await asyncio.to_thread(read_messages, request.messages)
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": reading.answer},
            "finish_reason": "stop",
        }
        raw = self._head("chat.completion", reading)
        return read_chat({**raw, "choices": [choice], "usage": _usage(request, reading)})

    async def chat_stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """Answer from the context, sentence by sentence."""
        _refuse_tools(request)
        reading = await asyncio.to_thread(read_messages, request.messages)
        raw = self._head("chat.completion.chunk", reading)
        for piece in _pieces(reading):
            choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
            yield read_chat_chunk({**raw, "choices": [choice]})
        last: JsonObject = {"index": 0, "delta": {}, "finish_reason": "stop"}
        yield read_chat_chunk({**raw, "choices": [last], "usage": _usage(request, reading)})

    def _head(self, kind: str, reading: Reading) -> JsonObject:
        return {
            "id": f"chatcmpl-{uuid4().hex}",
            "object": kind,
            "created": int(time.time()),
            "model": self.name,
            "flowgrade": {
                "extractive": True,
                "score": reading.score,
                "answered": reading.answered,
            },
        }


def _refuse_tools(request: ChatRequest) -> None:
    if request.parameters.get("tools") or request.parameters.get("functions"):
        raise UnsupportedByModelError(
            "embedded/reader cannot call tools.",
            hint="Use a model that can, such as openai/gpt-4o-mini.",
        )


class StaticModel(LimitedModel):
    """Embeds texts with static word vectors of 256 dimensions (wordllama), on this machine."""

    name = "static"
    advice = "embedded/static only embeds; embedded/reader answers from a context."

    async def embed(self, request: EmbeddingRequest) -> EmbeddingResponse:
        """Embed texts; vectors have length 1, or 0 for a text without words.

        Raises MissingExtraError when wordllama is not installed.
        """
        vectors, tokens = await asyncio.to_thread(_embed, list(request.inputs))
        usage = Usage(input_tokens=tokens, output_tokens=0)
        return EmbeddingResponse(vectors=vectors, usage=usage, model=self.name)


def _usage(request: ChatRequest, reading: Reading) -> JsonObject:
    texts = [text_of(message.get("content")) or "" for message in request.messages]
    prompt, completion = sum(map(count_tokens, texts)), count_tokens(reading.answer)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _pieces(reading: Reading) -> list[str]:
    """The answer cut after each of its sentences."""
    starts = [0]
    for sentence in reading.sentences[1:]:
        start = reading.answer.find(sentence.text, starts[-1] + 1)
        if start > 0:
            starts.append(start)
    return [
        reading.answer[start:end]
        for start, end in zip(starts, [*starts[1:], len(reading.answer)], strict=True)
    ]


def _embed(texts: list[str]) -> tuple[Vectors, int]:
    with _loading:
        model = load_static()
    vectors, tokens = model.embed(texts)
    return Vectors(vectors), tokens


_loading = threading.Lock()
