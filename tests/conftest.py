"""What every test has: settled hypothesis, a project to run commands in, a store."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from flowgrade.store import Store, open_store
from tests.databases import URL, PostgresServer
from tests.project import TWO_NODES, Project

# Machines that run tests are shared: how long an example takes says nothing about the code.
settings.register_profile("flowgrade", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("flowgrade")

_UNWANTED = ("FLOWGRADE_", "OPENAI_", "AZURE_OPENAI_")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project, with no key and no setting from outside."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_UNWANTED)}
    environment = {**kept, "FLOWGRADE_HOME": str(tmp_path / "home")}
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "flowgrade.yaml").write_text("name: test\n", encoding="utf-8")
    return Project(folder, environment)


@pytest.fixture
def two_nodes(project: Project) -> Project:
    """A project with the flow of two Python nodes in ``flow``."""
    for name, text in TWO_NODES.items():
        project.write(name, text)
    return project


@pytest.fixture
def rows(two_nodes: Project) -> Callable[[int], Path]:
    """Make a data file of so many rows."""

    def rows(count: int) -> Path:
        lines = (json.dumps({"text": f"row {i}", "number": i}) for i in range(count))
        return two_nodes.write("data.jsonl", "\n".join(lines) + "\n")

    return rows


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server that tests may do anything to."""
    url = os.environ.get(URL)
    if not url:
        pytest.skip(f"no PostgreSQL: {URL} is not set (make test sets it where one is installed)")
    server = PostgresServer(url)
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any row, on SQLite and then on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database(tables=True) as url:
        yield url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open store without any row, on SQLite and then on PostgreSQL."""
    opened = open_store(store_url)
    yield opened
    opened.close()
