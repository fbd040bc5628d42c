"""The official SDK of Anthropic understands what the stub says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic
from pydantic import BaseModel

from flowgrade.testing import StubReply, StubScript, StubServer, StubToolCall

WEATHER = StubToolCall(name="weather", arguments={"city": "Reykjavík", "days": [1, 2, 3]})
TOOLS: Any = [{"name": "weather", "input_schema": {"type": "object"}}]


@pytest.fixture
def client(stub: StubServer) -> Iterator[Anthropic]:
    with Anthropic(base_url=stub.url, api_key="sk-ant-test-secret", max_retries=0) as made:
        yield made


def say(text: str) -> Any:
    return [{"role": "user", "content": text}]


def ask(client: Anthropic, text: str = "hi", **more: Any) -> anthropic.types.Message:
    given: dict[str, Any] = {"model": "claude-x", "max_tokens": 100, "messages": say(text)}
    found: anthropic.types.Message = client.messages.create(**(given | more))
    return found


def test_the_last_message_is_echoed_and_its_tokens_are_counted(
    stub: StubServer, client: Anthropic
) -> None:
    stub.set_script(StubScript(cached_tokens=4, reasoning_tokens=2))
    message = ask(client, "Hello, world!", system="Be brief.")
    (block,) = message.content
    assert block.type == "text"
    assert block.text == "echo: Hello, world!"
    assert message.stop_reason == "end_turn"
    assert message.model == "claude-x"
    assert message.usage.input_tokens == 3
    assert message.usage.cache_read_input_tokens == 4
    assert message.usage.output_tokens == 6
    assert message.usage.output_tokens_details is not None
    assert message.usage.output_tokens_details.thinking_tokens == 2


def test_a_stream_adds_up_to_the_whole_answer(stub: StubServer, client: Anthropic) -> None:
    stub.set_script(StubScript(replies=[StubReply(text="one two", reasoning="Well, well.")]))
    with client.messages.stream(model="m", max_tokens=100, messages=say("?")) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_message()
    assert [kind for kind in kinds if kind == "text"] == ["text"] * 2
    thought, text = final.content
    assert thought.type == "thinking"
    assert thought.thinking == "Well, well."
    assert thought.signature
    assert text.type == "text"
    assert text.text == "one two"
    assert final.stop_reason == "end_turn"
    assert final.usage.output_tokens == 2


def test_tool_calls_arrive_and_their_results_are_answered(
    stub: StubServer, client: Anthropic
) -> None:
    replies = [
        StubReply(role="tool", text="It is sunny."),
        StubReply(match="(?i)weather", text="Let me look.", tool_calls=[WEATHER, WEATHER]),
    ]
    stub.set_script(StubScript(replies=replies))
    asked = say("Weather in Reykjavík?")
    first = ask(client, messages=asked, tools=TOOLS)
    assert first.stop_reason == "tool_use"
    text, call, other = first.content
    assert text.type == "text"
    assert call.type == other.type == "tool_use"
    assert call.input == {"city": "Reykjavík", "days": [1, 2, 3]}
    assert call.id != other.id
    asked += [{"role": "assistant", "content": first.content}]
    results = [
        {"type": "tool_result", "tool_use_id": one.id, "content": "sun"} for one in (call, other)
    ]
    second = ask(client, messages=[*asked, {"role": "user", "content": results}], tools=TOOLS)
    assert second.content[0].type == "text"
    assert second.content[0].text == "It is sunny."


def test_streamed_tool_calls_add_up_to_whole_ones(stub: StubServer, client: Anthropic) -> None:
    stub.set_script(StubScript(replies=[StubReply(tool_calls=[WEATHER, WEATHER])]))
    with client.messages.stream(model="m", max_tokens=9, messages=say("?"), tools=TOOLS) as stream:
        pieces = [event for event in stream if event.type == "input_json"]
        final = stream.get_final_message()
    assert len(pieces) > 4
    inputs = [block.input for block in final.content if block.type == "tool_use"]
    assert inputs == [{"city": "Reykjavík", "days": [1, 2, 3]}] * 2
    assert final.stop_reason == "tool_use"


@pytest.mark.parametrize("answered", [[], ["toolu_other"]])
def test_a_tool_call_without_its_result_is_refused(
    stub: StubServer, client: Anthropic, answered: list[str]
) -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}
    results = [{"type": "tool_result", "tool_use_id": one, "content": "sun"} for one in answered]
    messages = [
        *say("?"),
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": results or "Well?"},
    ]
    with pytest.raises(anthropic.BadRequestError, match="tool_"):
        ask(client, messages=messages, tools=TOOLS)


class Weather(BaseModel):
    city: str
    degrees: int


def test_an_answer_under_a_schema_is_parsed(stub: StubServer, client: Anthropic) -> None:
    stub.set_script(StubScript(json_reply={"city": "Rome", "degrees": 21}))
    message = client.messages.parse(
        model="m", max_tokens=100, messages=say("?"), output_format=Weather
    )
    assert message.parsed_output == Weather(city="Rome", degrees=21)


@pytest.mark.parametrize(
    ("more", "reason", "sequence", "text"),
    [
        ({"max_tokens": 2}, "max_tokens", None, "echo:"),
        ({"stop_sequences": ["two"]}, "stop_sequence", "two", "echo: one "),
    ],
)
def test_an_answer_stops_where_it_is_told(
    client: Anthropic, more: Any, reason: str, sequence: str | None, text: str
) -> None:
    message = ask(client, "one two three", **more)
    assert message.stop_reason == reason
    assert message.stop_sequence == sequence
    assert message.content[0].type == "text"
    assert message.content[0].text == text


def test_a_scripted_content_filter_is_a_refusal(stub: StubServer, client: Anthropic) -> None:
    stub.set_script(StubScript(replies=[StubReply(text="", finish_reason="content_filter")]))
    message = ask(client)
    assert message.stop_reason == "refusal"
    assert message.content == []


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, anthropic.BadRequestError, "invalid_request_error"),
        (401, anthropic.AuthenticationError, "authentication_error"),
        (403, anthropic.PermissionDeniedError, "permission_error"),
        (404, anthropic.NotFoundError, "not_found_error"),
        (429, anthropic.RateLimitError, "rate_limit_error"),
        (500, anthropic.InternalServerError, "api_error"),
        (529, anthropic.InternalServerError, "overloaded_error"),
    ],
)
def test_each_status_raises_its_error(
    stub: StubServer,
    client: Anthropic,
    status: int,
    error: type[anthropic.APIStatusError],
    kind: str,
) -> None:
    stub.set_script(StubScript(error_rate=1, error_status=status, retry_after=3))
    with pytest.raises(error) as caught:
        ask(client)
    assert caught.value.status_code == status
    assert caught.value.response.headers["retry-after"] == "3"
    body = caught.value.body
    assert isinstance(body, dict)
    assert body["type"] == "error"
    assert body["error"]["type"] == kind
    assert stub.stats.faults == 1


def test_a_key_may_be_required(stub: StubServer, client: Anthropic) -> None:
    stub.set_script(StubScript(require_key="sk-ant-test-secret"))
    assert ask(client).stop_reason == "end_turn"
    stub.set_script(StubScript(require_key="another"))
    with pytest.raises(anthropic.AuthenticationError):
        ask(client)
    assert "sk-ant-test-secret" not in str(stub.requests)


def test_a_stream_that_breaks_off_is_an_error(stub: StubServer, client: Anthropic) -> None:
    stub.set_script(StubScript(truncate_rate=1))
    with (
        pytest.raises(httpx2.RemoteProtocolError),
        client.messages.stream(model="m", max_tokens=9, messages=say("a b c d e f")) as stream,
    ):
        list(stream)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"messages": [{"role": "user", "content": "hi"}]}, "max_tokens: Field required"),
        ({"max_tokens": 5}, "at least one message"),
        ({"max_tokens": 5, "messages": [{"role": "system", "content": "x"}]}, "messages.0"),
        ({"max_tokens": 5, "messages": [{"role": "user", "content": []}]}, "messages.0"),
        (
            {
                "max_tokens": 5,
                "messages": [{"role": "user", "content": "hi"}],
                "temperature": 0,
            },
            "temperature: Extra inputs are not permitted",
        ),
    ],
)
def test_a_wrong_call_is_refused_as_anthropic_does(
    client: Anthropic, body: dict[str, Any], message: str
) -> None:
    with pytest.raises(anthropic.BadRequestError, match=message):
        client.post("/v1/messages", body={"model": "m", **body}, cast_to=dict[str, Any])
