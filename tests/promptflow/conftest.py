"""A project whose models are the stub's, for flows written for prompt flow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from flowgrade.app import App
from flowgrade.flows import run_blocking
from flowgrade.models import Models
from flowgrade.promptflow import set_host
from flowgrade.settings import read_settings
from flowgrade.testing import StubScript, StubServer, running_stub
from tests.promptflow.service import SERVICES, Service, running_service

CONNECTIONS = """
$schema: https://azuremlschemas.azureedge.net/promptflow/latest/AzureOpenAIConnection.schema.json
name: azure
type: azure_open_ai
api_key: sk-stub
api_base: {url}
api_version: 2024-02-01
---
name: open
type: open_ai
api_key: sk-stub
base_url: {url}/v1
---
name: mine
type: custom
configs: {{endpoint: https://mine.test, model_family: LLaMa}}
secrets: {{token: s3cret-token}}
---
name: search
type: cognitive_search
api_key: search-key
api_base: https://search.test
"""

Made = Callable[..., Any]


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with running_stub(StubScript()) as stub:
        yield stub


@pytest.fixture
def app(tmp_path: Path, stub: StubServer) -> Iterator[App]:
    """An app with connections to the stub, as the host of prompt flow's names."""
    (tmp_path / "connections.yaml").write_text(CONNECTIONS.format(url=stub.url), encoding="utf-8")
    environment = {
        "FLOWGRADE_HOME": str(tmp_path / "home"),
        "FLOWGRADE_CONNECTIONS": str(tmp_path / "connections.yaml"),
        "AZURE_OPENAI_ENDPOINT": stub.url,
        "AZURE_OPENAI_API_KEY": "sk-stub",
    }
    app = App(read_settings(environment, folder=tmp_path))
    set_host(lambda: app)
    yield app
    run_blocking(app.models.aclose())


@pytest.fixture
def load(app: App, tmp_path: Path) -> Made:
    """Write a flow's files and load it."""

    def load(files: dict[str, str], *, name: str = "flow.dag.yaml", **options: Any) -> Any:
        folder = tmp_path / "flow"
        for file, text in files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return app.load_flow(folder / name, **options)

    return load


@pytest.fixture
def service(app: App) -> Iterator[Service]:
    """A service that the app's connections lead to."""
    with running_service() as service:
        file = app.settings.connections
        assert file is not None
        file.write_text(file.read_text("utf-8") + SERVICES.format(url=service.url), "utf-8")
        app.__dict__["models"] = Models(
            read_settings(app.settings.environment, folder=app.settings.project)
        )
        yield service
