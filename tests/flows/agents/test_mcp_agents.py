"""Agents with tools of MCP servers: in flows, in sync code, and when a server dies."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from flowgrade.flows import McpTools, load_flow
from flowgrade.models import Models
from flowgrade.testing import StubReply, StubServer, StubToolCall
from tests.flows.agents.conftest import Make, Play, lives, told
from tests.flows.conftest import Write

pytestmark = pytest.mark.slow  # importing the library takes a second in each process

DAG = """
inputs: {question: {type: string}}
outputs: {answer: {type: string, reference: "${assist.output.answer}"}}
nodes:
- name: assist
  type: agent
  source: {type: code, path: assist.jinja2}
  inputs: {model: openai/gpt-test, question: "${inputs.question}"}
  tools:
  - mcp: {command: [COMMAND], allow: [process]}
"""


def test_all_rows_of_a_flow_share_one_session(
    write: Write, models: Models, server: list[str], stub: StubServer, play: Play
) -> None:
    dag = DAG.replace("COMMAND", ", ".join(server))
    flow = load_flow(
        write({"flow.dag.yaml": dag, "assist.jinja2": "user:\n{{ question }}"}), models=models
    )
    play(
        StubReply(role="user", tool_calls=[_call("process")]),
        StubReply(role="tool", text="Done."),
    )

    async def rows() -> None:
        await asyncio.gather(*(flow.acall(question=f"{n}?") for n in range(8)))

    asyncio.run(rows())
    asked = [r.body["messages"] for r in stub.requests]
    numbers = {m[-1]["content"] for m in asked if m[-1]["role"] == "tool"}
    assert len(numbers) == 1
    assert not lives(int(numbers.pop()))


def test_sync_agents_share_a_session_that_ends_with_the_process(
    tmp_path: Path, server: list[str], stub: StubServer, play: Play
) -> None:
    play(
        StubReply(role="user", tool_calls=[_call("process")]),
        StubReply(role="tool", text="Done."),
    )
    program = tmp_path / "program.py"
    program.write_text(
        "import flowgrade\n"
        f"tools = flowgrade.McpTools(command={server!r})\n"
        "agent = flowgrade.agent('openai/gpt-test', tools=[tools])\n"
        "for _ in range(2):\n"
        "    print(agent.run('?').tool_calls[0].content)\n",
        encoding="utf-8",
    )
    environment = {
        **os.environ,
        "OPENAI_BASE_URL": stub.base_url,
        "OPENAI_API_KEY": "x",
        "FLOWGRADE_HOME": str(tmp_path / "home"),
    }
    ended = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    first, second = ended.stdout.split()
    assert first == second
    assert not lives(int(first))


def test_an_agent_goes_on_when_its_server_dies(
    make: Make, server: list[str], play: Play, stub: StubServer
) -> None:
    play(("die", {}), ("add", {"a": 1, "b": 2}), "Three.")
    assert asyncio.run(make(McpTools(command=server)).arun("?")).answer == "Three."
    died, three = told(stub)
    assert died.startswith("Error: The MCP server")
    assert three == "3"


def _call(name: str) -> StubToolCall:
    return StubToolCall(name=name)
