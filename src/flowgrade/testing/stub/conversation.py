"""Calls of Anthropic's protocol, read as chats of OpenAI's."""

from __future__ import annotations

from typing import Any

from flowgrade.records import Json, JsonObject
from flowgrade.testing.stub.refusal import StubRefusal


def chat_of(body: JsonObject) -> JsonObject:
    """The body of a Messages call with OpenAI's names; raises StubRefusal (400) as Anthropic does.

    Results of tools become messages of the role ``tool``, so that rules of a script fit both
    protocols.
    """
    if not isinstance(body.get("max_tokens"), int):
        raise StubRefusal(400, "max_tokens: Field required", param="max_tokens")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise StubRefusal(400, "messages: at least one message is required", param="messages")
    chat: JsonObject = {**body, "messages": _system(body.get("system"))}
    asked: set[str] = set()
    for index, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in {"user", "assistant"}:
            at = f"messages.{index}"
            raise StubRefusal(400, f"{at}: an object with the role user or assistant is required")
        blocks = _blocks(message.get("content"), index)
        asked = _check_results(blocks, asked, index)
        chat["messages"] += _split(role, blocks)
    if "stop_sequences" in body:
        chat["stop"] = body["stop_sequences"]
    wanted = (body.get("output_config") or {}).get("format")
    if wanted is not None:
        chat["response_format"] = {"type": "json_schema", "json_schema": wanted}
    return chat


def _system(system: Json) -> list[dict[str, Any]]:
    return [{"role": "system", "content": system}] if system else []


def _blocks(content: Json, index: int) -> list[JsonObject]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if isinstance(content, list) and content and all(isinstance(item, dict) for item in content):
        return content
    raise StubRefusal(400, f"messages.{index}: content must be a text or a list of blocks")


def _check_results(blocks: list[JsonObject], asked: set[str], index: int) -> set[str]:
    """The ids of the tool calls in ``blocks``; those ``asked`` for before must be answered."""
    given = {str(b.get("tool_use_id")) for b in blocks if b.get("type") == "tool_result"}
    if given - asked:
        raise StubRefusal(
            400, f"messages.{index}: tool_result without a tool_use of the message before"
        )
    if asked - given:
        raise StubRefusal(400, f"messages.{index}: tool_use without a tool_result right after")
    return {str(b.get("id")) for b in blocks if b.get("type") == "tool_use"}


def _split(role: str, blocks: list[JsonObject]) -> list[JsonObject]:
    results = [block for block in blocks if block.get("type") == "tool_result"]
    rest = [block for block in blocks if block.get("type") not in {"tool_result", "tool_use"}]
    messages = [{"role": "tool", "content": block.get("content")} for block in results]
    if rest or not messages:
        messages.append({"role": role, "content": rest})
    return messages
