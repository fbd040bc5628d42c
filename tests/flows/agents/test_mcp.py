"""Tools of MCP servers: real ones, of the official library, over pipes and over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from flowgrade.errors import FlowDefinitionError, MissingExtraError, SettingsError, ToolError
from flowgrade.flows import AgentTool, McpTools, ToolContext, ToolOutput
from flowgrade.models import Models
from tests.flows.agents.conftest import lives

pytestmark = pytest.mark.slow  # importing the library takes a second in each process

Tools = dict[str, AgentTool]
Work = Callable[[Tools], Awaitable[Any]]


@pytest.fixture
def use(models: Models) -> Callable[..., Any]:
    """Do something with the tools of a server in an event loop of its own."""

    def use(tools: McpTools, work: Work) -> Any:
        async def main() -> Any:
            found = await tools.tools(ToolContext(models=models))
            return await work({tool.name: tool for tool in found})

        return asyncio.run(main())

    return use


async def said(tool: AgentTool, **arguments: Any) -> str:
    found = await tool.call(arguments)
    assert isinstance(found, ToolOutput)
    return found.text


def test_a_server_offers_its_tools_and_ends_with_the_loop(use: Any, server: list[str]) -> None:
    async def work(tools: Tools) -> tuple[Any, str, int, str]:
        picture = await tools["picture"].call({})
        number = int(await said(tools["process"]))
        assert lives(number)
        assert picture.images[0].mime == "image/png"
        return (
            tools["add"],
            await said(tools["add"], a=1, b=2),
            number,
            await said(tools["odd_name"]),
        )

    add, three, number, odd = use(McpTools(command=server), work)
    assert add.description == "Add two numbers."
    assert set(add.parameters["properties"]) == {"a", "b"}
    assert (three, odd) == ("3", "odd")
    assert not lives(number)


def test_a_server_gets_the_environment_that_it_is_given_and_no_more(
    use: Any, server: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-process")
    env = {"TOKEN": "${env:FROM_OUTSIDE}", "SHOP": "${shop.api_key}", "MODE": "test"}

    async def work(tools: Tools) -> str:
        return await said(tools["surroundings"])

    text = use(McpTools(command=server, env=env), work)
    found = json.loads(text)
    assert found["MODE"] == "test"
    assert (found["TOKEN"], found["SHOP"]) == ("******", "******")  # not for the model
    assert "OPENAI_API_KEY" not in found


def test_a_value_that_is_not_set_is_found_without_starting_anything(models: Models) -> None:
    tools = McpTools(command=["never-started"], env={"TOKEN": "${env:NOWHERE}"})
    with pytest.raises(SettingsError, match=r"\$\{env:NOWHERE\} has no value"):
        tools.check(models)


def test_a_server_that_dies_is_a_clear_error_and_is_started_again(
    use: Any, server: list[str]
) -> None:
    async def work(tools: Tools) -> tuple[str, str, str]:
        first = await said(tools["process"])
        with pytest.raises(ToolError) as caught:
            await tools["die"].call({})
        assert caught.value.hint is not None
        return first, caught.value.message, await said(tools["process"])

    env = {"TOKEN": "${env:FROM_OUTSIDE}"}
    first, message, second = use(McpTools(command=server, env=env), work)
    assert "server.py died during the call. It said last: out of ******" in message
    assert first != second
    assert not lives(int(second))


def test_calls_under_way_when_a_server_dies_fail_and_are_not_made_twice(
    use: Any, server: list[str]
) -> None:
    async def work(tools: Tools) -> list[Any]:
        calls = (tools["sleep"].call({}), tools["die"].call({}))
        return list(await asyncio.gather(*calls, return_exceptions=True))

    found = use(McpTools(command=server), work)
    assert [type(error) for error in found] == [ToolError, ToolError]


def test_a_server_that_was_killed_between_calls_is_started_again_unnoticed(
    use: Any, server: list[str]
) -> None:
    async def work(tools: Tools) -> tuple[str, str]:
        first = await said(tools["process"])
        os.kill(int(first), signal.SIGKILL)
        await asyncio.sleep(0.3)
        return first, await said(tools["process"])

    first, second = use(McpTools(command=server), work)
    assert first != second


def test_a_call_that_is_given_up_leaves_the_session_alive(use: Any, server: list[str]) -> None:
    async def work(tools: Tools) -> tuple[str, str]:
        first = await said(tools["process"])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await tools["sleep"].call({})
        return first, await said(tools["process"])

    first, second = use(McpTools(command=server), work)
    assert first == second


def test_a_session_whose_opening_was_given_up_serves_the_next(
    models: Models, server: list[str]
) -> None:
    async def main() -> str:
        tools, context = McpTools(command=server), ToolContext(models=models)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await tools.tools(context)
        found = {tool.name: tool for tool in await tools.tools(context)}
        return await said(found["add"], a=1, b=2)

    assert asyncio.run(main()) == "3"


def test_sets_of_one_server_share_its_process_and_not_their_settings(
    models: Models, server: list[str]
) -> None:
    async def main() -> list[list[str]]:
        context = ToolContext(models=models)
        sets = (McpTools(command=server, allow=[name]) for name in ("add", "process"))
        return [[tool.name for tool in await tools.tools(context)] for tools in sets]

    assert asyncio.run(main()) == [["add"], ["process"]]


def test_an_error_of_a_tool_comes_with_its_text(use: Any, server: list[str]) -> None:
    async def work(tools: Tools) -> str:
        with pytest.raises(ToolError) as caught:
            await tools["add"].call({"a": "x", "b": 1})
        return caught.value.message

    assert "add" in use(McpTools(command=server), work)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["not-a-command"], "there is no command 'not-a-command'"),
        (["/"], "cannot be started: Permission denied"),
        (["false"], "false ended before it was ready"),
        ([sys.executable, "-c", "import sys; sys.exit('no sesame here')"], "It said last: no"),
    ],
)
def test_a_server_that_does_not_start_says_why(use: Any, command: list[str], message: str) -> None:
    async def nothing(tools: Tools) -> None: ...

    with pytest.raises(ToolError, match=message):
        use(McpTools(command=command), nothing)


def test_allowed_tools_and_a_prefix(use: Any, server: list[str]) -> None:
    async def names(tools: Tools) -> list[str]:
        return list(tools)

    tools = McpTools(command=server, prefix="x_", allow=["x_add"], confirm=True)
    assert use(tools, names) == ["x_add"]
    with pytest.raises(FlowDefinitionError, match="server.py has no tool 'ad'.*\n.*'add'"):
        use(McpTools(command=server, allow=["ad"]), names)


def test_without_the_library_the_extra_is_named(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'flowgrade\[mcp\]'"):
        McpTools(command=["any"]).check(models)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "neither a command nor a url"),
        ({"command": ["x"], "url": "http://x/"}, "both a command and a url"),
        ({"url": "ftp://x/"}, "no http or https address"),
        ({"command": "python server.py"}, "is a text"),
    ],
)
def test_a_server_that_cannot_be_meant_is_refused(given: Any, message: str) -> None:
    with pytest.raises(FlowDefinitionError, match=message):
        McpTools(**given)


@pytest.fixture
def web(server: list[str]) -> Iterator[Web]:
    web = Web(server)
    web.start()
    yield web
    web.stop()


class Web:
    """A server that speaks HTTP, to be stopped and started."""

    def __init__(self, command: list[str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        self._command = [*command, str(self.port)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, stdout=quiet, stderr=quiet)
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the server did not start")

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=30)


def test_a_server_over_http_and_its_end_and_return(use: Any, web: Web) -> None:
    async def work(tools: Tools) -> None:
        assert await said(tools["add"], a=1, b=2) == "3"
        await asyncio.to_thread(web.stop)
        with pytest.raises(ToolError, match="cannot be reached|died during the call"):
            await tools["add"].call({"a": 1, "b": 2})
        await asyncio.to_thread(web.start)
        assert await said(tools["add"], a=2, b=2) == "4"
        with pytest.raises(ToolError, match=r"127\.0\.0\.1:\d+/mcp died during the call"):
            await tools["die"].call({})

    use(McpTools(url=web.url, headers={"Authorization": "Bearer ${shop.api_key}"}), work)


def test_an_address_where_nobody_answers(use: Any) -> None:
    async def nothing(tools: Tools) -> None: ...

    with pytest.raises(ToolError, match="127.0.0.1:9/mcp cannot be reached"):
        use(McpTools(url="http://127.0.0.1:9/mcp"), nothing)
