"""What counts as an answer, and whose key a key looks like."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from flowgrade.errors import EmptyAnswerError
from flowgrade.models import ChatRequest, CompletionRequest
from flowgrade.models.keys import stranger

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

CHAT = ChatRequest(messages=[{"role": "user", "content": "Hi"}])


@pytest.mark.parametrize(
    "message",
    [
        {"content": "0"},
        {"content": [{"type": "text", "text": "Hello."}]},
        {"content": [{"type": "image_url", "image_url": {"url": "data:"}}]},
        {"content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"content": None, "audio": {"id": "a1"}},
        {"content": "", "images": [{"type": "image_url"}]},
    ],
    ids=["text", "parts of text", "parts of images", "old call", "audio", "images"],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_whatever_says_something_is_an_answer(
    rig: Rig, server: Server, kit: Kit, message: dict[str, Any], streamed: bool
) -> None:
    server.will(chat(kit, message, streamed=streamed))
    ask(rig, streamed=streamed)


@pytest.mark.parametrize(
    "message",
    [
        {"content": []},
        {"content": [{"type": "text", "text": " "}]},
        {"content": None, "reasoning_content": "Let me think."},
        {"content": None, "annotations": [{"type": "url"}]},
    ],
    ids=["no parts", "blank parts", "reasoning", "annotations"],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_whatever_says_nothing_is_none(
    rig: Rig, server: Server, kit: Kit, message: dict[str, Any], streamed: bool
) -> None:
    server.will(chat(kit, message, streamed=streamed))
    with pytest.raises(EmptyAnswerError, match="empty"):
        ask(rig, streamed=streamed)


def chat(kit: Kit, message: dict[str, Any], *, streamed: bool) -> Any:
    if not streamed:
        return kit.chat("", choices=[{"message": message, "finish_reason": "stop"}])
    pieces = [{"delta": message}, {"delta": {}, "finish_reason": "stop"}]
    events = [b"data: " + orjson.dumps({"choices": [piece]}) + b"\n\n" for piece in pieces]
    return kit.stream(pieces=[*events, b"data: [DONE]\n\n"])


def ask(rig: Rig, *, streamed: bool) -> None:
    async def run() -> None:
        model = rig.open()
        if not streamed:
            await model.chat(CHAT)
            return
        async for _ in model.chat_stream(CHAT):
            pass

    asyncio.run(run())


@pytest.mark.parametrize(
    ("reason", "is_answer"), [("stop", True), ("length", False), (None, False)]
)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_text_needs_no_continuation_only_when_the_model_stopped(
    rig: Rig, server: Server, kit: Kit, reason: str | None, is_answer: bool, streamed: bool
) -> None:
    raw = orjson.dumps({"choices": [{"index": 0, "text": "", "finish_reason": reason}]})
    body = kit.stream(pieces=[b"data: " + raw + b"\n\n", b"data: [DONE]\n\n"])
    server.will(body if streamed else kit.Reply(body=raw))
    request = CompletionRequest(prompt="Hi")

    async def run() -> None:
        if not streamed:
            await rig.open().complete(request)
            return
        async for _ in rig.open().complete_stream(request):
            pass

    if is_answer:
        asyncio.run(run())
    else:
        with pytest.raises(EmptyAnswerError):
            asyncio.run(run())


@pytest.mark.parametrize(
    ("key", "host", "owner"),
    [
        ("sk-ant-api03-x", "api.openai.com", "Anthropic"),
        ("sk-ant-api03-x", "api.anthropic.com", None),
        ("gsk_x", "127.0.0.1", "Groq"),
        ("sk-proj-x", "openai.com", None),
        ("sk-proj-x", "notopenai.com", "OpenAI"),
        ("sk-x", "api.openai.com", None),
        ("", "api.openai.com", None),
    ],
)
def test_a_key_is_a_strangers_by_its_beginning_and_the_host(
    key: str, host: str, owner: str | None
) -> None:
    assert stranger(key, host) == owner
