"""Calls that go well, and what is sent for them."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from flowgrade.errors import BadRequestError, InputError, ModelResponseError
from flowgrade.models import ChatRequest, CompletionRequest, EmbeddingRequest
from flowgrade.records import Usage

if TYPE_CHECKING:
    from tests.models.conftest import Kit, Rig
    from tests.models.server import Server

MESSAGES = [{"role": "user", "content": "Grüße"}]


def ask(**parameters: object) -> ChatRequest:
    return ChatRequest(messages=MESSAGES, parameters=parameters)


def test_a_chat_gives_text_usage_and_the_raw_answer(rig: Rig) -> None:
    response = asyncio.run(rig.open().chat(ask()))
    assert response.text == "Hello."
    assert response.finish_reason == "stop"
    assert response.usage == Usage(input_tokens=11, output_tokens=3)
    assert response.model == "stub-2024"
    assert response.raw["id"] == "chatcmpl-7"
    assert response.choices[0]["message"] == response.message
    assert response.tool_calls == []


def test_model_messages_key_and_parameters_are_sent(rig: Rig, server: Server, kit: Kit) -> None:
    model = rig.open("gpt-x", headers={"X-Team": "blue"}, organization="org-1")
    asyncio.run(model.chat(ask(temperature=0, made_up={"a": [1]}, top_p=None)))
    request = server.requests[0]
    assert request.path == "/v1/chat/completions"
    assert request.body == {
        "model": "gpt-x",
        "messages": MESSAGES,
        "temperature": 0,
        "made_up": {"a": [1]},
    }
    assert request.headers["Authorization"] == f"Bearer {kit.key}"
    assert request.headers["OpenAI-Organization"] == "org-1"
    assert request.headers["X-Team"] == "blue"


def test_parameters_of_the_connection_are_defaults_and_none_takes_one_away(
    rig: Rig, server: Server
) -> None:
    model = rig.open(parameters={"temperature": 0.5, "seed": 7, "top_p": 0.9})
    asyncio.run(model.chat(ask(temperature=0, seed=None)))
    body = server.requests[0].body
    assert (body["temperature"], body["top_p"]) == (0, 0.9)
    assert "seed" not in body


def test_keys_that_are_numbers_are_sent_as_texts(rig: Rig, server: Server) -> None:
    asyncio.run(rig.open().chat(ask(logit_bias={50256: -100})))
    assert server.requests[0].body["logit_bias"] == {"50256": -100}


def test_what_cannot_be_json_is_refused_before_the_call(rig: Rig, server: Server) -> None:
    with pytest.raises(InputError, match="cannot be sent as JSON"):
        asyncio.run(rig.open().chat(ask(stop=object())))
    assert server.requests == []


def test_unknown_fields_nulls_and_missing_usage_break_nothing(
    rig: Rig, server: Server, kit: Kit
) -> None:
    choices = [{"message": {"content": None, "tool_calls": [{"id": "1"}], "audio": {}}, "x": 1}]
    server.will(kit.chat("", choices=choices, usage=None, model=None, novelty={"y": [None]}))
    response = asyncio.run(rig.open().chat(ask()))
    assert response.text is None
    assert response.tool_calls == [{"id": "1"}]
    assert response.usage is None
    assert response.raw["novelty"] == {"y": [None]}


def test_the_text_of_content_parts_is_joined(rig: Rig, server: Server, kit: Kit) -> None:
    parts = [{"type": "text", "text": "He"}, {"type": "image"}, {"type": "text", "text": "llo"}]
    server.will(kit.chat("", choices=[{"message": {"content": parts}}]))
    assert asyncio.run(rig.open().chat(ask())).text == "Hello"


def test_an_answer_without_choices_names_what_it_has(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.Reply(body=b'{"result": "Hello", "choices": []}'))
    with pytest.raises(ModelResponseError, match="no choices, only: result"):
        asyncio.run(rig.open().chat(ask()))


def test_max_tokens_is_renamed_once_the_model_asks_for_it(
    rig: Rig, server: Server, kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    refusal = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    server.will(kit.error(400, refusal, code="unsupported_parameter"))
    model = rig.open("o9")

    async def twice() -> None:
        await model.chat(ask(max_tokens=5))
        await model.chat(ask(max_tokens=6))

    with caplog.at_level(logging.INFO, "flowgrade.models"):
        asyncio.run(twice())
    bodies = [request.body for request in server.requests]
    assert [body.get("max_tokens") for body in bodies] == [5, None, None]
    assert [body.get("max_completion_tokens") for body in bodies] == [None, 5, 6]
    assert "o9 wants max_completion_tokens, not max_tokens" in caplog.text


def test_other_bad_requests_are_not_sent_again(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.error(400, "max_tokens is too large"))
    with pytest.raises(BadRequestError):
        asyncio.run(rig.open().chat(ask(max_tokens=10**9)))
    assert len(server.requests) == 1


def test_a_prompt_is_completed(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.chat("", choices=[{"text": " upon a time", "finish_reason": "length"}]))
    request = CompletionRequest(prompt="Once", parameters={"max_tokens": 3})
    response = asyncio.run(rig.open().complete(request))
    assert (response.text, response.finish_reason) == (" upon a time", "length")
    assert server.requests[0].path == "/v1/completions"
    assert server.requests[0].body == {"model": "stub", "prompt": "Once", "max_tokens": 3}


def test_vectors_come_in_the_order_of_the_inputs(rig: Rig, server: Server, kit: Kit) -> None:
    data = [{"index": 1, "embedding": [0.0, 1.0]}, {"index": 0, "embedding": [1.0, 0.5]}]
    server.will(kit.chat("", data=data))
    model = rig.open(parameters={"temperature": 1})
    response = asyncio.run(model.embed(EmbeddingRequest(inputs=["a", "b"])))
    assert response.vectors == [[1.0, 0.5], [0.0, 1.0]]
    assert server.requests[0].path == "/v1/embeddings"
    assert server.requests[0].body == {"model": "stub", "input": ["a", "b"]}


def test_vectors_in_base64_are_understood(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.chat("", data=[{"index": 0, "embedding": "AACAPwAAAMA="}]))
    response = asyncio.run(rig.open().embed(EmbeddingRequest(inputs=["a"])))
    assert response.vectors == [[1.0, -2.0]]


@pytest.mark.parametrize("data", [None, [], [{"index": 0, "embedding": [1.0]}] * 2])
def test_a_wrong_number_of_vectors_is_an_error(
    rig: Rig, server: Server, kit: Kit, data: object
) -> None:
    server.will(kit.chat("", data=data))
    with pytest.raises(ModelResponseError, match="vectors for 1 texts"):
        asyncio.run(rig.open().embed(EmbeddingRequest(inputs=["a"])))


def test_something_that_is_no_vector_is_an_error(rig: Rig, server: Server, kit: Kit) -> None:
    server.will(kit.chat("", data=[{"index": 0, "embedding": {"a": 1}}]))
    with pytest.raises(ModelResponseError, match="not a vector"):
        asyncio.run(rig.open().embed(EmbeddingRequest(inputs=["a"])))
