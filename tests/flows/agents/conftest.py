"""A scripted model, and agents that ask it."""

from __future__ import annotations

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
