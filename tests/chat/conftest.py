"""A project whose models are played by a stub."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from flowgrade.app import App
from flowgrade.settings import read_settings
from flowgrade.testing import StubServer, running_stub

Write = Callable[[str, str], Path]


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with running_stub() as stub:
        yield stub


@pytest.fixture
def app(stub: StubServer, tmp_path: Path) -> Iterator[App]:
    environment = {
        "FLOWGRADE_HOME": str(tmp_path / "home"),
        "OPENAI_API_KEY": "sk-stub",
        "OPENAI_BASE_URL": stub.base_url,
    }
    app = App(read_settings(environment, folder=tmp_path))
    yield app
    app.close()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return file

    return write
