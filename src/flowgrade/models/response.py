"""What a model answers. ``raw`` is the endpoint's own JSON, with all that has no field here."""

from __future__ import annotations

from dataclasses import dataclass

from flowgrade.records import JsonObject, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatResponse:
    """A finished answer; the fields beside ``raw`` speak of its first choice."""

    text: str | None
    """None when the model gave no text, as with a tool call."""
    message: JsonObject
    finish_reason: str | None
    usage: Usage | None
    model: str | None
    """The model's name as the endpoint gives it, often with a version."""
    raw: JsonObject

    @property
    def choices(self) -> list[JsonObject]:
        """All choices as the endpoint gave them."""
        return list(self.raw.get("choices") or ())

    @property
    def tool_calls(self) -> list[JsonObject]:
        """The tool calls that the model asks for."""
        return list(self.message.get("tool_calls") or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatChunk:
    """A piece of an answer that is being streamed."""

    text: str
    """The text that this piece adds to the first choice; often empty."""
    finish_reason: str | None
    usage: Usage | None
    raw: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionResponse:
    """A finished continuation of a prompt."""

    text: str
    finish_reason: str | None
    usage: Usage | None
    model: str | None
    raw: JsonObject

    @property
    def choices(self) -> list[JsonObject]:
        """All choices as the endpoint gave them."""
        return list(self.raw.get("choices") or ())


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionChunk:
    """A piece of a continuation that is being streamed."""

    text: str
    finish_reason: str | None
    usage: Usage | None
    raw: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingResponse:
    """One vector for each input, in the order of the inputs."""

    vectors: list[list[float]]
    usage: Usage | None
    model: str | None
