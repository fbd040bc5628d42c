"""``flowgrade mcp serve``: the official library's client uses flows as tools; and ``--approve``."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from typing import Any

import pytest

from flowgrade.testing import StubReply, StubScript, StubToolCall, running_stub
from tests.project import Project

FLOW = {
    "double/flow.dag.yaml": """
        name: double it
        description: Doubles a number.
        inputs:
          number: {type: int, description: What to double.}
          times: {type: int, default: 2}
        outputs: {result: {type: int, reference: "${multiply.output}"}}
        nodes:
        - name: multiply
          type: python
          source: {type: code, path: multiply.py}
          inputs: {number: "${inputs.number}", times: "${inputs.times}"}
    """,
    "double/multiply.py": """
        def multiply(number: int, times: int) -> int:
            print("this is not for the client")
            if number == 13:
                raise ValueError("unlucky")
            if number == 14:
                raise SystemExit(3)
            return number * times
    """,
    "greet/greet.py": """
        def greet(name: str, polite: bool = True) -> str:
            \"\"\"Greet somebody.\"\"\"
            return f"Good day, {name}" if polite else name
    """,
}


@pytest.fixture
def flows(project: Project) -> Project:
    for name, text in FLOW.items():
        project.write(name, text)
    return project


async def use(client: Any) -> dict[str, Any]:
    """What the tools are, and what calls of them gave: text, outputs, whether it is an error."""
    found: dict[str, Any] = {t.name: t for t in (await client.list_tools()).tools}
    for number in (21, "x", 13, 14):
        result = await client.call_tool("double_it", {"number": number})
        found[str(number)] = result.content[0].text, result.structured_content, result.is_error
    greeting = await client.call_tool("greet", {"name": "Ada"})
    found["Ada"] = greeting.content[0].text
    return found


def check(found: dict[str, Any]) -> None:
    tool = found["double_it"]
    assert tool.description == "Doubles a number."
    assert tool.input_schema["properties"] == {
        "number": {"type": "integer", "description": "What to double."},
        "times": {"type": "integer", "default": 2},
    }
    assert tool.input_schema["required"] == ["number"]
    assert found["greet"].description == "Greet somebody."
    assert found["21"] == ('{"result":42}', {"result": 42}, False)
    assert found["x"][0] == "The arguments do not fit: number: 'x' is not of type 'integer'."
    assert found["13"][0] == "NodeError: Node 'multiply' failed: ValueError: unlucky"
    assert found["14"][2]
    assert found["Ada"] == "Good day, Ada"


SERVED = ("mcp", "serve", "double", "greet/greet.py:greet")


@pytest.mark.slow
def test_flows_are_tools_over_standard_input_and_output(flows: Project) -> None:
    from mcp import Client, StdioServerParameters

    async def main() -> dict[str, Any]:
        program, *arguments = flows.command(*SERVED)
        parameters = StdioServerParameters(
            command=program, args=arguments, env=flows.environment, cwd=flows.folder
        )
        async with Client(parameters) as client:
            return await use(client)

    check(asyncio.run(main()))
    traces = flows.run("traces", "list", "--json").json
    assert {trace["name"] for trace in traces} == {"double it", "greet"}


@pytest.mark.slow
def test_nothing_but_messages_comes_on_standard_output(flows: Project) -> None:
    request = (
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",'
        '"capabilities":{},"clientInfo":{"name":"t","version":"1"}}}\n'
        '{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
        '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"double_it",'
        '"arguments":{"number":21}}}\n'
    )
    process = subprocess.Popen(
        flows.command(*SERVED),
        cwd=flows.folder,
        env=flows.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(request)
    process.stdin.flush()
    lines = [process.stdout.readline() for _ in range(2)]
    rest, errors = process.communicate(timeout=120)  # closes its input
    assert all(line.startswith('{"jsonrpc"') for line in lines)
    assert rest == ""
    assert "this is not for the client" in errors
    assert process.returncode == 0


@pytest.mark.slow
def test_flows_are_tools_over_http_for_this_machine_only(flows: Project) -> None:
    from mcp import Client

    process = subprocess.Popen(
        flows.command(*SERVED, "--http", "--port", "0"),
        cwd=flows.folder,
        env=flows.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        url = re.search(r"http://127\.0\.0\.1:(\d+)/mcp", line)
        assert url is not None, line

        async def main() -> dict[str, Any]:
            async with Client(url[0]) as client:
                return await use(client)

        check(asyncio.run(main()))
        taken = flows.run("mcp", "serve", "double", "--http", "--port", url[1])
        assert taken.code == 2
        assert f"Port {url[1]} cannot be listened on" in taken.err
    finally:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert out == ""


def test_what_cannot_be_served_is_said_before_a_client_waits(flows: Project) -> None:
    missing = flows.run("mcp", "serve", "nowhere")
    assert missing.code == 2
    assert "There is no flow at" in missing.err
    variant = flows.run("mcp", "serve", "double", "greet/greet.py:greet", "--variant", "${a.b}")
    assert variant.code == 2
    assert "A variant is for one flow" in variant.err


@pytest.mark.slow
def test_two_flows_of_one_name_are_refused(flows: Project) -> None:
    found = flows.run("mcp", "serve", "double", "double")
    assert found.code == 2
    assert "Two flows have the name 'double_it'" in found.err


AGENT = """
    inputs: {question: {type: string}}
    outputs: {answer: {type: string, reference: "${assist.output.answer}"}}
    nodes:
    - name: assist
      type: agent
      source: {type: code, path: assist.jinja2}
      inputs: {model: openai/gpt-test, question: "${inputs.question}"}
      tools:
      - python: tools.py
"""
TOOLS = """
    from flowgrade import tool

    @tool(confirm=True)
    def delete(name: str) -> str:
        \"\"\"Delete a file.\"\"\"
        open("deleted.txt", "a").write(name + " ")
        return "deleted"
"""


def test_tools_that_need_agreement_run_in_a_batch_only_when_approved(project: Project) -> None:
    project.write("clean/flow.dag.yaml", AGENT)
    project.write("clean/assist.jinja2", "user:\n{{ question }}\n")
    project.write("clean/tools.py", TOOLS)
    project.write("data.jsonl", '{"question": "?"}\n{"question": "!"}\n')
    call = StubToolCall(name="delete", arguments={"name": "a"})
    replies = (StubReply(role="user", tool_calls=(call,)), StubReply(role="tool", text="Done."))
    deleted = project.folder / "clean" / "deleted.txt"
    with running_stub(StubScript(replies=replies)) as stub:
        keys = {"OPENAI_BASE_URL": stub.base_url, "OPENAI_API_KEY": "x"}
        refused = project.run("run", "clean", "--data", "data.jsonl", environment=keys)
        assert refused.code == 0, refused.err
        assert not deleted.exists()
        project.run("test", "clean", "-i", "question=?", environment=keys)  # nobody is at it
        assert not deleted.exists()
        approved = ("--approve", "delete")
        project.run("run", "clean", "--data", "data.jsonl", *approved, environment=keys)
        project.run("test", "clean", "-i", "question=?", *approved, environment=keys)
    assert deleted.read_text(encoding="utf-8") == "a a a "


def test_a_tool_without_types_is_refused_with_its_line(project: Project) -> None:
    project.write("clean/flow.dag.yaml", AGENT)
    project.write("clean/assist.jinja2", "user:\n{{ question }}\n")
    project.write("clean/tools.py", "\ndef delete(name):\n    return name\n")
    found = project.run("test", "clean", "-i", "question=?")
    assert found.code == 2
    assert "tools.py:1: The parameter 'name' of the tool 'delete' has no type." in found.err
    assert sys.executable not in found.err
