"""What an answer carries beside its text, whole or streamed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from flowgrade.errors import ContentFilterError
from flowgrade.models import ChatChunk, ChatRequest, ChatResponse, assemble_chat
from flowgrade.tracing import RecordedSpan, start_trace

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

REQUEST = ChatRequest(messages=[{"role": "user", "content": "Hi"}])
SAID: dict[str, Any] = {
    "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": "stop"}]
}
SAFE = {"hate": {"filtered": False, "severity": "safe"}}
HARSH = {"violence": {"filtered": True, "severity": "high"}, **SAFE}


def whole(rig: Rig, server: Server, kit: Kit, choice: Any, **more: Any) -> ChatResponse:
    server.will(kit.chat("", choices=[choice], **more))
    return asyncio.run(rig.open().chat(REQUEST))


def pieces(rig: Rig, server: Server, kit: Kit, *events: Any) -> list[ChatChunk]:
    sent = [b"data: " + orjson.dumps(event) + b"\n\n" for event in events]
    server.will(kit.Reply(pieces=[*sent, b"data: [DONE]\n\n"], content_type="text/event-stream"))

    async def read() -> list[ChatChunk]:
        return [chunk async for chunk in rig.open().chat_stream(REQUEST)]

    return asyncio.run(read())


def delta(reason: str | None = None, *, choice: Any = None, **fields: Any) -> dict[str, Any]:
    made = {"index": 0, "delta": fields, "finish_reason": reason, **(choice or {})}
    return {"choices": [made]}


def token(text: str) -> dict[str, Any]:
    return {"token": text, "logprob": -0.5, "bytes": list(text.encode()), "top_logprobs": []}


def test_log_probabilities_come_with_the_answer(rig: Rig, server: Server, kit: Kit) -> None:
    choice = {"message": {"content": "a b"}, "logprobs": {"content": [token("a"), token(" b")]}}
    response = whole(rig, server, kit, choice)
    assert response.logprobs is not None
    assert [entry["token"] for entry in response.logprobs] == ["a", " b"]
    assert whole(rig, server, kit, {"message": {"content": "a"}, "logprobs": None}).logprobs is None


def test_log_probabilities_of_a_stream_add_up(rig: Rig, server: Server, kit: Kit) -> None:
    chunks = pieces(
        rig,
        server,
        kit,
        delta(content="a", choice={"logprobs": {"content": [token("a")], "refusal": None}}),
        delta(content=" b", choice={"logprobs": {"content": [token(" b")], "refusal": None}}),
        delta("stop"),
    )
    assert chunks[0].logprobs == [token("a")]
    assert chunks[2].logprobs is None
    assert assemble_chat(chunks).logprobs == [token("a"), token(" b")]
    assert chunks[0].logprobs == [token("a")], "the pieces stay as they are"


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_there_under_any_of_its_names(
    rig: Rig, server: Server, kit: Kit, name: str
) -> None:
    assert whole(rig, server, kit, {"message": {"content": "a", name: "Hm."}}).reasoning == "Hm."
    chunks = pieces(rig, server, kit, delta(**{name: "H"}), delta(**{name: "m."}), SAID)
    assert [chunk.reasoning for chunk in chunks] == ["H", "m.", ""]
    assert assemble_chat(chunks).reasoning == "Hm."


def test_pieces_of_tool_calls_are_in_the_pieces(rig: Rig, server: Server, kit: Kit) -> None:
    call = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}
    chunks = pieces(rig, server, kit, delta(tool_calls=[call]), delta("tool_calls"))
    assert chunks[0].tool_calls == [call]
    assert chunks[1].tool_calls == []


def test_what_azures_filter_found_is_in_one_field(rig: Rig, server: Server, kit: Kit) -> None:
    prompt = [{"prompt_index": 0, "content_filter_results": SAFE}]
    choice = {"message": {"content": "a"}, "content_filter_results": SAFE}
    response = whole(rig, server, kit, choice, prompt_filter_results=prompt)
    assert response.content_filter == {"prompt": prompt, "answer": SAFE}
    assert whole(rig, server, kit, {"message": {"content": "a"}}).content_filter is None
    chunks = pieces(
        rig,
        server,
        kit,
        {"choices": [], "prompt_filter_results": prompt},
        delta(content="a", choice={"content_filter_results": {}}),
        delta("stop", choice={"content_filter_results": SAFE}),
    )
    assert assemble_chat(chunks).content_filter == {"prompt": prompt, "answer": SAFE}


@pytest.mark.parametrize("content", [None, ""])
def test_a_filtered_answer_without_text_is_an_error(
    rig: Rig, server: Server, kit: Kit, content: str | None
) -> None:
    choice = {
        "message": {"content": content},
        "finish_reason": "content_filter",
        "content_filter_results": HARSH,
    }
    with pytest.raises(ContentFilterError, match="found: violence, severity high"):
        whole(rig, server, kit, choice)
    with pytest.raises(ContentFilterError, match="kept the whole answer back"):
        pieces(rig, server, kit, delta(role="assistant", content=""), delta("content_filter"))


def test_an_answer_that_was_filtered_on_its_way_keeps_what_came(
    rig: Rig, server: Server, kit: Kit
) -> None:
    choice = {"message": {"content": "Well"}, "finish_reason": "content_filter"}
    assert whole(rig, server, kit, choice).finish_reason == "content_filter"
    chunks = pieces(rig, server, kit, delta(content="Well"), delta("content_filter"))
    assert chunks[-1].finish_reason == "content_filter"


def test_a_model_that_refuses_in_words_of_its_own_is_an_error(
    rig: Rig, server: Server, kit: Kit
) -> None:
    message = {"content": None, "refusal": "I cannot help with that."}
    with pytest.raises(ContentFilterError, match="I cannot help with that"):
        whole(rig, server, kit, {"message": message, "finish_reason": "stop"})
    with pytest.raises(ContentFilterError, match="I cannot"):
        pieces(rig, server, kit, delta(refusal="I "), delta(refusal="cannot."), delta("stop"))


def test_a_span_says_what_was_asked_and_found(rig: Rig, server: Server, kit: Kit) -> None:
    usage = {
        "prompt_tokens": 11,
        "completion_tokens": 3,
        "prompt_tokens_details": {"cached_tokens": 8},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    choice = {
        "message": {"content": "a"},
        "finish_reason": "stop",
        "content_filter_results": SAFE,
        "stop_reason": "END",
    }
    server.will(kit.chat("", choices=[choice], usage=usage))
    parameters = {
        "temperature": 0.5,
        "max_completion_tokens": 9,
        "seed": 7,
        "stop": "END",
        "n": 1,
        "reasoning_effort": "low",
        "response_format": {"type": "json_object"},
        "unknown": 1,
        "top_p": None,
    }
    spans: list[RecordedSpan] = []

    async def run() -> None:
        with start_trace("root", sink=spans.extend):
            await rig.open().chat(ChatRequest(messages=REQUEST.messages, parameters=parameters))

    asyncio.run(run())
    attributes = orjson.loads(spans[0].data)["attributes"]
    expected = {
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.seed": 7,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.request.choice.count": 1,
        "gen_ai.output.type": "json",
        "gen_ai.usage.cache_read.input_tokens": 8,
        "gen_ai.usage.reasoning.output_tokens": 2,
        "flowgrade.request.reasoning_effort": "low",
        "flowgrade.response.content_filter": {"answer": SAFE},
        "flowgrade.response.stop_reason": "END",
    }
    assert {key: attributes.get(key) for key in expected} == expected
    assert "gen_ai.request.top_p" not in attributes
