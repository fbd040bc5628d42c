"""An agent ends at its limits, and its answers have the form that was asked for."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from flowgrade.errors import (
    AgentLimitError,
    ContentFilterError,
    FlowDefinitionError,
    FlowOutputError,
    InputError,
)
from flowgrade.flows import Agent, AgentLimits
from flowgrade.models import ChatChunk, ChatRequest, ChatResponse, Models
from flowgrade.records import SpanKind, Usage
from flowgrade.testing import StubReply, StubServer, StubToolCall
from flowgrade.tracing import RecordedSpan, span, start_trace
from tests.flows.agents.conftest import Make, Play

_counter = itertools.count()


def count() -> int:
    """Give the next number."""
    return next(_counter)


def same() -> str:
    """Give the same each time."""
    return "same"


def for_ever(*names: str) -> StubReply:
    return StubReply(tool_calls=tuple(StubToolCall(name=name) for name in names))


def test_a_model_that_calls_for_ever_is_stopped_without_any_setting(make: Make, play: Play) -> None:
    play(for_ever("count"))
    with pytest.raises(AgentLimitError, match=r"asked the model 20 times.*limits\.steps") as caught:
        make(count).run("?")
    result = caught.value.result
    assert (caught.value.limit, result.stop_reason, result.answer) == ("steps", "steps", None)
    assert (result.steps, len(result.tool_calls)) == (20, 19)


def test_calls_beyond_a_limit_are_not_made_and_the_conversation_can_go_on(
    make: Make, play: Play
) -> None:
    play(for_ever("count"))
    result = make(count, limits=AgentLimits(steps=1), on_limit="return").run("?")
    assert (result.stop_reason, result.answer, result.tool_calls) == ("steps", None, ())
    assert result.messages[-1]["role"] == "tool"  # each call has an answer, as endpoints demand
    play("Well then.")
    assert make(count).run(result.messages).answer == "Well then."


def test_calls_of_tools_are_limited_in_all(make: Make, play: Play) -> None:
    play(for_ever("count", "count"))
    limits = AgentLimits(tool_calls=5)
    result = make(count, limits=limits, on_limit="return").run("?")
    assert (result.stop_reason, len(result.tool_calls)) == ("tool_calls", 4)


def test_the_same_calls_with_the_same_results_are_a_loop(make: Make, play: Play) -> None:
    play(for_ever("same"))
    result = make(same, on_limit="return").run("?")
    assert (result.stop_reason, result.steps) == ("repeats", 3)


def test_the_same_calls_with_other_results_are_no_loop(make: Make, play: Play) -> None:
    play(for_ever("count"))
    result = make(count, limits=AgentLimits(steps=6), on_limit="return").run("?")
    assert result.stop_reason == "steps"


def test_tokens_are_limited(make: Make, play: Play) -> None:
    play(StubReply(tool_calls=[StubToolCall(name="count")], usage={"prompt_tokens": 90}))
    result = make(count, limits=AgentLimits(tokens=200), on_limit="return").run("?")
    assert (result.stop_reason, result.steps) == ("tokens", 3)


def test_an_answer_that_is_there_counts_whatever_it_took(make: Make, play: Play) -> None:
    play(StubReply(text="Here.", usage={"prompt_tokens": 900}))
    assert make(limits=AgentLimits(tokens=200)).run("?").answer == "Here."


def test_time_is_limited_while_a_tool_runs(make: Make, play: Play) -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    play(for_ever("wait"))
    with pytest.raises(AgentLimitError, match=r"did not finish within 0\.3 s") as caught:
        make(wait, limits=AgentLimits(seconds=0.3)).run("?")
    assert caught.value.result.messages[-1]["content"] == "Error: it was not called."


class PricedModel:
    """A model whose calls cost ten cents, and that calls ``count`` for ever."""

    name = "priced"

    async def chat(self, request: ChatRequest) -> ChatResponse:
        with span("chat priced", kind=SpanKind.MODEL) as active:
            active.cost, active.usage = 0.1, Usage(input_tokens=5, output_tokens=1)
        call = {"id": "c", "type": "function", "function": {"name": "count", "arguments": "{}"}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        return ChatResponse(
            text=None, message=message, finish_reason="tool_calls", usage=None, model=None, raw={}
        )

    def chat_stream(self, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        raise NotImplementedError

    complete = complete_stream = embed = chat_stream


def test_cost_is_limited(models: Models) -> None:
    agent = Agent(
        model=PricedModel(),  # type: ignore[arg-type]
        models=models,
        tools=[count],
        limits=AgentLimits(cost=0.25),
        on_limit="return",
    )
    result = agent.run("?")
    assert (result.stop_reason, result.steps) == ("cost", 3)
    assert result.cost == pytest.approx(0.3)


def test_a_limit_of_cost_without_a_price_is_refused(make: Make, play: Play) -> None:
    play(for_ever("count"))
    with pytest.raises(InputError, match="the price of the model 'gpt-test' is not known"):
        make(count, limits=AgentLimits(cost=1.0)).run("?")


@pytest.mark.parametrize("value", [0, -1, True, "3", 1.5])
def test_a_limit_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(InputError, match="The limit 'steps' of an agent"):
        AgentLimits(steps=value)


def test_what_tools_spend_counts_for_the_agent_and_only_for_it(models: Models) -> None:
    async def ask_priced() -> str:
        await PricedModel().chat(ChatRequest(messages=[]))
        return "asked"

    class Twice(PricedModel):
        turn = 0

        async def chat(self, request: ChatRequest) -> ChatResponse:
            self.turn += 1
            answer = await super().chat(request)
            if self.turn == 1:
                answer.message["tool_calls"][0]["function"]["name"] = "ask_priced"
                return answer
            said = {"role": "assistant", "content": "Done."}
            return ChatResponse(
                text="Done.", message=said, finish_reason="stop", usage=None, model=None, raw={}
            )

    async def main() -> tuple[Any, Any]:
        spans: list[RecordedSpan] = []
        with start_trace("flow", sink=spans.extend) as root:
            with span("other", kind=SpanKind.MODEL) as other:
                other.cost = 5.0
            agent = Agent(model=Twice(), models=models, tools=[ask_priced])  # type: ignore[arg-type]
            result = await agent.arun("?")
        assert root.trace is not None
        return result, root.trace.cost

    result, whole = asyncio.run(main())
    assert result.cost == pytest.approx(0.3)
    assert result.usage.input_tokens == 15
    assert whole == pytest.approx(5.3)


@dataclass
class Verdict:
    good: bool
    reasons: list[str]


def test_the_answer_is_what_the_output_type_says(make: Make, play: Play, stub: StubServer) -> None:
    play('{"good": true, "reasons": ["a"]}')
    result = make(output=Verdict).run("?")
    assert result.output == Verdict(True, ["a"])
    form = stub.requests[0].body["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["schema"]["required"] == ["good", "reasons"]


def test_an_answer_that_does_not_fit_is_mended_once(
    make: Make, play: Play, stub: StubServer
) -> None:
    play('{"good": "yes"}', '{"good": true, "reasons": []}')
    assert make(output=Verdict).run("?").output == Verdict(True, [])
    complaint = stub.requests[1].body["messages"][-1]["content"]
    assert "good: 'yes' is not of type 'boolean'" in complaint
    assert "'reasons' is a required property" in complaint


def test_an_answer_that_does_not_fit_twice_is_an_error(make: Make, play: Play) -> None:
    play("It is good.", "It is good.")
    with pytest.raises(FlowOutputError, match="does not fit its output schema: it is no JSON"):
        make(output={"type": "object"}).run("?")


def test_a_json_schema_gives_plain_json(make: Make, play: Play) -> None:
    play(json.dumps({"n": 3}))
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    assert make(output=schema).run("?").output == {"n": 3}


def test_an_invalid_output_schema_is_refused_before_any_call(
    make: Make, play: Play, stub: StubServer
) -> None:
    with pytest.raises(FlowDefinitionError, match="no valid JSON Schema.*'textual'"):
        make(output={"type": "textual"}).run("?")
    assert not stub.requests


def test_a_schema_is_never_fetched_from_elsewhere(make: Make, play: Play) -> None:
    play("{}")
    with pytest.raises(FlowDefinitionError, match=r"nothing is at the \$ref"):
        make(output={"$ref": "http://127.0.0.1:9/schema.json"}).run("?")


def test_a_content_filter_is_no_answer(make: Make, play: Play) -> None:
    play(StubReply(text="I", finish_reason="content_filter"))
    with pytest.raises(ContentFilterError):
        make().run("?")


def test_each_step_is_a_span_in_the_words_of_the_conventions(make: Make, play: Play) -> None:
    spans: list[RecordedSpan] = []
    play([("count", {}), ("nothing", {})], "Done.")
    make(count, sink=spans.extend, name="counter").run("?")
    by_name = {item.name: item for item in spans}
    agent = by_name["invoke_agent counter"]
    assert (agent.kind, agent.root) == ("agent", 1)
    said = json.loads(agent.data)["attributes"]
    assert said["gen_ai.operation.name"] == "invoke_agent"
    assert (said["gen_ai.agent.name"], said["flowgrade.agent.steps"]) == ("counter", 2)
    tool = by_name["execute_tool count"]
    assert (tool.kind, tool.parent_id, tool.status) == ("tool", agent.span_id, "ok")
    said = json.loads(tool.data)["attributes"]
    assert said["gen_ai.operation.name"] == "execute_tool"
    assert said["gen_ai.tool.name"] == "count"
    assert said["gen_ai.tool.call.id"].startswith("call_")
    assert said["gen_ai.tool.description"] == "Give the next number."
    assert by_name["execute_tool nothing"].status == "error"
    assert [s.parent_id for s in spans if s.name == "chat gpt-test"] == [agent.span_id] * 2
