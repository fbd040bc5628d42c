"""The tool-calling loop: whatever a tool does, the model is told and the agent goes on."""

from __future__ import annotations

import asyncio
import enum
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from flowgrade.errors import EmptyAnswerError, FlowDefinitionError, UnsupportedByModelError
from flowgrade.flows import (
    Agent,
    AgentLimits,
    FunctionTools,
    ToolOutput,
    function_flow,
    tool,
)
from flowgrade.models import Models
from flowgrade.prompts import Image
from flowgrade.testing import StubReply, StubServer
from tests.flows.agents.conftest import Make, Play, told


class Unit(enum.Enum):
    CELSIUS = "celsius"
    KELVIN = "kelvin"


@dataclass
class Weather:
    city: str
    degrees: float


def weather(city: str, unit: Unit = Unit.CELSIUS) -> Weather:
    """Tell the weather of a city."""
    assert isinstance(unit, Unit)
    return Weather(city, 20.5 if unit is Unit.CELSIUS else 293.65)


def test_the_model_gets_the_tools_and_what_they_return(
    make: Make, play: Play, stub: StubServer
) -> None:
    play(("weather", {"city": "Oslo", "unit": "kelvin"}), "Warm.")
    result = make(weather, instructions="Be brief.", parameters={"temperature": 0}).run("Oslo?")
    assert (result.answer, result.output, result.stop_reason) == ("Warm.", "Warm.", "answer")
    first, second = (request.body for request in stub.requests)
    assert [t["function"]["name"] for t in first["tools"]] == ["weather"]
    assert first["temperature"] == 0
    assert first["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Oslo?"},
    ]
    call, answer = second["messages"][2:]
    assert answer["tool_call_id"] == call["tool_calls"][0]["id"]
    assert answer["content"] == '{"city":"Oslo","degrees":293.65}'
    assert result.steps == 2
    assert result.usage is not None
    assert result.usage.output_tokens
    assert result.cost is None  # no price is known
    assert [message["role"] for message in result.messages] == [
        *("system", "user", "assistant", "tool", "assistant"),
    ]


def test_a_conversation_goes_on_with_the_messages_of_a_result(make: Make, play: Play) -> None:
    play(("weather", {"city": "Oslo"}), "Warm.", "Still warm.")
    agent = make(weather, instructions="Be brief.")
    first = agent.run("Oslo?")
    second = agent.run([*first.messages, {"role": "user", "content": "And now?"}])
    assert second.answer == "Still warm."
    assert [m["role"] for m in second.messages].count("system") == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"city": 3}, "city: 3 is not of type 'string'"),
        ({}, "'city' is a required property"),
        ({"city": "Oslo", "days": 1}, "'days' was unexpected"),
        ({"city": "Oslo", "unit": "rankine"}, "unit: 'rankine' is not one of"),
        ('{"city": "Os', 'no JSON object: {"city": "Os'),
        ("[1]", "no JSON object"),
    ],
)
def test_arguments_that_do_not_fit_go_back_to_the_model(
    make: Make, play: Play, stub: StubServer, arguments: Any, error: str
) -> None:
    play(("weather", arguments), "Sorry.")
    result = make(weather).run("Oslo?")
    assert result.answer == "Sorry."
    [content] = told(stub)
    assert content.startswith("Error: The arguments of 'weather'")
    assert error in content


def test_a_tool_that_does_not_exist_is_named_with_the_nearest(
    make: Make, play: Play, stub: StubServer
) -> None:
    play(("wether", {"city": "Oslo"}), "Sorry.")
    assert make(weather).run("Oslo?").answer == "Sorry."
    assert told(stub) == [
        "Error: There is no tool 'wether'. Did you mean 'weather'? There are: weather."
    ]


class _Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")


def fails(kind: str) -> str:
    """Fail."""
    if kind == "exit":
        raise SystemExit(3)
    if kind == "stop":
        raise StopIteration
    if kind == "odd":
        raise _Unprintable
    raise ValueError(f"no {kind}, and the key is sesame-open and Bearer abcdefghijkl")


async def fails_later(kind: str) -> str:
    """Fail."""
    await asyncio.sleep(0)
    if kind == "cancel":
        raise asyncio.CancelledError
    return fails(kind)


@pytest.mark.parametrize("function", [fails, fails_later])
@pytest.mark.parametrize("kind", ["value", "exit", "odd", "stop"])
def test_a_tool_that_raises_is_an_error_for_the_model_and_ends_nothing(
    make: Make, play: Play, stub: StubServer, function: Any, kind: str
) -> None:
    play((function.__name__, {"kind": kind}), "Sorry.")
    assert make(function).run("?").answer == "Sorry."
    [content] = told(stub)
    assert content.startswith("Error: ")
    assert "Traceback" not in content


def test_a_tool_that_is_cancelled_by_itself_does_not_cancel_the_agent(
    make: Make, play: Play, stub: StubServer
) -> None:
    play(("fails_later", {"kind": "cancel"}), "Sorry.")
    assert make(fails_later).run("?").answer == "Sorry."
    assert told(stub) == ["Error: CancelledError: "]


def test_secrets_in_an_error_stay_out_of_the_model_and_the_record(
    make: Make, play: Play, stub: StubServer
) -> None:
    play(("fails", {"kind": "luck"}), "Sorry.")
    spans: list[Any] = []
    result = make(fails, sink=spans.extend).run("?")
    assert told(stub) == ["Error: ValueError: no luck, and the key is ****** and ******"]
    for record in (result.tool_calls, spans):
        assert "sesame" not in str(record)
        assert "abcdefghijkl" not in str(record)


def leaks() -> str:
    """Give away a key."""
    return "it is sesame-open"


def test_secrets_of_connections_in_what_a_tool_returns_are_hidden(
    make: Make, play: Play, stub: StubServer
) -> None:
    play(("leaks", {}), "Sorry.")
    make(leaks).run("?")
    assert told(stub) == ["it is ******"]


_released = threading.Event()


def never_returns() -> str:
    """Wait for what does not come."""
    _released.wait(60)
    return "late"


async def never_awakes() -> str:
    """Wait for what does not come."""
    await asyncio.Event().wait()
    return "late"


@pytest.mark.parametrize("function", [never_returns, never_awakes])
def test_a_tool_that_never_returns_is_given_up(
    make: Make, play: Play, stub: StubServer, function: Any
) -> None:
    play((function.__name__, {}), "Sorry.")
    result = make(function, limits=AgentLimits(tool_seconds=0.05)).run("?")
    _released.set()
    assert result.answer == "Sorry."
    assert told(stub) == ["Error: The tool did not answer within 0.05 s."]


def test_a_timeout_of_the_tool_itself_comes_before_the_limit(
    make: Make, play: Play, stub: StubServer
) -> None:
    @tool(timeout=0.04)
    async def sleeps() -> None:
        await asyncio.Event().wait()

    play(("sleeps", {}), "Sorry.")
    make(sleeps).run("?")
    assert told(stub) == ["Error: The tool did not answer within 0.04 s."]


def test_calls_of_one_step_run_side_by_side_and_stay_in_order(
    make: Make, play: Play, stub: StubServer
) -> None:
    both = threading.Barrier(2, timeout=30)

    def meet(name: str) -> str:
        both.wait()  # passes only when two calls are here at once
        return name

    play([("meet", {"name": "a"}), ("meet", {"name": "b"})], "Met.")
    result = make(meet).run("?")
    assert told(stub) == ["a", "b"]
    assert [record.name for record in result.tool_calls] == ["meet", "meet"]


def numbers(most: int) -> Iterator[int]:
    """Count."""
    yield from range(most)


async def letters(most: int) -> AsyncIterator[str]:
    """Spell."""
    for position in range(most):
        yield "abc"[position]


def test_generators_are_read_to_their_end(make: Make, play: Play, stub: StubServer) -> None:
    play([("numbers", {"most": 3}), ("letters", {"most": 2})], "Done.")
    make(numbers, letters).run("?")
    assert told(stub) == ["012", "ab"]


def test_a_long_result_is_cut_and_says_so(make: Make, play: Play, stub: StubServer) -> None:
    def long() -> str:
        return "x" * 1_000

    play(("long", {}), "Done.")
    make(long, limits=AgentLimits(tool_characters=10)).run("?")
    assert told(stub) == ["x" * 10 + "\n[cut off: the first 10 of 1,000 characters]"]


def test_images_of_tools_follow_as_a_message_of_their_own(
    make: Make, play: Play, stub: StubServer
) -> None:
    def look() -> ToolOutput:
        return ToolOutput(text="a dot", images=(Image(b"\x89PNG\r\n\x1a\n", "image/png"),))

    play(("look", {}), "Seen.")
    make(look).run("?")
    answer, images = stub.requests[-1].body["messages"][-2:]
    assert answer["content"] == "a dot"
    assert images["content"][1]["image_url"]["url"].startswith("data:image/png;base64,")


def test_bound_arguments_are_not_the_models_to_choose(
    make: Make, play: Play, stub: StubServer
) -> None:
    def orders(customer: str, year: int) -> str:
        return f"{customer} {year}"

    play([("orders", {"year": 2026}), ("orders", {"year": 2026, "customer": "eve"})], "Done.")
    make(partial(orders, customer="ada")).run("?")
    assert list(stub.requests[0].body["tools"][0]["function"]["parameters"]["properties"]) == [
        "year"
    ]
    first, second = told(stub)
    assert first == "ada 2026"
    assert "'customer' was unexpected" in second


def test_a_flow_is_a_tool_with_its_inputs_as_parameters(
    make: Make, play: Play, stub: StubServer, models: Models
) -> None:
    def double(number: int) -> dict[str, int]:
        """Double a number."""
        return {"result": 2 * number}

    play(("double", {"number": 21}), "Done.")
    make(function_flow(double, models=models)).run("?")
    function = stub.requests[0].body["tools"][0]["function"]
    assert function["description"] == "Double a number."
    assert function["parameters"]["properties"] == {"number": {"type": "integer"}}
    assert told(stub) == ['{"result":42}']


def test_two_tools_of_one_name_are_refused(make: Make, play: Play) -> None:
    play("Never said.")
    with pytest.raises(FlowDefinitionError, match="two tools with the name 'weather'"):
        make(weather, FunctionTools(functions=[weather])).run("?")


def test_what_is_no_tool_is_refused(make: Make) -> None:
    with pytest.raises(FlowDefinitionError, match="3 is no tool"):
        make(3).run("?")


def test_functions_that_are_not_allowed_are_not_offered(
    make: Make, play: Play, stub: StubServer
) -> None:
    play(("numbers", {"most": 1}), "Done.")
    make(FunctionTools(functions=[weather, numbers], allow=["weather"])).run("?")
    assert [t["function"]["name"] for t in stub.requests[0].body["tools"]] == ["weather"]
    assert told(stub)[0].startswith("Error: There is no tool 'numbers'")


def test_a_model_without_tools_says_that_it_has_none(models: Models) -> None:
    agent = Agent(model="embedded/reader", models=models, tools=[weather])
    with pytest.raises(UnsupportedByModelError, match="lacks what the request needs: tools"):
        agent.run("What is the weather?")


def test_an_answer_without_text_is_no_answer(make: Make, play: Play) -> None:
    play(StubReply(text="", finish_reason="length"))
    with pytest.raises(EmptyAnswerError, match="before it said anything.*length"):
        make(weather).run("?")


def test_an_answer_that_was_cut_off_says_so(make: Make, play: Play) -> None:
    play(StubReply(text="Once upon", finish_reason="length"))
    result = make().run("?")
    assert (result.answer, result.stop_reason) == ("Once upon", "length")


def test_marks_of_the_decorator_are_what_the_model_sees(
    make: Make, play: Play, stub: StubServer
) -> None:
    @tool(name="look_up", description="Look a word up.")
    def find(word: str) -> str:
        """Search the table."""
        return word

    play("Done.")
    make(find).run("?")
    function = stub.requests[0].body["tools"][0]["function"]
    assert (function["name"], function["description"]) == ("look_up", "Look a word up.")


def test_sync_tools_do_not_hold_up_the_loop(make: Make, play: Play) -> None:
    def slow() -> str:
        time.sleep(0.2)
        return "slept"

    async def main() -> int:
        work = asyncio.create_task(make(slow).arun("?"))
        turns = 0
        while not work.done():
            await asyncio.sleep(0.01)
            turns += 1
        await work
        return turns

    play(("slow", {}), "Done.")
    assert asyncio.run(main()) > 3
