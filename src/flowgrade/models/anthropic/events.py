"""Streams: events of Anthropic's protocol as pieces of an answer of ours."""

from __future__ import annotations

from flowgrade.errors import ModelUnreachableError
from flowgrade.models.anthropic.answer import explanation, finish_of, to_message
from flowgrade.models.anthropic.conversation import THINKING
from flowgrade.models.declined import check_answered
from flowgrade.models.response import ChatChunk
from flowgrade.models.usage import read_usage
from flowgrade.records import Json, JsonObject


class EventReader:
    """Reads the events of one streamed answer.

    Each event that tells something becomes one ChatChunk, whose ``raw`` has ``choices`` in
    OpenAI's shape and Anthropic's own JSON in ``event``.
    """

    __slots__ = ("_calls", "_ended", "_head", "_said", "_thoughts", "_usage")

    def __init__(self) -> None:
        self._head: JsonObject = {}
        self._usage: JsonObject = {}
        self._calls: dict[Json, int] = {}
        self._thoughts: dict[Json, JsonObject] = {}
        self._said = False
        self._ended = False

    def read(self, event: JsonObject) -> ChatChunk | None:
        """The piece in ``event``, or None; raises ContentFilterError for an end without text."""
        kind = event.get("type")
        if kind == "content_block_delta":
            return self._piece(event, _part(event, "delta"))
        if kind == "content_block_start":
            return self._begun(event, _part(event, "content_block"))
        if kind == "message_start":
            return self._opened(event, _part(event, "message"))
        if kind == "message_delta":
            return self._closing(event, _part(event, "delta"))
        if kind == "message_stop":
            self._ended = True
        elif kind == "message":  # an endpoint that does not stream answers as a whole
            return self._whole(event)
        return None

    def finish(self) -> None:
        """Raise ModelUnreachableError when the stream ended before the answer did."""
        if not self._ended:
            raise ModelUnreachableError(
                "The stream ended before the answer was complete.",
                hint="Try again; if it stays, look at proxies between here and the endpoint.",
            )

    def _opened(self, event: JsonObject, message: JsonObject) -> ChatChunk:
        self._head = {key: message[key] for key in ("id", "model") if key in message}
        self._count(message.get("usage"))
        return self._chunk(event, {"role": "assistant"})

    def _begun(self, event: JsonObject, block: JsonObject) -> ChatChunk | None:
        index, kind = event.get("index"), block.get("type")
        if kind == "text" and block.get("text"):
            return self._text(event, str(block["text"]))
        if kind in {"thinking", "redacted_thinking"}:
            self._thoughts[index] = dict(block)  # given whole, signed, at the end
        if kind != "tool_use":
            return None
        place = self._calls[index] = len(self._calls)
        function = {"name": block.get("name"), "arguments": ""}
        call = {"index": place, "id": block.get("id"), "type": "function", "function": function}
        return self._chunk(event, {"tool_calls": [call]})

    def _piece(self, event: JsonObject, delta: JsonObject) -> ChatChunk | None:
        index, kind = event.get("index"), delta.get("type")
        if kind == "text_delta":
            return self._text(event, str(delta.get("text") or ""))
        if kind == "input_json_delta" and index in self._calls:
            function = {"arguments": delta.get("partial_json") or ""}
            return self._chunk(
                event, {"tool_calls": [{"index": self._calls[index], "function": function}]}
            )
        thought = self._thoughts.get(index)
        if thought is None:
            return None
        if kind == "thinking_delta":
            text = str(delta.get("thinking") or "")
            thought["thinking"] = thought.get("thinking", "") + text
            return self._chunk(event, {"reasoning_content": text})
        if kind == "signature_delta":
            thought["signature"] = delta.get("signature")
        return None

    def _closing(self, event: JsonObject, delta: JsonObject) -> ChatChunk:
        self._count(event.get("usage"))
        finish_reason = finish_of(delta.get("stop_reason"))
        if not self._said:
            check_answered(finish_reason, {"refusal": explanation(delta.get("stop_details"))})
        last = {THINKING: list(self._thoughts.values())} if self._thoughts else {}
        return self._chunk(event, last, stop=delta.get("stop_reason"))

    def _whole(self, message: JsonObject) -> ChatChunk:
        self._ended = True
        self._head = {key: message[key] for key in ("id", "model") if key in message}
        self._count(message.get("usage"))
        blocks = [block for block in message.get("content") or () if isinstance(block, dict)]
        made = to_message(blocks)
        stop = message.get("stop_reason")
        if not made["content"]:
            details = explanation(message.get("stop_details"))
            check_answered(finish_of(stop), {"refusal": details})
        calls = [{"index": i, **call} for i, call in enumerate(made.pop("tool_calls", ()))]
        delta = {**made, **({"tool_calls": calls} if calls else {})}
        return self._chunk(message, delta, text=made["content"] or "", stop=stop)

    def _text(self, event: JsonObject, text: str) -> ChatChunk:
        self._said = self._said or bool(text)
        return self._chunk(event, {"content": text}, text=text)

    def _count(self, usage: Json) -> None:
        # Counts are cumulative: a later one replaces an earlier one, and null says nothing.
        if isinstance(usage, dict):
            self._usage |= {key: value for key, value in usage.items() if value is not None}

    def _chunk(
        self, event: JsonObject, delta: JsonObject, *, text: str = "", stop: Json = None
    ) -> ChatChunk:
        finish_reason = finish_of(stop)
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        raw: JsonObject = {**self._head, "choices": [choice], "event": event}
        if stop is not None:
            raw |= {"stop_reason": stop, "usage": dict(self._usage)}
        return ChatChunk(
            text=text,
            finish_reason=finish_reason,
            usage=None if stop is None else read_usage(self._usage),
            raw=raw,
        )


def _part(event: JsonObject, name: str) -> JsonObject:
    part = event.get(name)
    return part if isinstance(part, dict) else {}
