"""Models on the stub server, with the answers that a test writes down."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flowgrade.flows import run_blocking
from flowgrade.models import Models
from flowgrade.settings import read_settings
from flowgrade.testing import StubReply, StubScript, StubServer, running_stub

CHAT = "openai/stub-chat"
Say = Callable[..., None]


@pytest.fixture(scope="session")
def shared_stub() -> Iterator[StubServer]:
    with running_stub(StubScript()) as stub:
        yield stub


@pytest.fixture
def stub(shared_stub: StubServer) -> StubServer:
    shared_stub.set_script(StubScript())
    return shared_stub


@pytest.fixture
def models(stub: StubServer, tmp_path: Path) -> Iterator[Models]:
    surroundings = {
        "FLOWGRADE_HOME": str(tmp_path / "home"),
        "OPENAI_BASE_URL": stub.base_url,
        "OPENAI_API_KEY": "for-the-stub",
    }
    models = Models(read_settings(surroundings, folder=tmp_path))
    yield models
    run_blocking(models.aclose())


@pytest.fixture
def say(stub: StubServer) -> Say:
    """What the model says, one answer for each call; an int is an HTTP status."""

    def say(*answers: Any) -> None:
        replies = []
        for answer in answers:
            if isinstance(answer, int):
                replies.append(StubReply(status=answer, error="It failed.", times=1))
            else:
                text = answer if isinstance(answer, str) else json.dumps(answer)
                replies.append(StubReply(text=text, times=1))
        stub.set_script(StubScript(replies=tuple(replies)))

    return say
