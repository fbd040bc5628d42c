"""Flows that are functions, classes or entries of a flow.flex.yaml."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from flowgrade.errors import FlowDefinitionError, FlowInputError, FlowOutputError, NodeError
from flowgrade.flows import RowResult, function_flow, load_flow
from flowgrade.models import Models
from tests.flows.conftest import Write


def test_a_function_is_a_flow(models: Models) -> None:
    def shout(text: str, times: int = 1) -> str:
        return text.upper() * times

    flow = function_flow(shout, models=models)
    assert flow(text="a", times="2") == {"output": "AA"}
    assert flow.required == ("text",)


def test_a_dictionary_or_a_dataclass_names_the_outputs(models: Models) -> None:
    @dataclass
    class Answer:
        text: str
        sure: bool

    def as_dict(x: int) -> dict[str, int]:
        return {"y": x}

    def as_dataclass(x: int) -> Answer:
        return Answer(text=str(x), sure=True)

    assert function_flow(as_dict, models=models)(x=1) == {"y": 1}
    assert function_flow(as_dataclass, models=models)(x=1) == {"text": "1", "sure": True}


def test_an_async_function_runs_from_sync_code_and_inside_a_loop(models: Models) -> None:
    async def later(x: int) -> int:
        await asyncio.sleep(0)
        return x + 1

    flow = function_flow(later, models=models)
    assert flow(x=1) == {"output": 2}

    async def inside() -> object:
        return flow(x=2)

    assert asyncio.run(inside()) == {"output": 3}


def test_a_none_default_is_not_coerced(models: Models) -> None:
    def maybe(text: str = None) -> bool:  # type: ignore[assignment]
        return text is None

    assert function_flow(maybe, models=models)() == {"output": True}


def test_an_exception_keeps_its_class_and_message(models: Models) -> None:
    def fail(x: int) -> int:
        raise ValueError("no luck")

    with pytest.raises(NodeError, match="ValueError: no luck"):
        function_flow(fail, models=models)(x=1)


def test_an_output_that_is_not_json_is_named(models: Models) -> None:
    def opaque() -> dict[str, object]:
        return {"fine": 1, "odd": object()}

    with pytest.raises(FlowOutputError, match="'odd' is not JSON"):
        function_flow(opaque, models=models)()


def test_a_class_is_built_once_and_aggregates(models: Models) -> None:
    class Counter:
        built = 0

        def __init__(self, step: int = 1) -> None:
            self.step = step
            Counter.built += 1

        def __call__(self, x: int) -> dict[str, int]:
            return {"y": x + self.step}

        def __aggregate__(self, rows: list[object]) -> dict[str, int]:
            return {"total": sum(row.y for row in rows)}  # type: ignore[attr-defined]

    flow = function_flow(Counter, models=models, init={"step": "10"})
    assert [flow(x=x)["y"] for x in (1, 2)] == [11, 12]
    assert Counter.built == 1
    rows = [RowResult({}, {"y": 1}, {}), RowResult({}, {"y": 2}, {})]
    assert asyncio.run(flow.aggregate(rows)).metrics == {"total": 3}


def test_an_unknown_init_value_gets_the_nearest_name(models: Models) -> None:
    class Needs:
        def __init__(self, model: str) -> None:
            self.model = model

        def __call__(self) -> str:
            return self.model

    with pytest.raises(FlowDefinitionError, match="'model'"):
        function_flow(Needs, models=models, init={"modle": "x"})
    with pytest.raises(FlowDefinitionError, match="--init model=VALUE"):
        function_flow(Needs, models=models)


FLEX = {
    "flow.flex.yaml": """
        entry: app.main:Answer
        inputs:
          question: {type: string}
          count: {type: int, default: 3}
        init:
          tone: {type: string}
        sample:
          inputs: {question: Why?}
          init: {tone: kind}
    """,
    "app/__init__.py": "",
    "app/main.py": """
        from app.words import MARK

        class Answer:
            def __init__(self, tone: str):
                self.tone = tone

            def __call__(self, question: str, count: int = 1):
                return {"answer": f"{self.tone}: {question}{MARK * count}"}
    """,
    "app/words.py": "MARK = '!'\n",
}


def test_a_flex_flow_takes_init_and_defaults_from_its_file(write: Write, models: Models) -> None:
    flow = load_flow(write(FLEX), models=models)
    assert flow.kind == "flex"
    assert flow.sample == {"question": "Why?"}
    assert flow(**flow.sample) == {"answer": "kind: Why?!!!"}
    curt = load_flow(write(FLEX), models=models, init={"tone": "curt"})
    assert curt(question="So?", count=1) == {"answer": "curt: So?!"}


def test_a_flex_file_with_an_unknown_field_is_refused(write: Write, models: Models) -> None:
    folder = write({**FLEX, "flow.flex.yaml": "entry: app.main:Answer\nnodes: []\n"})
    with pytest.raises(FlowDefinitionError, match="no field 'nodes'"):
        load_flow(folder, models=models)


def test_a_flex_entry_that_does_not_exist_gets_the_nearest_name(
    write: Write, models: Models
) -> None:
    folder = write({**FLEX, "flow.flex.yaml": "entry: app.main:Anser\n"})
    with pytest.raises(FlowDefinitionError, match=r"no 'Anser'.*\n.*'Answer'"):
        load_flow(folder, models=models)


def test_a_function_in_a_file_is_named_with_a_colon(write: Write, models: Models) -> None:
    folder = write({"flows.py": "def hello(name: str) -> str:\n    return 'hello ' + name\n"})
    flow = load_flow(f"{folder}/flows.py:hello", models=models)
    assert flow(name="you") == {"output": "hello you"}
    with pytest.raises(FlowDefinitionError, match="which function"):
        load_flow(folder / "flows.py", models=models)


def test_an_unknown_input_gets_the_nearest_name(write: Write, models: Models) -> None:
    flow = load_flow(write(FLEX), models=models)
    with pytest.raises(FlowInputError, match=r"no input 'questoin'.*\n.*'question'"):
        flow.check_names({"questoin": 1})


def test_an_output_that_does_not_come_in_pieces_is_streamed_as_a_whole(models: Models) -> None:
    def shout(text: str) -> str:
        return text.upper()

    async def stream() -> list[object]:
        return [piece async for piece in function_flow(shout, models=models).astream(text="a")]

    assert asyncio.run(stream()) == [("output", "A"), {"output": "A"}]
