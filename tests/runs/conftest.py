"""A project in a temporary folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowgrade.app import App
from flowgrade.settings import read_settings


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    environment = {
        "FLOWGRADE_HOME": str(tmp_path / "home"),
        "FLOWGRADE_STORE": str(tmp_path / "s.db"),
    }
    app = App(read_settings(environment, folder=tmp_path))
    yield app
    app.close()
