"""Anthropic's protocol: what its answers, streams and refusals become."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from flowgrade.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    EmptyAnswerError,
    MissingKeyError,
    ModelError,
    ModelNotFoundError,
    ModelResponseError,
    ModelServerError,
    ModelUnreachableError,
    QuotaError,
    RateLimitError,
)
from flowgrade.models import (
    ChatRequest,
    Models,
    RetryPolicy,
    assemble_chat,
)
from flowgrade.records import Usage
from flowgrade.settings import Settings

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server
from tests.models.messages import (
    HI,
    answer,
    answered,
    end,
    events,
    opened,
    piece,
    said,
    sent,
    start,
    streamed,
)


@pytest.fixture(autouse=True)
def _says_hello(server: Server, kit: Kit) -> None:
    server.otherwise = kit.Reply(body=orjson.dumps(said("Hello.")))


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
        input_tokens=1110,
        output_tokens=20,
        cached_tokens=100,
        cache_write_tokens=1000,
        reasoning_tokens=5,
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


# --- an empty answer


def test_an_empty_answer_is_an_error_whole_and_streamed(rig: Rig, server: Server, kit: Kit) -> None:
    with pytest.raises(EmptyAnswerError, match="finish_reason stop"):
        answered(rig, server, kit, answer())
    with pytest.raises(EmptyAnswerError, match="finish_reason stop"):
        streamed(rig, server, kit, start(), *end())


def test_an_answer_that_goes_on_with_the_next_request_is_not_empty(
    rig: Rig, server: Server, kit: Kit
) -> None:
    assert answered(rig, server, kit, answer(stop="pause_turn")).stop_reason == "pause_turn"
