"""The agent node: a template, sources of tools, limits."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from flowgrade.errors import AgentLimitError, FlowDefinitionError, NodeError
from flowgrade.flows import Chunk, Flow, confirming, load_flow
from flowgrade.models import Models
from flowgrade.testing import StubReply, StubServer, StubToolCall
from flowgrade.tracing import RecordedSpan
from tests.flows.agents.conftest import Play, told
from tests.flows.conftest import Write

DAG = """
inputs:
  question: {type: string}
  customer: {type: string, default: ada}
outputs:
  answer: {type: string, reference: "${assist.output.answer}"}
  calls: {type: list, reference: "${assist.output.tool_calls}"}
  steps: {type: int, reference: "${assist.output.steps}"}
nodes:
- name: assist
  type: agent
  source: {type: code, path: assist.jinja2}
  inputs:
    model: openai/gpt-test
    temperature: 0
    question: "${inputs.question}"
    who: "${inputs.customer}"
    shop: shop
  tools:
  - python:
      path: tools.py
      bind: {customer: who, connection: shop}
  limits: {steps: 4, tool_seconds: 5}
"""
TEMPLATE = "system:\nHelp {{ who }}.\nuser:\n{{ question }}\n"
TOOLS = '''
from flowgrade import tool
from flowgrade.models import Connection

@tool
def orders(year: int, customer: str, connection: Connection) -> list[str]:
    """List the orders of a year."""
    return [f"{customer} {year} by {connection.configs['user']}"]

@tool(confirm=True)
def cancel(order: str) -> str:
    """Cancel an order."""
    return f"{order} is cancelled"

def helper(anything):
    return anything
'''


@pytest.fixture
def flow(write: Write, models: Models) -> Any:
    def flow(dag: str = DAG, tools: str = TOOLS) -> Flow:
        files = {"flow.dag.yaml": dag, "assist.jinja2": TEMPLATE, "tools.py": tools}
        return load_flow(write(files), models=models)

    return flow


def test_an_agent_answers_with_the_tools_of_the_flow(
    flow: Any, play: Play, stub: StubServer
) -> None:
    play(("orders", {"year": 2026}), "One.")
    found = flow()(question="My orders?")
    assert (found["answer"], found["steps"]) == ("One.", 2)
    [call] = found["calls"]
    assert (call.name, call.content, call.error) == ("orders", '["ada 2026 by ada"]', None)
    first = stub.requests[0].body
    assert first["messages"][0] == {"role": "system", "content": "Help ada."}
    assert first["temperature"] == 0
    assert "shop" not in first  # what a tool is bound to is no parameter of the model
    names = {t["function"]["name"]: t["function"]["parameters"] for t in first["tools"]}
    assert list(names) == ["orders", "cancel"]
    assert list(names["orders"]["properties"]) == ["year"]


def test_an_execution_has_outputs_that_are_json(flow: Any, play: Play) -> None:
    play(("orders", {"year": 2026}), "One.")
    spans: list[RecordedSpan] = []
    execution = asyncio.run(flow().aexecute({"question": "?"}, sink=spans.extend))
    [call] = json.loads(execution.outputs_json)["calls"]
    assert call["name"] == "orders"
    assert execution.usage.output_tokens
    by_name = {span.name: span for span in spans}
    assert by_name["invoke_agent assist"].parent_id == by_name["assist"].span_id
    assert by_name["execute_tool orders"].parent_id == by_name["invoke_agent assist"].span_id
    assert "sesame" not in "".join(span.data for span in spans)


def test_the_answer_streams(flow: Any, play: Play) -> None:
    play(
        StubReply(text="Let me see.", tool_calls=[_call("orders", year=2026)], times=1),
        "One order only.",
    )

    async def pieces() -> list[Any]:
        return [piece async for piece in flow().astream(question="My orders?")]

    *chunks, outputs = asyncio.run(pieces())
    assert all(isinstance(chunk, Chunk) and chunk.output == "answer" for chunk in chunks)
    assert "".join(chunk.text for chunk in chunks).endswith("One order only.")
    assert outputs["answer"] == "One order only."


def test_a_limit_fails_the_row_and_says_which(flow: Any, play: Play) -> None:
    play(StubReply(tool_calls=[_call("orders", year=1)]))
    with pytest.raises(
        NodeError, match=r"AgentLimitError: The agent made the same calls"
    ) as caught:
        flow()(question="?")
    assert isinstance(caught.value.cause, AgentLimitError)


def test_a_limit_may_end_without_an_answer_instead(flow: Any, play: Play) -> None:
    play(StubReply(tool_calls=[_call("orders", year=1)]))
    dag = DAG.replace("  limits:", "  on_limit: return\n  limits:")
    dag = dag.replace("assist.output.steps", "assist.output.stop_reason")
    found = flow(dag)(question="?")
    assert (found["answer"], found["steps"]) == (None, "repeats")


def test_an_output_schema_makes_the_answer_json(flow: Any, play: Play, stub: StubServer) -> None:
    play('{"count": 1}')
    schema = "  output_schema: {type: object, properties: {count: {type: integer}}}\n  limits:"
    assert flow(DAG.replace("  limits:", schema))(question="?")["answer"] == {"count": 1}
    assert "response_format" in stub.requests[0].body


def test_tools_that_need_agreement_are_refused_in_a_run_and_can_be_approved(
    flow: Any, play: Play, stub: StubServer
) -> None:
    said = (("cancel", {"order": "7"}), "Done.")
    play(*said)
    flow()(question="Cancel 7.")
    assert "was not allowed" in told(stub)[0]
    play(*said)
    flow(DAG.replace("  limits:", "  approve: [cancel]\n  limits:"))(question="Cancel 7.")
    assert told(stub) == ["7 is cancelled"]
    play(*said)
    with confirming(lambda call: call.name == "cancel"):
        asyncio.run(flow().acall(question="Cancel 7."))
    assert told(stub) == ["7 is cancelled"]


def test_only_allowed_functions_need_types(flow: Any, play: Play) -> None:
    play("Done.")
    tools = "def good(x: int) -> int:\n    return x\n\ndef bad(x):\n    return x\n"
    path = "{path: tools.py, allow: [good]}"
    dag = DAG.replace(
        "\n      path: tools.py\n      bind: {customer: who, connection: shop}", f" {path}"
    )
    assert flow(dag, tools)(question="?")["answer"] == "Done."
    with pytest.raises(FlowDefinitionError, match="'x' of the tool 'bad' has no type") as caught:
        flow(dag.replace(", allow: [good]", ""), tools)
    assert str(caught.value.place).endswith("tools.py:4")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("- python:", "- pyton:", "unknown source: pyton"),
        ("path: tools.py", "path: tols.py", "The file of tools is not there"),
        ("path: tools.py", "pth: tools.py", "have no field 'pth'"),
        ("customer: who", "customer: nobody", "bound to its input 'nobody', which it has not"),
        ("customer: who", "custmer: who", "has the parameter 'custmer' of bind"),
        ("bind:", "allow: [ordres]\n      bind:", "tools.py has no tool 'ordres'"),
        ("bind:", "timeout: -1\n      bind:", "number of seconds above 0"),
        ("steps: 4", "stps: 4", "An agent has no limit 'stps'"),
        ("steps: 4", "steps: 0", "The limit 'steps' of an agent is 0"),
        ("limits:", "limit:", "has no field 'limit'"),
        ("limits:", "on_limit: stop\n  limits:", "must be 'fail' or 'return'"),
        ("limits:", "output_schema: {type: textual}\n  limits:", "no valid JSON Schema"),
        ("limits:", "approve: cancel\n  limits:", "must be a list of names of tools"),
    ],
)
def test_a_wrong_definition_is_refused_with_its_place(
    flow: Any, old: str, new: str, message: str
) -> None:
    assert old in DAG
    with pytest.raises(FlowDefinitionError, match=message) as caught:
        flow(DAG.replace(old, new))
    assert caught.value.place is not None


def test_what_would_fail_every_row_is_found_before_the_first(flow: Any, models: Models) -> None:
    dag = DAG.replace("openai/gpt-test", "nowhere/gpt-test")
    with pytest.raises(Exception, match="Node 'assist': There is no connection 'nowhere'"):
        flow(dag).body.prepare()


def _call(name: str, **arguments: Any) -> StubToolCall:
    return StubToolCall(name=name, arguments=arguments)
