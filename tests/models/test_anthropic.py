"""Anthropic's protocol: what is sent for our requests, and what its answers become."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from flowgrade.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    InputError,
    MissingKeyError,
    ModelError,
    ModelNotFoundError,
    ModelResponseError,
    ModelServerError,
    ModelUnreachableError,
    QuotaError,
    RateLimitError,
    UnsupportedByModelError,
)
from flowgrade.models import (
    ChatRequest,
    ChatResponse,
    EmbeddingRequest,
    Model,
    Models,
    RetryPolicy,
    assemble_chat,
)
from flowgrade.records import Usage
from flowgrade.settings import Settings

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig, Server

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


@pytest.fixture(autouse=True)
def _says_hello(server: Server, kit: Kit) -> None:
    server.otherwise = kit.Reply(body=orjson.dumps(said("Hello.")))


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


# --- the request


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


# --- the answer


def test_an_answer_has_our_shape_and_keeps_the_endpoints_json(
    rig: Rig, server: Server, kit: Kit
) -> None:
    usage = {
        "input_tokens": 10,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 1000,
        "output_tokens": 20,
        "output_tokens_details": {"thinking_tokens": 5},
    }
    raw = said("Hello.", usage=usage, unknown={"new": 1})
    response = answered(rig, server, kit, raw)
    assert response.text == "Hello."
    assert response.model == "claude-x-2026"
    assert response.finish_reason == "stop"
    assert response.stop_reason == "end_turn"
    assert response.usage == Usage(
        input_tokens=1110, output_tokens=20, cached_tokens=100, reasoning_tokens=5
    )
    assert {key: response.raw[key] for key in raw} == raw
    assert response.choices[0]["message"] == {"role": "assistant", "content": "Hello."}


def test_thoughts_go_back_signed_with_the_results_of_tools(
    rig: Rig, server: Server, kit: Kit
) -> None:
    thoughts = [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "ZGF0YQ=="},
    ]
    use = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "map"}}
    response = answered(
        rig, server, kit, answer(*thoughts, {"type": "text", "text": "Wait."}, use, stop="tool_use")
    )
    assert response.reasoning == "Hm."
    assert response.finish_reason == "tool_calls"
    assert response.tool_calls == [
        {
            "id": "toolu_1",
            "type": "function",
            "function": {"name": "look", "arguments": '{"at":"map"}'},
        }
    ]
    result = {"role": "tool", "tool_call_id": "toolu_1", "content": "here"}
    body = sent(rig, server, [*HI, response.message, result])
    assert body["messages"][1]["content"] == [*thoughts, {"type": "text", "text": "Wait."}, use]


@pytest.mark.parametrize(
    ("stop", "finish"),
    [
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("stop_sequence", "stop"),
        ("refusal", "content_filter"),
        ("pause_turn", "pause_turn"),
    ],
)
def test_reasons_to_stop_are_openais(
    rig: Rig, server: Server, kit: Kit, stop: str, finish: str
) -> None:
    assert answered(rig, server, kit, said("Well", stop=stop)).finish_reason == finish


def test_a_refusal_without_text_is_an_error_that_says_why(
    rig: Rig, server: Server, kit: Kit
) -> None:
    details = {"type": "refusal", "category": "bio", "explanation": "About germs."}
    with pytest.raises(ContentFilterError, match="refused to answer: About germs"):
        answered(rig, server, kit, answer(stop="refusal", stop_details=details))
    with pytest.raises(ContentFilterError, match="kept the whole answer back"):
        answered(rig, server, kit, answer(stop="refusal"))


def test_an_answer_of_another_protocol_is_an_error(rig: Rig, server: Server, kit: Kit) -> None:
    with pytest.raises(ModelResponseError, match="Anthropic's Messages protocol"):
        answered(rig, server, kit, {"choices": []})


# --- the stream


def test_a_stream_becomes_pieces_with_usage_at_the_end(rig: Rig, server: Server, kit: Kit) -> None:
    chunks = streamed(
        rig,
        server,
        kit,
        start(cache_read_input_tokens=4),
        {"type": "ping"},
        piece("Hel"),
        piece("lo."),
        {"type": "content_block_stop", "index": 0},
        *end(),
    )
    assert "".join(chunk.text for chunk in chunks) == "Hello."
    whole = assemble_chat(chunks)
    assert whole.message == {"role": "assistant", "content": "Hello."}
    assert whole.finish_reason == "stop"
    assert whole.stop_reason == "end_turn"
    assert whole.model == "claude-x-2026"
    assert whole.raw["id"] == "msg_7"
    assert whole.usage == chunks[-1].usage
    assert whole.usage == Usage(input_tokens=13, output_tokens=5, cached_tokens=4)
    assert chunks[1].raw["event"] == piece("Hel")


def test_an_error_within_a_stream_is_raised_after_what_came(
    rig: Rig, server: Server, kit: Kit
) -> None:
    trouble = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    with pytest.raises(ModelServerError, match="Overloaded"):
        streamed(rig, server, kit, start(), piece("Hel"), trouble)


def test_an_error_instead_of_a_stream_is_tried_again(rig: Rig, server: Server, kit: Kit) -> None:
    trouble = {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down"}}
    server.will(kit.Reply(pieces=events(trouble), content_type="text/event-stream"))
    chunks = streamed(rig, server, kit, start(), piece("Hello."), *end())
    assert assemble_chat(chunks).text == "Hello."
    assert len(rig.sleeps) == 1


def test_a_stream_that_ends_before_its_answer_is_an_error(
    rig: Rig, server: Server, kit: Kit
) -> None:
    with pytest.raises(ModelUnreachableError, match="before the answer was complete"):
        streamed(rig, server, kit, start(), piece("Hel"))
    with pytest.raises(ModelUnreachableError):
        streamed(rig, server, kit, start(), piece("Hel"), then="cut")


def test_a_streamed_refusal_is_an_error(rig: Rig, server: Server, kit: Kit) -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": None}
    with pytest.raises(ContentFilterError, match="cyber"):
        streamed(rig, server, kit, start(), *end("refusal", stop_details=details))
    chunks = streamed(rig, server, kit, start(), piece("Well"), *end("refusal"))
    assert chunks[-1].finish_reason == "content_filter"


def test_an_endpoint_that_does_not_stream_answers_in_one_piece(
    rig: Rig, server: Server, kit: Kit
) -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
    server.will(
        kit.Reply(body=orjson.dumps(answer({"type": "text", "text": "Hm"}, use, stop="tool_use")))
    )

    async def read() -> Any:
        return [chunk async for chunk in opened(rig).chat_stream(ChatRequest(messages=HI))]

    whole = assemble_chat(asyncio.run(read()))
    assert whole.text == "Hm"
    assert whole.tool_calls[0]["function"]["name"] == "look"
    assert whole.usage == Usage(input_tokens=11, output_tokens=3)


# --- errors


@pytest.mark.parametrize(
    ("status", "kind", "message", "error"),
    [
        (400, "invalid_request_error", "max_tokens: too high", BadRequestError),
        (
            400,
            "invalid_request_error",
            "prompt is too long: 210000 tokens > 200000 maximum",
            ContextLengthError,
        ),
        (
            400,
            "invalid_request_error",
            "Your credit balance is too low to access the Anthropic API.",
            QuotaError,
        ),
        (401, "authentication_error", "invalid x-api-key", AuthenticationError),
        (402, "billing_error", "Check your billing.", QuotaError),
        (403, "permission_error", "Not yours.", AuthenticationError),
        (404, "not_found_error", "model: claude-zero", ModelNotFoundError),
        (413, "request_too_large", "Request exceeds the maximum size", ContextLengthError),
        (429, "rate_limit_error", "Slow down.", RateLimitError),
        (500, "api_error", "Internal server error", ModelServerError),
        (529, "overloaded_error", "Overloaded", ModelServerError),
    ],
)
def test_each_refusal_is_the_error_that_it_means(
    rig: Rig,
    server: Server,
    kit: Kit,
    status: int,
    kind: str,
    message: str,
    error: type[ModelError],
) -> None:
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
    server.will(kit.Reply(status=status, body=orjson.dumps(body)))
    model = opened(rig, retry=RetryPolicy(retries=0))
    with pytest.raises(error, match=message.split(":", maxsplit=1)[0]) as caught:
        asyncio.run(model.chat(ChatRequest(messages=HI)))
    assert type(caught.value) is error
    assert caught.value.status == status


def test_an_overloaded_endpoint_is_given_the_time_that_it_asks_for(
    rig: Rig, server: Server, kit: Kit
) -> None:
    rig.fraction = 0
    body = orjson.dumps({"type": "error", "error": {"type": "overloaded_error", "message": "O"}})
    server.will(kit.Reply(status=529, body=body, headers={"retry-after": "7"}))
    assert asyncio.run(opened(rig).chat(ChatRequest(messages=HI))).text == "Hello."
    assert rig.sleeps[0] == 7


def test_anthropic_itself_needs_a_key_and_others_do_not(
    rig: Rig, server: Server, tmp_path: Any
) -> None:
    settings = Settings(project=tmp_path, home=tmp_path, store="")
    with pytest.raises(MissingKeyError, match="ANTHROPIC_API_KEY"):
        Models(settings).open("anthropic/claude-sonnet-5")
    asyncio.run(opened(rig, api_key=None).chat(ChatRequest(messages=HI)))
    assert "x-api-key" not in server.requests[-1].headers
