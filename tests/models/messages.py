"""Anthropic's protocol in tests: its answers, its events, and calls of a model that speaks it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from flowgrade.models import ChatRequest, ChatResponse, Model

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

HI = [{"role": "user", "content": "Hi"}]
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def answer(*blocks: dict[str, Any], stop: str = "end_turn", **more: Any) -> dict[str, Any]:
    return {
        "id": "msg_7",
        "type": "message",
        "role": "assistant",
        "model": "claude-x-2026",
        "content": list(blocks),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 3},
    } | more


def said(text: str, **more: Any) -> dict[str, Any]:
    return answer({"type": "text", "text": text}, **more)


def opened(rig: Rig, name: str = "claude-sonnet-5", **fields: Any) -> Model:
    return rig.open(name, **({"kind": "anthropic"} | fields))


def sent(
    rig: Rig, server: Server, messages: Any = HI, *, name: str = "claude-sonnet-5", **given: Any
) -> Any:
    """The body of the request that a chat makes."""
    request = ChatRequest(messages=messages, parameters=given)
    asyncio.run(opened(rig, name).chat(request))
    return server.requests[-1].body


def answered(rig: Rig, server: Server, kit: Kit, raw: Any, **given: Any) -> ChatResponse:
    server.will(kit.Reply(body=orjson.dumps(raw)))
    return asyncio.run(opened(rig).chat(ChatRequest(messages=HI, parameters=given)))


def events(*found: dict[str, Any]) -> list[bytes]:
    return [
        f"event: {event['type']}\ndata: ".encode() + orjson.dumps(event) + b"\n\n"
        for event in found
    ]


def start(**usage: int) -> dict[str, Any]:
    message = answer(stop="", usage={"input_tokens": 9, "output_tokens": 1} | usage)
    return {"type": "message_start", "message": message | {"stop_reason": None}}


def piece(text: str) -> dict[str, Any]:
    return {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": text},
    }


def end(stop: str = "end_turn", **more: Any) -> list[dict[str, Any]]:
    delta = {"stop_reason": stop, "stop_sequence": None} | more
    return [
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 5}},
        {"type": "message_stop"},
    ]


def streamed(rig: Rig, server: Server, kit: Kit, *found: dict[str, Any], **reply: Any) -> Any:
    """The chunks of a stream of these events."""
    server.will(kit.Reply(pieces=events(*found), content_type="text/event-stream", **reply))

    async def read() -> Any:
        request = ChatRequest(messages=HI)
        return [chunk async for chunk in opened(rig).chat_stream(request)]

    return asyncio.run(read())
