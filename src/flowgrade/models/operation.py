"""The operations of models and what a trace keeps of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flowgrade.models.request import ChatRequest, CompletionRequest, EmbeddingRequest
from flowgrade.models.response import ChatResponse, CompletionResponse, EmbeddingResponse
from flowgrade.records import Json, JsonObject, Record, SpanKind


class Operation(Record):
    """A kind of call in the words of OpenTelemetry's GenAI conventions."""

    name: str
    """``gen_ai.operation.name``."""
    kind: SpanKind
    inputs: Callable[[Any], JsonObject]
    """What a trace keeps of a request."""
    outputs: Callable[[Any], Json]
    """What a trace keeps of a response."""


def _chat_inputs(request: ChatRequest) -> JsonObject:
    return {"messages": request.messages, "parameters": dict(request.parameters)}


def _chat_outputs(response: ChatResponse) -> Json:
    return response.message


def _completion_inputs(request: CompletionRequest) -> JsonObject:
    return {"prompt": request.prompt, "parameters": dict(request.parameters)}


def _completion_outputs(response: CompletionResponse) -> Json:
    return {"text": response.text}


def _embedding_inputs(request: EmbeddingRequest) -> JsonObject:
    return {"inputs": request.inputs, "parameters": dict(request.parameters)}


def _embedding_outputs(response: EmbeddingResponse) -> Json:
    # The numbers themselves would fill the store and tell nobody anything.
    vectors = response.vectors
    return {"vectors": len(vectors), "dimensions": len(vectors[0]) if vectors else None}


CHAT = Operation(name="chat", kind=SpanKind.MODEL, inputs=_chat_inputs, outputs=_chat_outputs)
COMPLETE = Operation(
    name="text_completion",
    kind=SpanKind.MODEL,
    inputs=_completion_inputs,
    outputs=_completion_outputs,
)
EMBED = Operation(
    name="embeddings", kind=SpanKind.EMBEDDING, inputs=_embedding_inputs, outputs=_embedding_outputs
)
