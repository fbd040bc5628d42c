"""What a model is asked."""

from __future__ import annotations

from collections.abc import Mapping

from flowgrade.records import Json, JsonObject, Record, field


class ChatRequest(Record):
    """A conversation to continue."""

    messages: list[JsonObject]
    """Messages in the shape of OpenAI's chat protocol: ``role``, ``content`` and so on."""
    parameters: Mapping[str, Json] = field(default_factory=dict)
    """Sent as they are, unknown ones too; one that is None is left out."""


class CompletionRequest(Record):
    """A text to continue."""

    prompt: str
    parameters: Mapping[str, Json] = field(default_factory=dict)


class EmbeddingRequest(Record):
    """Texts to turn into vectors."""

    inputs: list[str]
    parameters: Mapping[str, Json] = field(default_factory=dict)
