"""A scripted model, and agents that ask it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flowgrade.flows import Agent, run_blocking
from flowgrade.models import Models
from flowgrade.settings import read_settings
from flowgrade.testing import StubReply, StubScript, StubServer, StubToolCall, running_stub

Make = Callable[..., Agent]
Play = Callable[..., None]


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with running_stub(StubScript()) as stub:
        yield stub


@pytest.fixture
def models(stub: StubServer, tmp_path: Path) -> Iterator[Models]:
    (tmp_path / "connections.yaml").write_text(
        "shop: {kind: custom, api_key: sesame-open, configs: {user: ada}}\n", encoding="utf-8"
    )
    environment = {
        "FLOWGRADE_HOME": str(tmp_path / "home"),
        "OPENAI_API_KEY": "sk-stub",
        "OPENAI_BASE_URL": stub.base_url,
        "FROM_OUTSIDE": "hush-outside",
    }
    models = Models(read_settings(environment, folder=tmp_path))
    yield models
    run_blocking(models.aclose())


@pytest.fixture
def make(models: Models) -> Make:
    """Make an agent of the scripted model."""

    def make(*tools: Any, **settings: Any) -> Agent:
        return Agent(model="openai/gpt-test", models=models, tools=tools, **settings)

    return make


@pytest.fixture
def play(stub: StubServer) -> Play:
    """Let the model say these things in turn: texts, and calls as ``(name, arguments)``."""

    def play(*said: Any) -> None:
        stub.set_script(StubScript(replies=tuple(_reply(item) for item in said)))

    return play


def _reply(item: Any) -> StubReply:
    if isinstance(item, StubReply):
        return item
    if isinstance(item, str):
        return StubReply(text=item, times=1)
    calls = item if isinstance(item, list) else [item]
    return StubReply(
        tool_calls=tuple(StubToolCall(name=name, arguments=given) for name, given in calls),
        times=1,
    )


def told(stub: StubServer) -> list[str]:
    """What the model was told by tools in the last call."""
    messages = stub.requests[-1].body["messages"]
    return [message["content"] for message in messages if message["role"] == "tool"]


SERVER = '''
import asyncio
import base64
import os
import sys

from mcp.server import MCPServer
from mcp.types import ImageContent

server = MCPServer("things", log_level="ERROR")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def process() -> int:
    """Tell the number of the process."""
    return os.getpid()


@server.tool()
def surroundings() -> dict[str, str]:
    """Tell the environment."""
    return dict(os.environ)


@server.tool()
def picture() -> ImageContent:
    """Give an image."""
    data = base64.b64encode(b"\\x89PNG\\r\\n\\x1a\\n").decode()
    return ImageContent(type="image", data=data, mime_type="image/png")


@server.tool()
def die() -> str:
    """End the process."""
    print("out of " + os.environ.get("TOKEN", "memory"), file=sys.stderr, flush=True)
    os._exit(3)


@server.tool()
async def sleep() -> str:
    """Never answer."""
    await asyncio.sleep(600)
    return "late"


@server.tool(name="odd.name")
def odd() -> str:
    """Have a name that models do not accept."""
    return "odd"


if len(sys.argv) > 1:
    server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
else:
    server.run("stdio")
'''


@pytest.fixture
def server(tmp_path: Path) -> list[str]:
    """The command of a server."""
    file = tmp_path / "server.py"
    file.write_text(SERVER, encoding="utf-8")
    return [sys.executable, str(file)]


def lives(number: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True
