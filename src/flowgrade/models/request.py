"""What a model is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flowgrade.records import Json, JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A conversation to continue."""

    messages: list[JsonObject]
    """Messages in the shape of OpenAI's chat protocol: ``role``, ``content`` and so on."""
    parameters: Mapping[str, Json] = field(default_factory=dict)
    """Sent as they are, unknown ones too; one that is None is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRequest:
    """A text to continue."""

    prompt: str
    parameters: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingRequest:
    """Texts to turn into vectors."""

    inputs: list[str]
    parameters: Mapping[str, Json] = field(default_factory=dict)
