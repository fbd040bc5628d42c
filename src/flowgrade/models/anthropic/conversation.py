"""Conversations: OpenAI's messages as Anthropic's system text and turns."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from flowgrade.errors import InputError, UnsupportedByModelError
from flowgrade.models.anthropic.content import to_blocks
from flowgrade.records import Json, JsonObject

THINKING = "thinking_blocks"
"""The key of a message that keeps what the model thought, signed, as the next turn needs it."""


def to_turns(messages: Iterable[JsonObject]) -> tuple[list[JsonObject], list[JsonObject]]:
    """The system's blocks, and the turns of user and assistant.

    Turns alternate: the results of parallel tool calls, and what the user says after them, make
    one turn, as the protocol wants. Raises InputError and UnsupportedByModelError.
    """
    system: list[JsonObject] = []
    turns: list[JsonObject] = []
    for message in messages:
        role = message.get("role")
        if role in {"system", "developer"}:
            system += to_blocks(message.get("content"))
            continue
        role, blocks = _turn(role, message)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return system, [turn for turn in turns if turn["content"]]


def _turn(role: Json, message: JsonObject) -> tuple[str, list[JsonObject]]:
    if role == "user":
        return "user", to_blocks(message.get("content"))
    if role == "assistant":
        return "assistant", _assistant(message)
    if role == "tool":
        return "user", [_result(message)]
    if role == "function":
        raise UnsupportedByModelError(
            "Anthropic's models take no messages of the role 'function'.",
            hint="Use tools and messages of the role 'tool'.",
        )
    raise InputError(
        f"A message has the unknown role {role!r}.",
        hint="Use system, user, assistant or tool.",
    )


def _assistant(message: JsonObject) -> list[JsonObject]:
    thoughts = message.get(THINKING)
    blocks = list(thoughts) if isinstance(thoughts, list) else []
    blocks += to_blocks(message.get("content"))
    return blocks + [_use(call) for call in message.get("tool_calls") or ()]


def _use(call: JsonObject) -> JsonObject:
    function = call.get("function") or {}
    return {
        "type": "tool_use",
        "id": call.get("id"),
        "name": function.get("name"),
        "input": _arguments(function.get("arguments")),
    }


def _arguments(text: Json) -> JsonObject:
    try:
        found = orjson.loads(text or "{}") if isinstance(text, str) else text
    except ValueError:
        found = None
    # The protocol takes objects only; what a model wrote wrongly is shown to it as it was.
    return found if isinstance(found, dict) else {"arguments": text}


def _result(message: JsonObject) -> JsonObject:
    blocks = to_blocks(message.get("content"))
    texts = [block["text"] for block in blocks if block.get("type") == "text"]
    plain = len(texts) == len(blocks) and not any("cache_control" in block for block in blocks)
    result: JsonObject = {
        "type": "tool_result",
        "tool_use_id": message.get("tool_call_id"),
        "content": "".join(texts) if plain else blocks,
    }
    if message.get("is_error"):
        result["is_error"] = True
    return result
