"""A project whose models are played by a stub."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flowgrade.testing import StubServer, running_stub
from tests.project import Project


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with running_stub() as stub:
        yield stub


@pytest.fixture
def talking(project: Project, stub: StubServer) -> Project:
    """A project whose models are played by the stub."""
    project.environment.update({"OPENAI_BASE_URL": stub.base_url, "OPENAI_API_KEY": "sk-stub"})
    return project
