"""What a model answers. ``raw`` is the endpoint's own JSON, with all that has no field here."""

from __future__ import annotations

from collections.abc import Sequence

from flowgrade.records import Json, JsonObject, Record, Usage


class ChatResponse(Record):
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

    @property
    def reasoning(self) -> str | None:
        """What the model thought before it answered, where the endpoint tells it."""
        return reasoning_of(self.message)

    @property
    def logprobs(self) -> list[JsonObject] | None:
        """The tokens of the text with their log-probabilities, when the request asked for them."""
        return _logprobs(_first_choice(self.raw))

    @property
    def stop_reason(self) -> str | None:
        """Why the model stopped in the endpoint's own words; ``finish_reason`` is OpenAI's."""
        own = self.raw.get("stop_reason") or _first_choice(self.raw).get("stop_reason")
        return self.finish_reason if own is None else str(own)

    @property
    def content_filter(self) -> JsonObject | None:
        """What Azure's content filter found: ``prompt`` and ``answer``, as far as it says."""
        found = {
            "prompt": self.raw.get("prompt_filter_results"),
            "answer": _first_choice(self.raw).get("content_filter_results"),
        }
        return {key: value for key, value in found.items() if value} or None


class ChatChunk(Record):
    """A piece of an answer that is being streamed."""

    text: str
    """The text that this piece adds to the first choice; often empty."""
    finish_reason: str | None
    usage: Usage | None
    raw: JsonObject

    @property
    def tool_calls(self) -> list[JsonObject]:
        """The pieces of tool calls in this piece; those of one call have the same ``index``."""
        return list(self._delta.get("tool_calls") or ())

    @property
    def reasoning(self) -> str:
        """What this piece adds to the model's reasoning; often empty."""
        return reasoning_of(self._delta) or ""

    @property
    def logprobs(self) -> list[JsonObject] | None:
        """The tokens of this piece's text with their log-probabilities."""
        return _logprobs(_first_choice(self.raw))

    @property
    def _delta(self) -> JsonObject:
        choice = _first_choice(self.raw)
        delta = choice.get("delta") or choice.get("message")
        return delta if isinstance(delta, dict) else {}


class CompletionResponse(Record):
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


class CompletionChunk(Record):
    """A piece of a continuation that is being streamed."""

    text: str
    finish_reason: str | None
    usage: Usage | None
    raw: JsonObject


class EmbeddingResponse(Record):
    """One vector for each input, in the order of the inputs."""

    vectors: Sequence[list[float]]
    """``numpy.asarray`` makes a matrix of them, without a list of numbers where there is none."""
    usage: Usage | None
    model: str | None


def reasoning_of(message: JsonObject) -> str | None:
    """The reasoning in a message or a piece of one, under the names that endpoints give it."""
    for name in ("reasoning_content", "reasoning"):
        if isinstance(message.get(name), str):
            return str(message[name])
    return None


def _first_choice(raw: JsonObject) -> JsonObject:
    choices = raw.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    # Of several choices that are streamed, a piece holds one; only the first one is shown.
    return choice if isinstance(choice, dict) and not choice.get("index") else {}


def _logprobs(choice: JsonObject) -> list[JsonObject] | None:
    found: Json = choice.get("logprobs")
    content = found.get("content") if isinstance(found, dict) else None
    return content if isinstance(content, list) else None
