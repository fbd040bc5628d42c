"""Replies in the form of chat completions: one object or the events of a stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowgrade.records import JsonObject, dumps
from flowgrade.testing.stub.call import whole_number
from flowgrade.testing.stub.events import event, wants_usage
from flowgrade.testing.stub.reply import Answer, Reply, arguments_text
from flowgrade.testing.stub.script import StubToolCall
from flowgrade.testing.stub.tokens import split_tokens, split_words

_ARGUMENTS_PIECE = 8


def chat_body(reply: Reply) -> bytes:
    """The reply as a ``chat.completion`` object."""
    choices = [_choice(reply, index, answer) for index, answer in enumerate(reply.answers)]
    return dumps(
        {
            **_head(reply, "chat.completion"),
            "choices": choices,
            "usage": reply.usage,
            **reply.extra,
        }
    ).encode()


def chat_events(reply: Reply) -> list[bytes]:
    """The reply as server-sent events of ``chat.completion.chunk`` objects, without the end."""
    head = _head(reply, "chat.completion.chunk")
    rest: JsonObject = {**({"usage": None} if wants_usage(reply) else {}), **reply.extra}
    events = []
    if reply.call.route.azure:
        # Azure's first chunk has no choices: clients must not take choices[0] for granted.
        filtered = [{"prompt_index": 0, "content_filter_results": {}}]
        events.append(event({**head, "choices": [], "prompt_filter_results": filtered, **rest}))
    for index, answer in enumerate(reply.answers):
        for delta, logprobs, reason in _deltas(reply, index, answer):
            choice = {
                "index": index,
                "delta": delta,
                "logprobs": logprobs,
                "finish_reason": reason,
            }
            events.append(event({**head, "choices": [choice], **rest}))
    if wants_usage(reply):
        events.append(event({**head, "choices": [], **reply.extra, "usage": reply.usage}))
    return events


def _head(reply: Reply, kind: str) -> JsonObject:
    return {
        "id": f"chatcmpl-stub{reply.number}",
        "object": kind,
        "created": reply.created,
        "model": reply.call.model,
        "system_fingerprint": reply.fingerprint,
        "service_tier": "default",
    }


def _choice(reply: Reply, index: int, answer: Answer) -> JsonObject:
    message: JsonObject = {"role": "assistant", "content": answer.text, "refusal": None}
    if reply.reasoning is not None:
        message["reasoning_content"] = reply.reasoning
    if answer.tool_calls:
        message["tool_calls"] = [
            _tool_call(reply, index, place, call) for place, call in enumerate(answer.tool_calls)
        ]
    return {
        "index": index,
        "message": {**message, **reply.extra_message},
        "logprobs": _logprobs(reply, answer.text or ""),
        "finish_reason": answer.finish_reason,
    }


def _tool_call(reply: Reply, index: int, place: int, call: StubToolCall) -> JsonObject:
    return {
        "id": f"call_stub{reply.number}_{index}_{place}",
        "type": "function",
        "function": {"name": call.name, "arguments": arguments_text(call)},
    }


def _deltas(
    reply: Reply, index: int, answer: Answer
) -> Iterator[tuple[JsonObject, JsonObject | None, str | None]]:
    """Delta, logprobs and finish reason of each chunk."""
    content = None if answer.tool_calls else ""
    yield {"role": "assistant", "content": content, **reply.extra_message}, None, None
    for piece in split_words(reply.reasoning or ""):
        yield {"reasoning_content": piece}, None, None
    for piece in split_words(answer.text or ""):
        yield {"content": piece}, _logprobs(reply, piece), None
    for place, call in enumerate(answer.tool_calls):
        whole = _tool_call(reply, index, place, call)
        arguments = whole["function"]["arguments"]
        opening: dict[str, Any] = {"name": call.name, "arguments": ""}
        yield {"tool_calls": [{"index": place, **whole, "function": opening}]}, None, None
        for start in range(0, len(arguments), _ARGUMENTS_PIECE):
            part = {"arguments": arguments[start : start + _ARGUMENTS_PIECE]}
            yield {"tool_calls": [{"index": place, "function": part}]}, None, None
    yield {}, None, answer.finish_reason


def _logprobs(reply: Reply, text: str) -> JsonObject | None:
    if reply.call.body.get("logprobs") is not True:
        return None
    others = whole_number(reply.call.body, "top_logprobs") or 0
    content = []
    for token in split_tokens(text):
        entry = _entry(token, -0.125)
        top = [entry, *(_entry(f"{token}{i}", -2.0 - i) for i in range(1, min(others, 20)))]
        content.append({**entry, "top_logprobs": top if others else []})
    return {"content": content, "refusal": None}


def _entry(token: str, logprob: float) -> JsonObject:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}
