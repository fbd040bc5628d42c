"""The official SDK understands what the stub says in chat."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam
from pydantic import BaseModel, Field

from flowgrade.testing import StubReply, StubScript, StubServer, StubToolCall

WEATHER = StubToolCall(name="weather", arguments={"city": "Reykjavík", "days": [1, 2, 3]})
TOOLS: Any = [
    {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
]


def say(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


def test_the_last_message_is_echoed_and_its_tokens_are_counted(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "system", "content": "Be brief."}, *say("Hello, world!")],
    )
    assert completion.choices[0].message.content == "echo: Hello, world!"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.model == "gpt-4o"
    assert completion.usage is not None
    assert completion.usage.prompt_tokens == 7
    assert completion.usage.completion_tokens == 6
    assert completion.usage.total_tokens == 13
    assert completion.usage.prompt_tokens_details is not None
    assert completion.usage.prompt_tokens_details.cached_tokens == 0


def test_only_the_last_200_characters_are_echoed(client: OpenAI) -> None:
    completion = client.chat.completions.create(model="m", messages=say("a" * 100 + "b" * 200))
    assert completion.choices[0].message.content == f"echo: {'b' * 200}"


def test_an_image_part_is_echoed_as_a_mark(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model="m",
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                ],
            }
        ],
    )
    assert completion.choices[0].message.content == "echo: What is this? <image>"


def test_an_async_client_gets_the_same_answers() -> None:
    async def ask() -> list[str | None]:
        async with (
            StubServer() as stub,
            AsyncOpenAI(base_url=stub.base_url, api_key="any") as client,
        ):
            answers = await asyncio.gather(
                *(client.chat.completions.create(model="m", messages=say(str(i))) for i in range(8))
            )
            stream = await client.chat.completions.create(
                model="m", messages=say("one two"), stream=True
            )
            pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
            return [answer.choices[0].message.content for answer in answers] + ["".join(pieces)]

    assert asyncio.run(ask()) == [*(f"echo: {i}" for i in range(8)), "echo: one two"]


def test_a_stream_comes_in_words_with_role_first_and_usage_last(client: OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="m",
            messages=say("one two"),
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    *content, usage = chunks
    assert content[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].delta.content for chunk in content[1:-1]] == ["echo:", " one", " two"]
    assert content[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in content)
    assert usage.choices == []
    assert usage.usage is not None
    assert usage.usage.completion_tokens == 4
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_stream_without_that_option_has_no_usage(client: OpenAI) -> None:
    stream = client.chat.completions.create(model="m", messages=say("hi"), stream=True)
    assert all(chunk.usage is None and chunk.choices for chunk in stream)


def test_tool_calls_arrive_and_the_tool_result_is_answered(
    stub: StubServer, client: OpenAI
) -> None:
    stub.set_script(
        StubScript(
            replies=[
                StubReply(role="tool", text="It is sunny."),
                StubReply(match="(?i)weather", tool_calls=[WEATHER, WEATHER]),
            ]
        )
    )
    asked = say("Weather in Reykjavík?")
    first = client.chat.completions.create(model="m", messages=asked, tools=TOOLS).choices[0]
    assert first.finish_reason == "tool_calls"
    assert first.message.content is None
    assert first.message.tool_calls is not None
    call, other = first.message.tool_calls
    assert call.type == "function"
    assert call.function.name == "weather"
    assert call.function.arguments == '{"city":"Reykjavík","days":[1,2,3]}'
    assert call.id != other.id

    asked += [first.message.to_dict()]  # type: ignore[list-item]
    asked += [{"role": "tool", "tool_call_id": call.id, "content": "sun"}]
    second = client.chat.completions.create(model="m", messages=asked, tools=TOOLS).choices[0]
    assert second.message.content == "It is sunny."


def test_streamed_tool_calls_add_up_to_whole_ones(stub: StubServer, client: OpenAI) -> None:
    stub.set_script(StubScript(replies=[StubReply(tool_calls=[WEATHER, WEATHER])]))
    with client.chat.completions.stream(model="m", messages=say("?"), tools=TOOLS) as stream:
        pieces = [event for event in stream if event.type.endswith("arguments.delta")]
        final = stream.get_final_completion()
    assert len(pieces) > 4
    calls = final.choices[0].message.tool_calls
    assert calls is not None
    assert [call.function.arguments for call in calls] == [
        '{"city":"Reykjavík","days":[1,2,3]}'
    ] * 2
    assert final.choices[0].finish_reason == "tool_calls"


class Step(BaseModel):
    explanation: str
    kind: Literal["addition", "product"]
    weight: float = Field(gt=0, le=1)


class Solution(BaseModel):
    steps: list[Step]
    score: int = Field(ge=1, le=5)
    sure: bool
    remark: str | None
    parent: Solution | None


def test_structured_output_parses_into_its_model(stub: StubServer, client: OpenAI) -> None:
    stub.set_script(StubScript(json_reply={"score": 4, "unnamed": True}))
    completion = client.chat.completions.parse(
        model="m", messages=say("1+1"), response_format=Solution
    )
    parsed = completion.choices[0].message.parsed
    assert parsed is not None
    assert parsed.score == 4
    assert parsed.steps[0].kind == "addition"


def test_json_mode_answers_an_object_with_the_scripts_keys(
    stub: StubServer, client: OpenAI
) -> None:
    stub.set_script(StubScript(json_reply={"score": 3}))
    completion = client.chat.completions.create(
        model="m", messages=say("json"), response_format={"type": "json_object"}
    )
    assert completion.choices[0].message.content == '{"answer":"stub","score":3}'


def test_n_choices_take_turns_through_a_list_of_texts(stub: StubServer, client: OpenAI) -> None:
    stub.set_script(StubScript(replies=[StubReply(text=["a", "b", "c"])]))
    completion = client.chat.completions.create(model="m", messages=say("?"), n=4)
    assert [choice.message.content for choice in completion.choices] == ["a", "b", "c", "a"]
    assert [choice.index for choice in completion.choices] == [0, 1, 2, 3]
    with client.chat.completions.stream(model="m", messages=say("?"), n=2) as stream:
        final = stream.get_final_completion()
    assert [choice.message.content for choice in final.choices] == ["b", "c"]


def test_max_tokens_cuts_by_words_and_says_so(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model="m", messages=say("one two three"), max_completion_tokens=4
    )
    assert completion.choices[0].message.content == "echo: one two"
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 4


def test_a_stop_text_ends_the_reply_before_it(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model="m", messages=say("one two three"), stop=["three", "two"]
    )
    assert completion.choices[0].message.content == "echo: one "
    assert completion.choices[0].finish_reason == "stop"


@pytest.mark.parametrize("streamed", [False, True])
def test_logprobs_cover_the_whole_text(client: OpenAI, streamed: bool) -> None:
    with client.chat.completions.stream(
        model="m", messages=say("one, two"), logprobs=True, top_logprobs=3
    ) as stream:
        final = stream.get_final_completion()
    if not streamed:
        final = client.chat.completions.parse(
            model="m", messages=say("one, two"), logprobs=True, top_logprobs=3
        )
    logprobs = final.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert "".join(entry.token for entry in logprobs.content) == "echo: one, two"
    assert all(len(entry.top_logprobs) == 3 for entry in logprobs.content)
    assert all(entry.logprob < 0 for entry in logprobs.content)


def test_the_same_seed_gives_the_same_fingerprint(client: OpenAI) -> None:
    prints = [
        client.chat.completions.create(model="m", messages=say("?"), seed=seed).system_fingerprint
        for seed in (7, 7, 8)
    ]
    assert prints[0] == prints[1] != prints[2]


def test_rules_choose_by_model_and_path_and_text(stub: StubServer, client: OpenAI) -> None:
    stub.set_script(
        StubScript(
            replies=[
                StubReply(model="judge-*", text="5"),
                StubReply(path="*/completions", match="^Who", text="Nobody.", times=1),
            ]
        )
    )
    answers = [
        client.chat.completions.create(model=model, messages=say(text)).choices[0].message.content
        for model, text in (("judge-1", "Who?"), ("m", "Who?"), ("m", "Who?"), ("m", "What?"))
    ]
    assert answers == ["5", "Nobody.", "echo: Who?", "echo: What?"]


def test_scripted_usage_finish_reason_and_unknown_fields_pass_through(
    stub: StubServer, client: OpenAI
) -> None:
    stub.set_script(
        StubScript(
            extra={"provider": "nowhere"},
            cached_tokens=2,
            replies=[
                StubReply(
                    text="no",
                    finish_reason="content_filter",
                    usage={"prompt_tokens": 100},
                    extra={"provider_latency": 3},
                    extra_message={"reasoning_content": "hm"},
                    extra_usage={"cost": 0.5},
                )
            ],
        )
    )
    completion = client.chat.completions.create(model="m", messages=say("?"))
    whole = completion.to_dict()
    assert completion.choices[0].finish_reason == "content_filter"
    assert whole["provider"] == "nowhere"
    assert whole["provider_latency"] == 3
    assert completion.choices[0].message.to_dict()["reasoning_content"] == "hm"
    assert completion.usage is not None
    assert completion.usage.total_tokens == 101
    assert completion.usage.to_dict()["cost"] == 0.5
    assert completion.usage.prompt_tokens_details is not None
    assert completion.usage.prompt_tokens_details.cached_tokens == 2


def test_fixed_token_counts_replace_counted_ones(stub: StubServer, client: OpenAI) -> None:
    stub.set_script(StubScript(prompt_tokens=10, completion_tokens=0))
    usage = client.chat.completions.create(model="m", messages=say("hello")).usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (10, 0, 10)
