"""OpenAI's protocol: what its JSON means. Nothing unknown in it ever breaks a call."""

from __future__ import annotations

import base64
from array import array
from collections.abc import Mapping

from flowgrade.errors import ModelResponseError
from flowgrade.models.answer import check_chat, check_completion
from flowgrade.models.declined import check_answered
from flowgrade.models.response import (
    ChatChunk,
    ChatResponse,
    CompletionChunk,
    CompletionResponse,
    EmbeddingResponse,
)
from flowgrade.models.usage import read_usage
from flowgrade.records import Json, JsonObject


def with_parameters(
    payload: JsonObject, defaults: Mapping[str, Json], parameters: Mapping[str, Json]
) -> JsonObject:
    """``payload`` with both, ``parameters`` first; what is None is left out, a default too."""
    for source in (defaults, parameters):
        for key, value in source.items():
            if value is not None:
                payload[key] = value
            elif key in defaults:
                payload.pop(key, None)
    payload.pop("stream", None)  # the method that is called decides
    return payload


def read_chat(raw: JsonObject) -> ChatResponse:
    """The answer in ``raw``.

    Raises ModelResponseError when it has no choice or says nothing, and ContentFilterError when a
    filter or the model itself kept the answer back.
    """
    choice = _choice(raw)
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    text = text_of(message.get("content"))
    if not text:
        check_answered(choice.get("finish_reason"), message, choice.get("content_filter_results"))
    response = ChatResponse(
        text=text,
        message=message,
        finish_reason=choice.get("finish_reason"),
        usage=read_usage(raw.get("usage")),
        model=raw.get("model"),
        raw=raw,
    )
    return check_chat(response)


def read_chat_chunk(raw: JsonObject) -> ChatChunk:
    """The piece of an answer in one event; a whole answer counts as one piece."""
    choice = _first(raw)
    delta = choice.get("delta") or choice.get("message")
    usage = raw.get("usage")
    return ChatChunk(
        text=(text_of(delta.get("content")) or "") if isinstance(delta, dict) else "",
        finish_reason=choice.get("finish_reason"),
        usage=None if usage is None else read_usage(usage),
        raw=raw,
    )


class ChatReader:
    """Reads the events of one streamed answer, and raises when the answer was kept back."""

    __slots__ = ("_refusal", "_said")

    def __init__(self) -> None:
        self._said = False
        self._refusal = ""

    def read(self, raw: JsonObject) -> ChatChunk:
        """The piece in ``raw``; raises ContentFilterError for an end without any text."""
        chunk = read_chat_chunk(raw)
        if chunk.text:
            self._said = True
        elif not self._said:
            self._check(chunk)
        return chunk

    def _check(self, chunk: ChatChunk) -> None:
        choice = _first(chunk.raw)
        delta = choice.get("delta")
        piece = delta.get("refusal") if isinstance(delta, dict) else None
        if isinstance(piece, str):
            self._refusal += piece
        if chunk.finish_reason is not None:
            filters = choice.get("content_filter_results")
            check_answered(chunk.finish_reason, {"refusal": self._refusal}, filters)


def read_completion(raw: JsonObject) -> CompletionResponse:
    """The continuation in ``raw``; raises ModelResponseError when it has no choice or no text."""
    choice = _choice(raw)
    response = CompletionResponse(
        text=text_of(choice.get("text")) or "",
        finish_reason=choice.get("finish_reason"),
        usage=read_usage(raw.get("usage")),
        model=raw.get("model"),
        raw=raw,
    )
    return check_completion(response)


def read_completion_chunk(raw: JsonObject) -> CompletionChunk:
    """The piece of a continuation in one event."""
    choice = _first(raw)
    return CompletionChunk(
        text=text_of(choice.get("text")) or "",
        finish_reason=choice.get("finish_reason"),
        usage=read_usage(raw.get("usage")),
        raw=raw,
    )


def read_embeddings(raw: JsonObject, count: int) -> EmbeddingResponse:
    """The ``count`` vectors in ``raw``, in the order of the inputs.

    Raises ModelResponseError when there are more, fewer, or others than vectors.
    """
    data = raw.get("data")
    found = [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
    found.sort(key=lambda item: item["index"] if isinstance(item.get("index"), int) else 0)
    vectors = [_vector(item.get("embedding")) for item in found]
    if len(vectors) != count:
        raise ModelResponseError(
            f"The endpoint gave {len(vectors)} vectors for {count} texts.",
            hint="Check that the model is one for embeddings.",
        )
    return EmbeddingResponse(
        vectors=vectors, usage=read_usage(raw.get("usage")), model=raw.get("model")
    )


def text_of(content: Json) -> str | None:
    """The text of a message's content: a string, or parts of which some are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(text for text in texts if isinstance(text, str))
    return None


def _choice(raw: JsonObject) -> JsonObject:
    choices = raw.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        others = ", ".join(sorted(raw.keys() - {"choices"}))
        raise ModelResponseError(
            f"The endpoint's answer has no choices, only: {others or 'nothing'}.",
            hint="Check that the endpoint speaks the OpenAI protocol and that the model can do "
            "what is asked.",
        )
    return choice


def _first(raw: JsonObject) -> JsonObject:
    choices = raw.get("choices")
    if isinstance(choices, list) and choices:
        choice = choices[0]
        # Of several choices that are streamed, a piece holds one; only the first one is shown.
        if isinstance(choice, dict) and not choice.get("index"):
            return choice
    return {}


def _vector(value: Json) -> list[float]:
    if isinstance(value, list):
        return value
    if isinstance(value, str):  # encoding_format: base64, little-endian 32-bit floats
        try:
            return array("f", base64.b64decode(value)).tolist()
        except ValueError:
            pass
    raise ModelResponseError("The endpoint's answer holds something that is not a vector.")
