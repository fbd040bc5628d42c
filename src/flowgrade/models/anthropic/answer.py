"""Answers: a message of Anthropic's protocol as an answer of ours."""

from __future__ import annotations

import orjson

from flowgrade.errors import ModelResponseError
from flowgrade.models.answer import check_chat
from flowgrade.models.anthropic.conversation import THINKING
from flowgrade.models.declined import FILTERED, check_answered
from flowgrade.models.response import ChatResponse
from flowgrade.models.usage import read_usage
from flowgrade.records import Json, JsonObject

_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": FILTERED,
}
_THOUGHTS = frozenset({"thinking", "redacted_thinking"})


def read_answer(raw: JsonObject) -> ChatResponse:
    """The answer in ``raw``, a message of the protocol.

    The answer's own ``raw`` is that message with ``choices`` beside it, which are OpenAI's.
    Raises ModelResponseError when ``raw`` is no message or says nothing, and ContentFilterError
    when the answer was kept back.
    """
    blocks = raw.get("content")
    if not isinstance(blocks, list):
        raise ModelResponseError(
            f"The endpoint's answer has no content, only: {', '.join(sorted(raw)) or 'nothing'}.",
            hint="Check that the endpoint speaks Anthropic's Messages protocol.",
        )
    message = to_message([block for block in blocks if isinstance(block, dict)])
    finish_reason = finish_of(raw.get("stop_reason"))
    if not message["content"]:
        check_answered(finish_reason, {"refusal": explanation(raw.get("stop_details"))})
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    response = ChatResponse(
        text=message["content"],
        message=message,
        finish_reason=finish_reason,
        usage=read_usage(raw.get("usage")),
        model=raw.get("model"),
        raw={**raw, "choices": [choice]},
    )
    return check_chat(response)


def to_message(blocks: list[JsonObject]) -> JsonObject:
    """The blocks of an answer as an assistant's message of OpenAI's protocol.

    What the model thought is there twice: as text in ``reasoning_content``, and signed in
    ``thinking_blocks``, which must go back with the results of tools.
    """
    texts = [block.get("text") or "" for block in blocks if block.get("type") == "text"]
    calls = [to_call(block) for block in blocks if block.get("type") == "tool_use"]
    thoughts = [block for block in blocks if block.get("type") in _THOUGHTS]
    message: JsonObject = {"role": "assistant", "content": "".join(texts) if texts else None}
    if thoughts:
        message["reasoning_content"] = "".join(block.get("thinking") or "" for block in thoughts)
        message[THINKING] = thoughts
    if calls:
        message["tool_calls"] = calls
    return message


def to_call(block: JsonObject) -> JsonObject:
    """A block ``tool_use`` as a tool call of OpenAI's protocol."""
    arguments = orjson.dumps(block.get("input") or {}).decode()
    function = {"name": block.get("name"), "arguments": arguments}
    return {"id": block.get("id"), "type": "function", "function": function}


def finish_of(stop_reason: Json) -> str | None:
    """OpenAI's finish reason; one that is unknown there stays as it is."""
    return None if stop_reason is None else _FINISH.get(str(stop_reason), str(stop_reason))


def explanation(details: Json) -> str | None:
    """Why the model refused, if it says so."""
    if not isinstance(details, dict):
        return None
    found = details.get("explanation") or details.get("category")
    return str(found) if found else None
