"""Replies in the form of Anthropic's messages: one object or the named events of a stream."""

from __future__ import annotations

from collections.abc import Iterator

from flowgrade.records import Json, JsonObject, dumps, loads
from flowgrade.testing.stub.reply import Reply, arguments_text
from flowgrade.testing.stub.script import StubToolCall
from flowgrade.testing.stub.tokens import split_words

_ARGUMENTS_PIECE = 8
_SIGNATURE = "c2lnbmVkIGJ5IHRoZSBzdHVi"
_COUNTED = frozenset(
    [
        *("prompt_tokens", "completion_tokens", "total_tokens"),
        *("prompt_tokens_details", "completion_tokens_details"),
    ]
)
_STOPS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


def messages_body(reply: Reply) -> bytes:
    """The reply as a ``message`` object."""
    message = {
        **_head(reply),
        "content": _blocks(reply),
        **_end(reply),
        "usage": _usage(reply.usage),
        **reply.extra_message,
        **reply.extra,
    }
    return dumps(message).encode()


def messages_events(reply: Reply) -> list[bytes]:
    """The reply as server-sent events, with the one that ends them."""
    usage = _usage(reply.usage)
    opened = {**_head(reply), "content": [], **_none(), "usage": {**usage, "output_tokens": 1}}
    events: list[JsonObject] = [{"type": "message_start", "message": {**opened, **reply.extra}}]
    for index, block in enumerate(_blocks(reply)):
        start, deltas = _pieces(block)
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        events += [{"type": "content_block_delta", "index": index, "delta": d} for d in deltas]
        events.append({"type": "content_block_stop", "index": index})
    events.insert(2 if len(events) > 1 else 1, {"type": "ping"})
    events.append({"type": "message_delta", "delta": _end(reply), "usage": usage})
    events.append({"type": "message_stop"})
    return [
        b"event: %b\ndata: %b\n\n" % (str(event["type"]).encode(), dumps(event).encode())
        for event in events
    ]


def _head(reply: Reply) -> JsonObject:
    return {
        "id": f"msg_stub{reply.number}",
        "type": "message",
        "role": "assistant",
        "model": reply.call.model,
    }


def _none() -> JsonObject:
    return {"stop_reason": None, "stop_sequence": None}


def _end(reply: Reply) -> JsonObject:
    answer = reply.answers[0]
    end: JsonObject = {
        "stop_reason": _STOPS.get(answer.finish_reason, answer.finish_reason),
        "stop_sequence": answer.stopped_by,
    }
    if answer.stopped_by is not None:
        end["stop_reason"] = "stop_sequence"
    return end


def _blocks(reply: Reply) -> list[JsonObject]:
    answer = reply.answers[0]
    blocks: list[JsonObject] = []
    if reply.reasoning is not None:
        blocks.append({"type": "thinking", "thinking": reply.reasoning, "signature": _SIGNATURE})
    if answer.text:
        blocks.append({"type": "text", "text": answer.text})
    for place, call in enumerate(answer.tool_calls):
        use = {"type": "tool_use", "id": f"toolu_stub{reply.number}_{place}", "name": call.name}
        blocks.append({**use, "input": _input(call)})
    return blocks


def _input(call: StubToolCall) -> Json:
    """The arguments as an object; text that is no JSON object cannot be one and stays a text."""
    try:
        return loads(arguments_text(call))
    except ValueError:
        return call.arguments if isinstance(call.arguments, str) else dict(call.arguments)


def _pieces(block: JsonObject) -> tuple[JsonObject, Iterator[JsonObject]]:
    """What a block begins with, and the deltas that make it whole."""
    if block["type"] == "thinking":
        return {**block, "thinking": "", "signature": ""}, _thought(block)
    if block["type"] == "text":
        pieces = split_words(block["text"])
        return {**block, "text": ""}, ({"type": "text_delta", "text": piece} for piece in pieces)
    text = block["input"] if isinstance(block["input"], str) else dumps(block["input"])
    return {**block, "input": {}}, (
        {"type": "input_json_delta", "partial_json": text[start : start + _ARGUMENTS_PIECE]}
        for start in range(0, len(text), _ARGUMENTS_PIECE)
    )


def _thought(block: JsonObject) -> Iterator[JsonObject]:
    for piece in split_words(block["thinking"]):
        yield {"type": "thinking_delta", "thinking": piece}
    yield {"type": "signature_delta", "signature": block["signature"]}


def _usage(usage: JsonObject) -> JsonObject:
    """The counted usage under Anthropic's names; what a script adds stays as it is."""
    kept = {key: value for key, value in usage.items() if key not in _COUNTED}
    cached = min(usage["prompt_tokens_details"]["cached_tokens"], usage["prompt_tokens"])
    return {
        "input_tokens": usage["prompt_tokens"] - cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": cached,
        "output_tokens": usage["completion_tokens"],
        "output_tokens_details": {
            "thinking_tokens": usage["completion_tokens_details"]["reasoning_tokens"]
        },
        **kept,
    }
