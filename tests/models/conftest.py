"""Models that talk to a scripted server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flowgrade.models import Clock, Connection, Model, Models, RetryPolicy, Timeouts
from flowgrade.settings import Secret, Settings
from tests.models.server import Reply, Server, chat, error, stream

KEY = "sk-test-4f9a8b7c6d5e"


class Rig:
    """Models that talk to the server, and a clock whose sleeps are written down, not slept."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.sleeps: list[float] = []
        self.now = 1_700_000_000.0
        self.fraction = 1.0
        """Where in its interval each random number lies."""
        self.settings = Settings(project=folder, home=folder, store="")
        self.clock = Clock(
            now=lambda: self.now,
            monotonic=lambda: self.now,
            sleep=self._sleep,
            uniform=lambda low, high: low + (high - low) * self.fraction,
        )

    def models(self, *, retry: RetryPolicy | None = None) -> Models:
        return Models(self.settings, retry=retry, clock=self.clock)

    def connection(self, **fields: Any) -> Connection:
        given: dict[str, Any] = {
            "name": "stub",
            "base_url": self.server.url,
            "api_key": Secret(KEY),
        }
        return Connection(**(given | fields))

    def open(self, name: str = "stub", *, retry: RetryPolicy | None = None, **fields: Any) -> Model:
        """A model of the server; ``fields`` are the connection's."""
        return self.models(retry=retry).open(name, connection=self.connection(**fields))

    def hasty(self, **limits: float) -> Model:
        """A model with small timeouts and no retries."""
        return self.open(retry=RetryPolicy(retries=0), timeouts=Timeouts(**limits))

    async def _sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Kit:
    """Makers of replies, for tests."""

    Reply = Reply
    chat = staticmethod(chat)
    stream = staticmethod(stream)
    error = staticmethod(error)
    key = KEY


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def rig(server: Server, tmp_path: Path) -> Rig:
    return Rig(server, tmp_path)


@pytest.fixture
def kit() -> Kit:
    return Kit()
