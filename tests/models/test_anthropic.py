"""Anthropic's protocol: what is sent for our requests."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from flowgrade.errors import (
    InputError,
    UnsupportedByModelError,
)
from flowgrade.models import (
    ChatRequest,
    EmbeddingRequest,
)

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server
from tests.models.messages import HI, PIXEL, opened, said, sent


@pytest.fixture(autouse=True)
def _says_hello(server: Server, kit: Kit) -> None:
    server.otherwise = kit.Reply(body=orjson.dumps(said("Hello.")))


def test_a_call_has_key_version_and_a_limit_that_the_protocol_wants(
    rig: Rig, server: Server, kit: Kit
) -> None:
    body = sent(rig, server, max_tokens=None)
    request = server.requests[-1]
    assert request.path == "/v1/messages"
    assert request.headers["x-api-key"] == kit.key
    assert request.headers["anthropic-version"] == "2026-10-21"
    assert "Authorization" not in request.headers
    assert body == {
        "model": "claude-sonnet-5",
        "max_tokens": 8192,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    }


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/"])
def test_the_address_may_end_in_the_version_or_not(rig: Rig, server: Server, end: str) -> None:
    address = f"http://127.0.0.1:{server.port}{end}"
    asyncio.run(opened(rig, base_url=address).chat(ChatRequest(messages=HI)))
    assert server.requests[-1].path == "/v1/messages"


def test_sampling_goes_with_the_last_version_that_takes_it(rig: Rig, server: Server) -> None:
    assert sent(rig, server, temperature=0, top_p=0.5)["temperature"] == 0
    assert server.requests[-1].headers["anthropic-version"] == "2023-06-01"
    model = opened(rig, api_version="2030-01-01")
    asyncio.run(model.chat(ChatRequest(messages=HI, parameters={"temperature": 0})))
    assert server.requests[-1].headers["anthropic-version"] == "2030-01-01"


def test_messages_of_the_system_go_where_the_protocol_has_them(rig: Rig, server: Server) -> None:
    marked = {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [marked]},
        *HI,
    ]
    body = sent(rig, server, messages)
    assert body["system"] == [{"type": "text", "text": "Be brief."}, marked]
    assert [turn["role"] for turn in body["messages"]] == ["user"]


def test_images_and_files_become_blocks(rig: Rig, server: Server) -> None:
    text = "data:text/plain;base64," + base64.b64encode("Grüße".encode()).decode()
    parts = [
        {"type": "text", "text": "Look:"},
        {"type": "text", "text": ""},
        {"type": "image_url", "image_url": {"url": PIXEL, "detail": "auto"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {
            "type": "file",
            "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"},
        },
        {"type": "file", "file": {"file_data": text}},
        {"type": "file", "file": {"file_id": "file_1"}},
    ]
    (turn,) = sent(rig, server, [{"role": "user", "content": parts}])["messages"]
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBE"}
    assert turn["content"] == [
        {"type": "text", "text": "Look:"},
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
        },
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        {"type": "document", "title": "a.pdf", "source": pdf},
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "Grüße"},
        },
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
    ]


@pytest.mark.parametrize(
    ("part", "error", "words"),
    [
        ({"type": "input_audio", "input_audio": {}}, UnsupportedByModelError, "input_audio"),
        (
            {"type": "image_url", "image_url": {"url": "data:image/bmp;base64,AA"}},
            InputError,
            "image/bmp",
        ),
        ({"type": "image_url", "image_url": {}}, InputError, "no address"),
        ({"type": "file", "file": {"file_data": "AAAA"}}, InputError, "neither a data URL"),
        (
            {"type": "file", "file": {"file_data": "data:application/zip;base64,AA"}},
            InputError,
            "application/zip",
        ),
        (
            {"type": "file", "file": {"file_data": "data:text/plain;base64,/w=="}},
            InputError,
            "cannot be read",
        ),
    ],
)
def test_parts_that_cannot_be_sent_are_refused_before_the_call(
    rig: Rig, server: Server, part: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        sent(rig, server, [{"role": "user", "content": [part]}])
    assert not server.requests


def test_tools_and_their_choice_are_translated(rig: Rig, server: Server) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    function = {"name": "weather", "description": "Says it.", "parameters": schema}
    own = {"type": "web_search_20260209", "name": "web_search"}
    tools = [{"type": "function", "function": function}, own]
    body = sent(rig, server, tools=tools, tool_choice="required", parallel_tool_calls=False)
    assert body["tools"] == [
        {"name": "weather", "description": "Says it.", "input_schema": schema},
        own,
    ]
    assert body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    chosen = {"type": "function", "function": {"name": "weather"}}
    body = sent(rig, server, tools=tools, tool_choice=chosen)
    assert body["tool_choice"] == {"type": "tool", "name": "weather"}
    assert "tools" not in sent(rig, server, tools=[], parallel_tool_calls=False)


def test_results_of_parallel_calls_make_one_turn_with_what_the_user_adds(
    rig: Rig, server: Server
) -> None:
    def call(name: str, arguments: str) -> dict[str, Any]:
        return {
            "id": f"call_{name}",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }

    messages = [
        *HI,
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [call("a", '{"x":1}'), call("b", ""), call("c", "{cut")],
        },
        {"role": "tool", "tool_call_id": "call_a", "content": "1"},
        {"role": "tool", "tool_call_id": "call_b", "content": [{"type": "text", "text": "2"}]},
        {
            "role": "tool",
            "tool_call_id": "call_c",
            "content": [{"type": "image_url", "image_url": {"url": PIXEL}}],
            "is_error": True,
        },
        {"role": "user", "content": "And?"},
    ]
    _, assistant, user = sent(rig, server, messages)["messages"]
    assert [block["input"] for block in assistant["content"]] == [
        {"x": 1},
        {},
        {"arguments": "{cut"},
    ]
    assert user["role"] == "user"
    kinds = [block["type"] for block in user["content"]]
    assert kinds == ["tool_result", "tool_result", "tool_result", "text"]
    assert [block["content"] for block in user["content"][:2]] == ["1", "2"]
    assert user["content"][2]["content"][0]["type"] == "image"
    assert user["content"][2]["is_error"] is True


@pytest.mark.parametrize(
    ("name", "effort", "expected"),
    [
        (
            "claude-sonnet-5",
            "medium",
            {
                "thinking": {"type": "adaptive", "display": "summarized"},
                "output_config": {"effort": "medium"},
                "max_tokens": 16_384,
            },
        ),
        ("claude-opus-4-6", "minimal", {"output_config": {"effort": "low"}, "max_tokens": 9216}),
        (
            "claude-haiku-4-5-20251001",
            "high",
            {"thinking": {"type": "enabled", "budget_tokens": 16_384}, "max_tokens": 24_576},
        ),
        (
            "claude-3-7-sonnet-20250219",
            "low",
            {"thinking": {"type": "enabled", "budget_tokens": 2048}},
        ),
        (
            "claude-sonnet-4-20250514",
            "low",
            {"thinking": {"type": "enabled", "budget_tokens": 2048}},
        ),
        ("claude-opus-5-5", "none", {"thinking": {"type": "disabled"}, "max_tokens": 8192}),
        ("someones-gateway", "max", {"output_config": {"effort": "max"}}),
    ],
)
def test_effort_is_said_as_the_model_takes_it(
    rig: Rig, server: Server, name: str, effort: str, expected: dict[str, Any]
) -> None:
    body = sent(rig, server, name=name, reasoning_effort=effort)
    assert {key: body[key] for key in expected} == expected


def test_thinking_leaves_room_for_the_answer(rig: Rig, server: Server) -> None:
    body = sent(rig, server, name="claude-opus-4-5", reasoning_effort="high", max_tokens=5000)
    assert body["thinking"]["budget_tokens"] == 2500
    with pytest.raises(InputError, match="leaves this model no room to think"):
        sent(rig, server, name="claude-opus-4-5", reasoning_effort="high", max_tokens=500)
    own = {"type": "enabled", "budget_tokens": 1500}
    body = sent(rig, server, name="claude-opus-4-5", reasoning_effort="high", thinking=own)
    assert body["thinking"] == own
    with pytest.raises(InputError, match="'enormous'"):
        sent(rig, server, reasoning_effort="enormous")


def test_a_schema_is_sent_as_far_as_the_model_can_be_held_to_it(rig: Rig, server: Server) -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "age": {"type": "integer", "minimum": 0, "maximum": 150},
            "minimum": {"type": "string", "format": "uuid", "pattern": "x"},
            "kind": {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/Kind"}]},
        },
        "required": ["age"],
        "$defs": {"Kind": {"type": "object", "properties": {"a": {"const": {"default": 1}}}}},
    }
    described = {"name": "person", "schema": schema, "strict": True}
    wanted = {"type": "json_schema", "json_schema": described}
    body = sent(rig, server, response_format=wanted, reasoning_effort="low")
    assert body["output_config"]["effort"] == "low"
    assert body["output_config"]["format"] == {
        "type": "json_schema",
        "schema": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "age": {"type": "integer"},
                "minimum": {"type": "string", "format": "uuid"},
                "kind": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/Kind"}]},
            },
            "required": ["age"],
            "$defs": {
                "Kind": {
                    "type": "object",
                    "properties": {"a": {"const": {"default": 1}}},
                    "additionalProperties": False,
                }
            },
        },
    }


def test_json_without_a_schema_is_asked_for_in_words(rig: Rig, server: Server) -> None:
    body = sent(rig, server, response_format={"type": "json_object"})
    assert "one JSON object" in body["system"][0]["text"]
    assert "system" not in sent(rig, server, response_format={"type": "text"})
    with pytest.raises(InputError, match="response_format"):
        sent(rig, server, response_format={"type": "xml"})


def test_names_of_openai_become_those_of_the_protocol(rig: Rig, server: Server) -> None:
    body = sent(
        rig,
        server,
        max_completion_tokens=7,
        stop="END",
        user="u-1",
        n=1,
        logprobs=False,
        presence_penalty=0,
        stream_options={"include_usage": True},
        service_tier="auto",
    )
    assert body | {"messages": []} == {
        "model": "claude-sonnet-5",
        "messages": [],
        "max_tokens": 7,
        "stop_sequences": ["END"],
        "metadata": {"user_id": "u-1"},
        "service_tier": "auto",
    }


@pytest.mark.parametrize(
    ("name", "value"), [("seed", 7), ("logprobs", True), ("n", 2), ("functions", [{}])]
)
def test_what_the_protocol_lacks_is_refused_before_the_call(
    rig: Rig, server: Server, name: str, value: Any
) -> None:
    with pytest.raises(UnsupportedByModelError, match=f"'{name}'"):
        sent(rig, server, **{name: value})
    assert not server.requests


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"role": "narrator", "content": "x"}, "'narrator'"),
        ({"role": "function", "name": "f", "content": "x"}, "'function'"),
        ({"role": "user", "content": 7}, "neither a text nor a list"),
    ],
)
def test_messages_that_cannot_be_sent_are_refused(
    rig: Rig, server: Server, message: Any, words: str
) -> None:
    with pytest.raises((InputError, UnsupportedByModelError), match=words):
        sent(rig, server, [message])


def test_it_chats_only(rig: Rig) -> None:
    with pytest.raises(UnsupportedByModelError, match="cannot embed"):
        asyncio.run(opened(rig).embed(EmbeddingRequest(inputs=["a"])))
